"""The reference notebooks: complete, in step with their chapters, and free of chance.

nbval runs the references again and compares what they print. It is silent on a cell that was
never run, on a chapter that changed after its reference was made, and on cells that are
tagged to be left out. These tests are not.
"""

import re

import nbformat
import pytest
from nbval.plugin import find_comment_markers, find_metadata_tags

from tools.references import (
    NOTEBOOKS,
    chapters_with_code,
    clean,
    read_chapter,
)

CHAPTERS = chapters_with_code()
REFERENCES = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
REMEDY = "Run `make references`, and look at what changed."

# (chapter, position of the cell) -> why nbval need not compare this cell as it does the others.
EXEMPT_FROM_NBVAL = {}

# (chapter, position of the cell) -> why this cell may write to standard error.
MAY_USE_STDERR = {}

FORBIDDEN_IN_OUTPUTS = {
    "the address of an object": re.compile(r"\bat 0x[0-9a-fA-F]{6,}"),
    "an absolute path": re.compile(r"(?<![\w/.:<])/(?:[\w.-]+/)+[\w.-]+|\b[A-Z]:\\\w"),
    "a time of day": re.compile(r"\b\d{1,2}:\d\d:\d\d\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d"),
}
# Pictures that a live figure starts from, as base64, in which anything may stand.
BASE64 = re.compile(r"[A-Za-z0-9+/]{100,}={0,2}")
PICTURE_TYPES = {"application/pdf", "image/jpeg", "image/png", "image/svg+xml"}


def code_cells(name):
    notebook = nbformat.read(REFERENCES[name], as_version=4)
    return [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def output_texts(cell):
    """Yield everything that a cell printed, as strings."""
    for output in cell.outputs:
        texts = [output.get("text", ""), *map(str, output.get("data", {}).values())]
        yield from (BASE64.sub("", text) for text in texts)


def test_every_chapter_with_code_has_a_reference_and_no_other_has():
    missing = CHAPTERS.keys() - REFERENCES.keys()
    assert not missing, f"No reference notebook for {sorted(missing)}. {REMEDY}"
    extra = REFERENCES.keys() - CHAPTERS.keys()
    assert not extra, f"References without a chapter: {sorted(extra)}. {REMEDY}"


def test_folder_holds_nothing_but_references():
    others = [path.name for path in NOTEBOOKS.iterdir() if path not in REFERENCES.values()]
    others = [name for name in others if name != ".ipynb_checkpoints"]
    assert not others, f"A chapter left files in its working folder: {others}"


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_is_in_step_with_its_chapter(name):
    if name not in CHAPTERS:
        pytest.skip("reported by the test of the pairs")
    chapter = clean(read_chapter(CHAPTERS[name])).cells
    reference = nbformat.read(REFERENCES[name], as_version=4).cells
    for i, (new, old) in enumerate(zip(chapter, reference, strict=False)):
        for key in ("cell_type", "id", "source", "metadata"):
            assert new[key] == old[key], (
                f"The {key} of cell {i} of {name}.md is not that of its reference. {REMEDY}"
            )
    assert len(chapter) == len(reference), (
        f"{name}.md has {len(chapter)} cells, its reference has {len(reference)}. {REMEDY}"
    )


@pytest.mark.parametrize("name", REFERENCES)
def test_every_cell_was_run_in_order(name):
    counts = [cell.execution_count for _, cell in code_cells(name)]
    assert counts == list(range(1, len(counts) + 1)), (
        f"The execution counts of {name} are {counts}; nbval skips unrun cells. {REMEDY}"
    )


@pytest.mark.parametrize("name", REFERENCES)
def test_no_cell_is_kept_from_nbval(name):
    for i, cell in code_cells(name):
        marks = dict([*find_metadata_tags(cell.metadata), *find_comment_markers(cell.source)])
        marks = {mark for mark, value in marks.items() if (mark, value) != ("check", True)}
        assert not marks or (name, i) in EXEMPT_FROM_NBVAL, (
            f"Cell {i} of {name} has a tag or comment that keeps its output ({marks}) from nbval. "
            "Make the output stable, or give the reason in EXEMPT_FROM_NBVAL."
        )


@pytest.mark.parametrize("name", REFERENCES)
def test_outputs_do_not_depend_on_the_run_or_the_machine(name):
    for i, cell in code_cells(name):
        for text in output_texts(cell):
            for what, pattern in FORBIDDEN_IN_OUTPUTS.items():
                found = pattern.search(text)
                assert not found, f"Cell {i} of {name} prints {what}: {found[0]}"


@pytest.mark.parametrize("name", REFERENCES)
def test_nothing_is_written_to_standard_error(name):
    for i, cell in code_cells(name):
        texts = [out.text for out in cell.outputs if out.get("name") == "stderr"]
        assert not texts or (name, i) in MAY_USE_STDERR, (
            f"Cell {i} of {name} writes to standard error, a warning perhaps: {texts[0][:200]}"
        )


@pytest.mark.parametrize("name", REFERENCES)
def test_pictures_are_left_out(name):
    for i, cell in code_cells(name):
        types = {kind for output in cell.outputs for kind in output.get("data", {})}
        assert not types & PICTURE_TYPES, f"Cell {i} of {name} stores a picture. {REMEDY}"


@pytest.mark.parametrize("name", REFERENCES)
def test_no_cell_ends_with_a_semicolon(name):
    # It hides the value of a cell on the site, but not from nbval, which keeps no history.
    for i, cell in code_cells(name):
        assert not cell.source.rstrip().endswith(";"), (
            f"Cell {i} of {name} ends with `;`. Write `_ = …` to hide a value."
        )
