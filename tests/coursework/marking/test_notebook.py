"""Notebooks as students hand them in, read and never believed."""

import json

import nbformat
import pytest

from coursework.grader.marking.notebook import (
    MAX_BYTES,
    MAX_PARTS,
    UnreadableError,
    _count_parts,
    read_notebook,
)


def make_notebook(*sources, **metadata):
    """Return the bytes of a notebook with some code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=metadata)).encode()


NOTEBOOK = make_notebook("x = 1")


# Reading


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"{", "bad JSON at line 1, column 2"),
        (b'{"cells": [\n oops]}', "bad JSON at line 2, column 2"),
        (NOTEBOOK[: len(NOTEBOOK) // 2], "bad JSON at line"),
        (b"\xff\xfe{}", "not text in UTF-8 .at byte 0"),
        (b"print(1)", "bad JSON at line 1, column 1"),
        (b"\n<!DOCTYPE html>", "the file is a web page, not a notebook: hand in the .ipynb"),
        (b"<html>", "the file is a web page"),
        (b"PK\x03\x04abc", r"the file is an archive \(zip\)"),
        (b"%PDF-1.7", "the file is a PDF"),
        (b"[1, 2]", "JSON, but not a notebook"),
        (b'{"a": 1}', "JSON, but not a notebook"),
        (b'{"cells": 3, "nbformat": 4}', "its cells are not a list"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"cells": [' + b"9" * 10_000 + b"]}", "not a notebook: Exceeds the limit"),
        (b'{"cells": [], "nbformat": 4}', "no code cells"),
        (b'{"cells": [{"cell_type": "raw", "source": "x"}]}', "no code cells"),
        (b'{"cells": [], "nbformat": 9}', "format is 9"),
        (b'{"cells": [], "nbformat": {}}', "format is {}"),
        (b'{"worksheets": [{"cells": []}], "nbformat": 3}', "the old format 3: open it in Jupyter"),
        (b'{"cells": [], "nbformat": 3}', "the old format 3: open it in Jupyter"),
        (b" " * (MAX_BYTES + 1), "file has 10.1 MB, and at most 10 are read: clear"),
        (
            make_notebook("x", kernelspec={"name": "ir", "display_name": "R", "language": "R"}),
            "kernel is R;",
        ),
        (make_notebook("x", language_info={"name": "julia"}), "kernel is julia;"),
        (make_notebook(""), "no code cells"),
    ],
)
def test_what_is_no_notebook_in_python_is_told(data, message):
    with pytest.raises(UnreadableError, match=message):
        read_notebook(data)


def test_small_faults_are_tolerated():
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", "y = 2"]},
        {"cell_type": "code", "source": "z = '\ud800'", "metadata": 7, "id": 3},
        {"cell_type": "markdown", "source": "text", "metadata": {"nbgrader": {"grade_id": "q"}}},
        {"cell_type": "code", "source": [1, 2]},
        {"cell_type": ["code"], "source": "no"},
        {"cell_type": "code", "source": "last", "outputs": "?", "execution_count": "?"},
        None,
    ]
    raw = {"cells": cells, "metadata": {"kernelspec": "?", "language_info": {"name": None}}}
    found, _ = read_notebook(json.dumps(raw).encode())
    assert [cell["source"] for cell in found] == ["x = 1\ny = 2", "z = '?'", "text", "last"]
    assert [cell["metadata"] for cell in found] == [{}, {}, {"nbgrader": {"grade_id": "q"}}, {}]
    [cell], _ = read_notebook(b"\xef\xbb\xbf" + NOTEBOOK)
    assert cell["source"] == "x = 1"


def test_millions_of_tiny_parts_are_refused_but_not_large_outputs():
    with pytest.raises(UnreadableError, match="more than 1,000,000 parts: clear the outputs"):
        read_notebook(b'{"cells": [' + b"{}," * 600_000 + b"{}]}")
    printed = {"output_type": "stream", "text": "\\" + '"[0, 1], ' * 600_000}
    plot = {"z": [[7] * 1000] * 600}
    figure = {"output_type": "display_data", "data": {"application/vnd.plotly.v1+json": plot}}
    cell = {"cell_type": "code", "source": "x", "outputs": [printed, figure]}
    [found], _ = read_notebook(json.dumps({"cells": [cell], "nbformat": 4}).encode())
    assert found == {"cell_type": "code", "source": "x", "metadata": {}}
    # The densest that Jupyter writes: numbers of one figure, each on a line of its own.
    raw = {"cells": [{"outputs": [{"data": {"plotly": {"data": [{"x": [1] * 800_000}]}}}]}]}
    data = json.dumps(raw, indent=1).encode()
    assert len(data) > MAX_BYTES * 0.9
    assert _count_parts(data) / len(data) * MAX_BYTES < MAX_PARTS


def test_what_a_reason_quotes_is_short():
    for wrong in ("x" * 10**6, ["x"] * 10**6):
        with pytest.raises(UnreadableError) as caught:
            read_notebook(json.dumps({"cells": [], "nbformat": wrong}).encode())
        assert len(str(caught.value)) < 200
