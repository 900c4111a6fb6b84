"""Resolve references without looking up the same again for each.

For every single reference to a figure, Sphinx unpickles the whole page that holds it, and for every
citation pybtex looks through all installed packages. Here each page is unpickled once, and
pybtex's findings are remembered.
"""

from functools import cache, cached_property

import pybtex.plugin
from sphinx.domains.std import StandardDomain


class RememberingDomain(StandardDomain):
    """Sphinx's domain of figures and labels, with the pages that its references have led to."""

    @cached_property
    def _page(self):  # references are resolved once all pages are read, and stay as they are
        return cache(self.env.get_doctree)

    def _resolve_numref_xref(self, env, *reference):
        read, env.get_doctree = env.get_doctree, self._page
        try:
            return super()._resolve_numref_xref(env, *reference)
        finally:
            env.get_doctree = read


def setup(app):
    """Register with Sphinx."""
    pybtex.plugin.entry_points = cache(pybtex.plugin.entry_points)
    app.add_domain(RememberingDomain, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
