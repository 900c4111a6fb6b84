"""The maker of the reference notebooks, tried on a chapter of two cells."""

import nbformat
import psutil
import pytest

from tools.references import KERNELSPEC, ChapterError, make_reference

SMALL_CHAPTER = """# A small chapter

```{code-cell} ipython3
import matplotlib.pyplot as plt

import softmax

print("first")
display("between")
print("second")
_ = plt.plot([1, 2])
```

```{code-cell} ipython3
LAST_LINE
```
"""


@pytest.fixture(autouse=True)
def _kernel_ends_with_its_chapter():
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "small.md"
    path.write_text(SMALL_CHAPTER.replace("LAST_LINE", "1 + 1"), encoding="utf-8")
    return path


def test_reference_is_the_same_whenever_it_is_made(chapter, tmp_path, monkeypatch):
    make_reference("small", chapter, tmp_path)
    first = (tmp_path / "small.ipynb").read_bytes()

    # A kernel of the same name that comes first on Jupyter's path, and that cannot start.
    folder = tmp_path / "shadow" / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = '{"argv": ["false"], "display_name": "Python 3", "language": "python"}'
    (folder / "kernel.json").write_text(spec, encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "shadow"))
    make_reference("small", chapter, tmp_path)
    assert (tmp_path / "small.ipynb").read_bytes() == first

    notebook = nbformat.read(tmp_path / "small.ipynb", as_version=4)
    assert notebook.metadata == {"kernelspec": KERNELSPEC}
    cells = notebook.cells
    assert [cell.id for cell in cells] == ["cell-000", "cell-001", "cell-002"]
    stream, _, figure = cells[1].outputs
    assert stream.text == "first\nsecond\n"
    assert set(figure.data) == {"text/plain"}
    assert figure.data["text/plain"].startswith("<Figure size")
    assert str(tmp_path).encode() not in first
    assert first.endswith(b"}\n")


def test_failing_chapter_is_named_and_leaves_the_old_reference(chapter, tmp_path):
    reference = tmp_path / "small.ipynb"
    reference.write_text("the old one", encoding="utf-8")
    cells = "```{code-cell} ipython3\n0\n```\n\n```{code-cell} ipython3\n1 / 0\n```\n"
    chapter.write_text(f"# A chapter that fails\n\n{cells}", encoding="utf-8")
    with pytest.raises(
        ChapterError, match=r"small: cell 2 failed with ZeroDivisionError: .*\s.*\s1 / 0"
    ):
        make_reference("small", chapter, tmp_path)
    assert reference.read_text(encoding="utf-8") == "the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.ipynb", "small.md"]
