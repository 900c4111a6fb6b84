"""Settings of the theme that `_config.yml` cannot hold.

Jupyter Book builds `html_theme_options` from the `html` part of `_config.yml`.
Giving the option itself there would replace all that Jupyter Book put in it, so
single entries are set here.
"""

import re
from pathlib import Path

from sphinx.util import logging

# The function of the theme's script that makes all scrolling boxes of a page stops of the keyboard.
TAB_STOPS = re.compile(r'(?<=\(\)\{)(?=const \w=\(\)=>\{document\.querySelectorAll\(\["pre")')
LEFT_OUT = "return;"

logger = logging.getLogger(__name__)


def set_theme_options(app, config):
    """Keep one search field a page, and lead to the neighboring pages from the top.

    The theme would put a second field on top of the first.
    """
    config.html_theme_options.setdefault("navbar_persistent", [])
    config.html_theme_options["article_header_start"] = ["toggle-primary-sidebar", "neighbors"]


def leave_tab_stops_to_the_book(app, exception):
    """Take out of the theme's script what scrollable.js does without laying out the whole page."""
    if exception or app.builder.name != "html":
        return
    path = Path(app.outdir, "_static", "scripts", "pydata-sphinx-theme.js")
    script, n_left_out = TAB_STOPS.subn(LEFT_OUT, path.read_text("utf-8"))
    if n_left_out:
        path.write_text(script, encoding="utf-8")
    elif LEFT_OUT + "const" not in script:
        logger.warning("The theme's script no longer has the function that scrollable.js replaces.")


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", set_theme_options)
    app.connect("build-finished", leave_tab_stops_to_the_book)
    app.add_js_file("reading.js", loading_method="defer")
    app.add_js_file("scrollable.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
