"""Reading a notebook that a student handed in: nothing of it is run or believed."""

import json
import math

import numpy as np

MAX_BYTES = 10 << 20
# An object of Python takes many times the memory of its text. Jupyter gives each number of a plot
# a line of its own, far to the right: a notebook of 10 MB has less than a million of them.
MAX_PARTS = 1_000_000
# Files that are saved or renamed as notebooks; by their first bytes.
OTHER_FILES = {b"<": "a web page", b"pk\x03\x04": "an archive (zip)", b"%pdf": "a PDF"}


class UnreadableError(ValueError):
    """A file that is not a notebook in Python or is not read; the message is for the student."""


def read_notebook(data):
    """Return the cells of the notebook in some bytes, and the metadata of the notebook.

    Each cell is a dict of its ``cell_type``, ``source`` and ``metadata``. Small faults are
    tolerated: cells without ids, without metadata, of an unknown type.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableError(tell_size("the file", len(data)))
    try:
        raw = _parse(data)
        _check_format(raw)
        _check_language(raw.get("metadata"))
        cells = [cell for cell in map(_clean_cell, raw["cells"]) if cell]
    except RecursionError:
        raise UnreadableError("its JSON is nested too deeply for a notebook") from None
    if not any(cell["cell_type"] == "code" and cell["source"].strip() for cell in cells):
        raise UnreadableError("the notebook has no code cells")
    return cells, get_dict(raw, "metadata")


def tell_size(name, size):
    """Return what to do about a file that has more than `MAX_BYTES`."""
    megabytes = math.ceil(size * 10 / 2**20) / 10  # upwards: never as many as are allowed
    return (
        f"{name} has {megabytes} MB, and at most {MAX_BYTES >> 20} are read: "
        "clear the outputs and save it again"
    )


def _parse(data):
    if not data.strip():
        raise UnreadableError("the file is empty")
    if _count_parts(data) > MAX_PARTS:
        raise UnreadableError(
            f"its JSON has more than {MAX_PARTS:,} parts: clear the outputs and save it again"
        )
    for begin, kind in OTHER_FILES.items():
        if data.lstrip()[: len(begin)].lower() == begin:
            raise UnreadableError(f"the file is {kind}, not a notebook: hand in the .ipynb itself")
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableError(f"the file is not text in UTF-8 (at byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"the file is not a notebook: bad JSON at line {error.lineno}, column {error.colno} "
            f"({error.msg})"
        ) from None
    except ValueError as error:  # a whole number of thousands of digits
        raise UnreadableError(f"the file is not a notebook: {error}") from None
    if not isinstance(raw, dict) or not ({"cells", "worksheets"} & raw.keys()):
        raise UnreadableError("the file is JSON, but not a notebook: it has no list of cells")
    return raw


def _count_parts(data):
    """Return how many commas and opening brackets some JSON has outside of its strings."""
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")  # no quote is escaped any more
    signs = np.frombuffer(plain, np.uint8)
    in_string = np.logical_xor.accumulate(signs == ord('"'))
    parts = (signs == ord(",")) | (signs == ord("[")) | (signs == ord("{"))
    return np.count_nonzero(parts & ~in_string)


def _check_format(raw):
    """Raise `UnreadableError` for a notebook in another format than nbformat's version 4."""
    major = raw.get("nbformat", 4)
    if major == 3 or "cells" not in raw:
        raise UnreadableError(
            "the notebook has the old format 3: open it in Jupyter, save it and hand it in again"
        )
    if major != 4:
        raise UnreadableError(f"the notebook's format is {repr(major)[:40]}; format 4 is read")
    if not isinstance(raw["cells"], list):
        raise UnreadableError("the file is JSON, but not a notebook: its cells are not a list")


def _check_language(metadata):
    """Raise `UnreadableError` for a notebook whose language is known not to be Python."""
    kernel, language = (get_dict(metadata, key) for key in ("kernelspec", "language_info"))
    told = kernel.get("language") or language.get("name")
    if isinstance(told, str) and told and "python" not in told.lower():
        raise UnreadableError(f"the notebook's kernel is {told[:40]}; answers are in Python")


def get_dict(mapping, key):
    """Return the dict that a mapping has under a key; an empty one where either is not a dict."""
    value = mapping.get(key) if isinstance(mapping, dict) else None
    return value if isinstance(value, dict) else {}


def _clean_cell(cell):
    """Return a cell with its source and metadata only; None for what is not a cell."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    # JSON can hold half of a surrogate pair, which no UTF-8 can: a question mark instead.
    source = source.encode("utf-8", "replace").decode()
    return {
        "cell_type": cell["cell_type"],
        "source": source,
        "metadata": get_dict(cell, "metadata"),
    }
