"""Python for the browser on a site: where it is carried, and a site without it."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
import runnable_cells
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

REASON = "Here it takes an hour."
PAGE = f"""---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
---
# A page

```{{code-cell}}
---
tags: [hide-input]
softmax:
  browser: {REASON}
---
print(1)
```
"""


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a site of two pages, and returns its folder."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.md").write_text("# Words\n\n```{toctree}\ncode\n```\n", encoding="utf-8")
    (source / "code.md").write_text(PAGE, encoding="utf-8")

    def built(name, *extensions):
        settings = {
            "extensions": ["myst_nb", *extensions],
            "html_theme": "basic",
            # Said here, because Sphinx would take what an earlier site has left in its default.
            "source_suffix": {".md": "myst-nb"},
            "nb_execution_mode": "off",
        }
        trees = tmp_path / f"{name}-trees"
        with docutils_namespace(), open(os.devnull, "w") as silence:
            Sphinx(source, None, tmp_path / name, trees, "html", settings, status=silence).build()
        return tmp_path / name

    return built


def files(site):
    return {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_site_without_the_runtime_is_as_if_there_were_no_such_thing(build, monkeypatch, tmp_path):
    monkeypatch.setattr(runnable_cells, "RUNTIME", tmp_path / "nowhere")
    with_it, without = files(build("with", "runnable_cells")), files(build("without"))
    assert with_it.keys() == without.keys()
    # The file of Sphinx's own that has a hash of its settings, the names of extensions included.
    assert {path for path in with_it if with_it[path] != without[path]} <= {Path(".buildinfo")}


@pytest.fixture
def runtime(monkeypatch, tmp_path):
    """Return the folder of a runtime, which a site that is built next carries."""
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    (runtime / "core.js").write_bytes(b"core")
    checksum = hashlib.sha256(b"core").hexdigest()
    listed = {
        "files": {"core.js": {"size": 4, "sha256": checksum}},
        "core": ["core.js"],
        "packages": {name: ["core.js"] for name in runnable_cells.PACKAGES.values()},
    }
    (runtime / "files.json").write_text(json.dumps(listed), encoding="utf-8")
    monkeypatch.setattr(runnable_cells, "RUNTIME", runtime)
    return runtime


def test_site_carries_the_runtime_and_pages_with_code_its_script(build, runtime):
    site = build("site", "runnable_cells")

    folder = site / runnable_cells.FOLDER
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, file in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert len(content) == file["size"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert {"core.js", "softmax.zip", "mnist.zip", "word_frequencies.zip"} <= set(manifest["files"])
    named = {path.name for path in folder.iterdir()} - set(manifest["files"])
    assert named == {"manifest.json", *runnable_cells.FOR_PAGES}

    words, code = (
        BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        for name in ("index", "code")
    )
    assert not words.select("script[src*=python], link[href*=python]")
    assert len(code.select("script[src*='_static/python/page.js?v='][defer][data-version]")) == 1
    assert len(code.select("link[href*='_static/python/page.css?v=']")) == 1
    assert code.select_one(".cell_input .python-reason").get_text() == REASON


def test_changed_script_reaches_the_pages_and_the_runtime_is_not_copied_again(
    build, runtime, monkeypatch, tmp_path
):
    def versions(site):
        page = BeautifulSoup((site / "code.html").read_text(encoding="utf-8"), "html.parser")
        script = page.select_one("script[src*='page.js']")
        return script["src"], script["data-version"]

    site = build("site", "runnable_cells")
    core = site / runnable_cells.FOLDER / "core.js"
    before, copied = versions(site), core.stat().st_ctime_ns
    scripts = shutil.copytree(runnable_cells.SCRIPTS, tmp_path / "scripts")
    monkeypatch.setattr(runnable_cells, "SCRIPTS", scripts)
    with (scripts / "worker.mjs").open("a", encoding="utf-8") as worker:
        worker.write("// changed\n")
    after = versions(build("site", "runnable_cells"))
    assert (before[0], core.stat().st_ctime_ns) == (after[0], copied)
    assert before[1] != after[1]
    (runtime / "core.js").write_bytes(b"new!")
    build("site", "runnable_cells")
    assert core.read_bytes() == b"new!"
