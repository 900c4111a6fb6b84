"""References are resolved with what was looked up for others."""

from __future__ import annotations

from collections import Counter

from sphinx.environment import BuildEnvironment
from sphinx.testing.util import SphinxTestApp

FIGURES = """
Figures
=======

.. table:: One
   :name: one

   == ==
   1  1
   == ==

.. table:: Two
   :name: two

   == ==
   2  2
   == ==
"""


def test_a_page_is_unpickled_once_for_all_references_to_it(tmp_path, monkeypatch):
    pages = {
        "index": "Start\n=====\n\n:numref:`one`, :numref:`two`, :numref:`one`\n\n"
        ".. toctree::\n\n   figures\n   other\n",
        "figures": FIGURES,
        "other": "Other\n=====\n\n:numref:`two`\n",
    }
    for name, text in pages.items():
        (tmp_path / f"{name}.rst").write_text(text, encoding="utf-8")
    (tmp_path / "conf.py").write_text(
        "extensions = ['quick_references']\nnumfig = True\n", encoding="utf-8"
    )
    unpickled = Counter()
    read = BuildEnvironment.get_doctree

    def counted(env, docname):
        unpickled[docname] += 1
        return read(env, docname)

    app = SphinxTestApp(srcdir=tmp_path)
    app.connect("write-started", lambda *_: monkeypatch.setattr(
        BuildEnvironment, "get_doctree", counted), priority=1)  # fmt: skip
    app.build()
    app.cleanup()
    page = (tmp_path / "_build" / "html" / "index.html").read_text("utf-8")
    assert page.index("Table 1") < page.index("Table 2") < page.rindex("Table 1")
    assert unpickled["figures"] == 1
