"""A site without Python for the browser is as it was before there was any."""

import os
from pathlib import Path

import pytest
import runnable_cells
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a site of one page, and returns what is in it."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.md").write_text("# Words\n\nA few.\n", encoding="utf-8")

    def built(name, *extensions):
        settings = {"extensions": ["myst_nb", *extensions], "html_theme": "basic"}
        site, trees = tmp_path / name, tmp_path / f"{name}-trees"
        with docutils_namespace(), open(os.devnull, "w") as silence:
            Sphinx(source, None, site, trees, "html", settings, status=silence).build()
        return {p.relative_to(site): p.read_bytes() for p in site.rglob("*") if p.is_file()}

    return built


def test_site_without_the_runtime_is_as_if_there_were_no_such_thing(build, monkeypatch, tmp_path):
    monkeypatch.setattr(runnable_cells, "RUNTIME", tmp_path / "nowhere")
    with_it, without = build("with", "runnable_cells"), build("without")
    assert with_it.keys() == without.keys()
    # The file of Sphinx's own that has a hash of its settings, the names of extensions included.
    assert {path for path in with_it if with_it[path] != without[path]} <= {Path(".buildinfo")}
