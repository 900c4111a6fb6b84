"""Chapters are run side by side, each once, and not again while what they run on stays the same."""

import os
import subprocess
import sys

import pytest

from tools import execution_key
from tools.references import ROOT

CHAPTER = """---
jupytext:
  text_representation: {{extension: .md, format_name: myst}}
kernelspec: {{name: python3, display_name: Python 3}}
---

# {0}

```{{code-cell}} ipython3
with open("{0}.runs", "a") as file:
    file.write("once ")
print("{0}" * 2)
{1}
```
"""


def build(pages, names):
    """Build a site of these pages; return how often each was run, and the last page."""
    folder = pages.parent
    settings = {
        "extensions": ["myst_nb", "parallel_execution"],
        "root_doc": names[0],
        "nb_execution_mode": "cache",
        "nb_execution_cache_path": str(folder / "cache"),
        "nb_execution_raise_on_error": True,
    }
    (pages / "conf.py").write_text("\n".join(f"{key} = {settings[key]!r}" for key in settings))
    # In a process of its own: Sphinx keeps what other builds have registered.
    path = os.pathsep.join([str(ROOT / "book" / "_ext"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-E", str(pages), str(folder / "out")],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs = {name: (pages / f"{name}.runs").read_text().count("once") for name in names}
    return runs, (folder / "out" / f"{names[-1]}.html").read_text(encoding="utf-8")


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.md").write_text(CHAPTER.format(name, ""), encoding="utf-8")
    return folder


WAIT = """import pathlib, time
end = time.monotonic() + 100
while not pathlib.Path("{}.runs").exists():
    assert time.monotonic() < end
    time.sleep(0.1)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.cpu_count() == 1, reason="One processor runs one chapter at a time.")
def test_chapters_are_run_at_the_same_time_and_once(pages):
    for name, other in (("one", "two"), ("two", "one")):
        source = CHAPTER.format(name, WAIT.format(other))
        (pages / f"{name}.md").write_text(source, encoding="utf-8")
    # One after the other, the first would wait in vain.
    first, _ = build(pages, ["one", "two"])
    second, page = build(pages, ["one", "two"])
    assert second == first
    assert "twotwo" in page


@pytest.mark.slow
@pytest.mark.skipif(os.cpu_count() > 8, reason="This would start more than ten kernels.")
def test_a_long_chapter_is_begun_first(pages):
    # All others wait for it, and there are enough of them to occupy every process.
    others = [f"chapter-{number}" for number in range(os.cpu_count() + 1)]
    for name in others:
        source = CHAPTER.format(name, WAIT.format("mnist"))
        (pages / f"{name}.md").write_text(source, encoding="utf-8")
    (pages / "mnist.md").write_text(CHAPTER.format("mnist", ""), encoding="utf-8")
    for name in ("one", "two"):
        (pages / f"{name}.md").unlink()
    runs, _ = build(pages, [*others, "mnist"])
    assert set(runs.values()) == {1}


@pytest.mark.slow
def test_an_error_is_reported_with_its_page(pages):
    (pages / "two.md").write_text(CHAPTER.format("two", "1 / 0"), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"two\.md"):
        build(pages, ["one", "two"])


@pytest.fixture
def kept(tmp_path):
    """A file beside the key, and the file that the key was written for."""
    source, build_folder = tmp_path / "source.py", tmp_path / "_build"
    source.write_text("x = 1\n")
    execution_key.main(build_folder / ".package", source)
    output = build_folder / "output"
    output.write_text("kept")
    return source, output


def test_outputs_stay_where_the_contents_are_the_same(kept):
    source, output = kept
    source.write_text("x = 1\n")  # a later time, as after a new checkout
    execution_key.main(output.parent / ".package", source)
    assert output.exists()


def test_outputs_go_where_a_file_has_changed(kept):
    source, output = kept
    source.write_text("x = 2\n")
    execution_key.main(output.parent / ".package", source)
    assert not output.exists()


def test_outputs_go_where_another_version_would_run_them(kept, monkeypatch):
    source, output = kept
    monkeypatch.setattr(execution_key, "version", lambda name: "0.0")
    execution_key.main(output.parent / ".package", source)
    assert not output.exists()
