"""Pages whose data set may be missing: they say so, and are shown and tested all the same."""

import base64

import nbformat
import needed_data
import pytest
from sphinx.errors import ExtensionError

from tools.references import NOTEBOOKS, chapters_with_code, read_chapter, store_figures

CHAPTERS = chapters_with_code()
NEEDY = [name for name, path in CHAPTERS.items() if needed_data.needs_of(path)]
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
    "gg=="
)

PAGE = """---
softmax:
  needs: fashion-mnist
---

# Clothes

```{code-cell} ipython3
draw()
```
"""


@pytest.fixture
def missing(monkeypatch):
    monkeypatch.setattr(needed_data, "place_of", lambda dataset: None)
    monkeypatch.delenv("SOFTMAX_REQUIRE_DATA", raising=False)


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page that needs data, its reference and its stored figure, in a folder of their own."""
    monkeypatch.setattr(needed_data, "REFERENCES", tmp_path)
    monkeypatch.setattr(needed_data, "FIGURES", tmp_path / "figures")
    path = tmp_path / "clothes.md"
    path.write_text(PAGE, encoding="utf-8")
    reference = read_chapter(path)
    code = next(cell for cell in reference.cells if cell.cell_type == "code")
    code.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="0.84\n"),
        nbformat.v4.new_output("display_data", {"text/plain": "<Figure>", "image/png": PIXEL}),
    ]
    store_figures(reference, "clothes")
    del code.outputs[1].data["image/png"]
    nbformat.write(reference, tmp_path / "clothes.ipynb")
    return path


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_that_loads_fashion_mnist_says_so(name):
    code = [cell.source for cell in read_chapter(CHAPTERS[name]).cells if cell.cell_type == "code"]
    loads = any("load_fashion_mnist" in source for source in code)
    assert loads == (needed_data.needs_of(CHAPTERS[name]) == "fashion-mnist"), (
        f"The front matter of {name}.md and its code disagree on whether it needs Fashion-MNIST."
    )


@pytest.mark.parametrize("name", NEEDY)
def test_chapter_can_be_shown_without_its_data(name):
    notebook = read_chapter(CHAPTERS[name])
    needed_data.fill_from_reference(notebook, name)
    assert "LEFT+OUT" not in nbformat.writes(notebook)
    reference = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    for i, cell in enumerate(reference.cells):
        drawn = any(
            output.get("data", {}).get("text/plain", "").startswith(("<Figure", "<softmax.live"))
            for output in cell.get("outputs", [])
        )
        assert drawn == needed_data.figure_path(name, i).exists(), (
            f"Cell {i} of {name} and its stored figure disagree. Run `make references`."
        )


@pytest.mark.parametrize("name", NEEDY)
def test_stored_figures_are_small(name):
    for path in (needed_data.FIGURES / name).iterdir():
        assert path.stat().st_size < 50_000, f"{path.name} has {path.stat().st_size} bytes."


def test_figures_without_a_chapter_are_noticed():
    stored = {path.name for path in needed_data.FIGURES.iterdir()}
    assert stored == set(NEEDY), f"tests/figures holds {stored}, needed are {set(NEEDY)}."


def test_page_without_needs(tmp_path):
    path = tmp_path / "plain.md"
    for text in ("# No front matter\n", "---\nkernelspec:\n  name: python3\n---\n\n# Title\n"):
        path.write_text(text, encoding="utf-8")
        assert needed_data.needs_of(path) is None
        assert needed_data.why_not(path) is None


def test_missing_data_are_said_in_one_line(missing, page):
    reason = needed_data.why_not(page)
    assert "\n" not in reason
    for part in ("clothes needs Fashion-MNIST", "apt-get install dataset-fashion-mnist",
                 "SOFTMAX_DATA", "downloaded"):  # fmt: skip
        assert part in reason


def test_page_is_filled_and_not_run(missing, page):
    notebook = read_chapter(page)
    client = needed_data.run_or_fill(notebook, str(page), None, None)
    assert type(client) is needed_data.NotebookClientBase
    stream, figure = next(cell for cell in notebook.cells if cell.cell_type == "code").outputs
    assert stream.text == "0.84\n"
    assert base64.b64decode(figure.data["image/png"]).startswith(b"\x89PNG")


def test_page_is_run_where_the_data_are(page, monkeypatch):
    monkeypatch.setattr(needed_data, "place_of", lambda dataset: page.parent)
    monkeypatch.setattr(needed_data, "run_notebook", lambda *details: "run")
    assert needed_data.run_or_fill(read_chapter(page), str(page), None, None) == "run"


def test_page_that_departs_from_its_reference_is_refused(missing, page):
    page.write_text(PAGE.replace("draw()", "draw(2)"), encoding="utf-8")
    with pytest.raises(ExtensionError, match="not that of its reference"):
        needed_data.run_or_fill(read_chapter(page), str(page), None, None)


def test_required_data_must_be_there(missing, page, monkeypatch, capsys):
    assert needed_data.main() == 0
    assert "skipped" in capsys.readouterr().out
    monkeypatch.setenv("SOFTMAX_REQUIRE_DATA", "1")
    assert needed_data.main() == 1
    with pytest.raises(ExtensionError, match="clothes needs Fashion-MNIST"):
        needed_data.run_or_fill(read_chapter(page), str(page), None, None)
