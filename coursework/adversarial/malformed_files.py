"""Files that are no notebook, or not where or what they should be."""

import json
import os
import stat

from coursework.adversarial.recipe import (
    ASSIGNMENT,
    FULL,
    TARGET,
    answer_cell,
    edited,
    in_file,
    stub_notebook,
    text,
    write_notebook,
)
from coursework.grader.model import MISSING, OK, UNREADABLE

NAME = f"{ASSIGNMENT}.ipynb"


def holding(name, why, data, statuses=UNREADABLE, file=NAME):
    """Return the submission of one file; `data` is bytes, or makes them from the notebook."""

    def write(kit, folder):
        content = data if isinstance(data, bytes) else data(json.dumps(kit.notebook).encode())
        (folder / file).write_bytes(content)

    fate = FULL if statuses == OK else "none"
    return in_file(name, why, write, statuses, fate, fate)


def _nested(data):
    return data[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def _padded(data):
    return data[:-1] + b', "x": "' + b"x" * (50 << 20) + b'"}'


def _long_number(data):
    return data[:-1] + b', "x": ' + b"9" * 10_000 + b"}"


BYTES = (
    holding("empty-file", "Nothing is there, and the reason says so.", b""),
    holding("blank-file", "Nor here.", b" \n\t\n"),
    holding("bad-json", "No JSON.", b"def softmax(z):\n    return z\n"),
    holding("truncated-json", "Half a file, as after a broken upload.", lambda d: d[: len(d) // 2]),
    holding("json-null", "JSON, but no notebook.", b"null"),
    holding("json-list", "JSON, but no notebook.", b"[[], {}]"),
    holding("json-without-cells", "JSON, but no notebook.", b'{"nbformat": 4, "metadata": {}}'),
    holding("cells-are-text", "JSON, but no notebook.", b'{"nbformat": 4, "cells": "hello"}'),
    holding("cells-are-lists", "No cell is one.", b'{"nbformat": 4, "cells": [[], null, 7]}'),
    holding("binary-file", "A picture with the name of a notebook.", b"\x89PNG\r\n\x1a\n" * 99),
    holding("zip-file", "An archive with the name of a notebook.", b"PK\x03\x04" + bytes(999)),
    holding("utf-16", "Another encoding than JSON's.", lambda d: d.decode().encode("utf-16")),
    holding(
        "byte-order-mark", "A mark before the JSON is harmless.", lambda d: b"\xef\xbb\xbf" + d, OK
    ),
    holding("nested-json", "JSON too deep for the parser.", _nested),
    holding("long-number", "A number too long for Python.", _long_number),
    holding("fifty-megabytes", "Beyond what is read; the reason says how to save it.", _padded),
    holding(
        "duplicate-keys",
        "The last of two equal keys counts, as everywhere.",
        lambda d: b'{"cells": [], ' + d[1:],
        OK,
    ),
    holding(
        "other-version",
        "A format that does not exist.",
        lambda d: d.replace(b'"nbformat": 4', b'"nbformat": 99'),
    ),
    holding("python-file", "A program is no notebook.", b"import numpy as np\n", file="hw1.py"),
    holding(
        "wrong-name",
        "The only notebook is taken, whatever its name.",
        lambda d: d,
        OK,
        "Work (2).ipynb",
    ),
    holding(
        "strange-name",
        "Names of files in any script.",
        lambda d: d,
        OK,
        "hw1 – решение \U0001f600.ipynb",
    ),
    holding(
        "other-homework",
        "A notebook that is named as another one.",
        lambda d: d,
        (MISSING, UNREADABLE),
        "hw2.ipynb",
    ),
)


def _r_kernel(_, notebook):
    notebook["metadata"] = {
        "kernelspec": {"name": "ir", "display_name": "R", "language": "R"},
        "language_info": {"name": "R"},
    }
    answer_cell(notebook)["source"] = "softmax <- function(z) exp(z) / sum(exp(z))"


def _no_code(_, notebook):
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["cell_type"] != "code"]


def _directory(_, folder):
    (folder / NAME).mkdir()


def _link_outside(_, folder):
    (folder / NAME).symlink_to("/etc/passwd")


def _link_to_another(_, folder):
    (folder / NAME).symlink_to("../honest-0/" + NAME)


def _link_to_zeros(_, folder):
    (folder / NAME).symlink_to("/dev/zero")


def _link_to_itself(_, folder):
    (folder / NAME).symlink_to(NAME)


def _folder_is_link(_, folder):
    os.rmdir(folder)
    folder.symlink_to("honest-0")


def _pipe(_, folder):
    os.mkfifo(folder / NAME)


def _socket(_, folder):
    """Leave the file of a socket; its path may be longer than bind takes, so go there."""
    os.mknod(folder / NAME, 0o600 | stat.S_IFSOCK)


def _nothing(_, folder):
    """Leave the folder empty."""


def _no_folder(_, folder):
    os.rmdir(folder)


def _many_files(kit, folder):
    write_notebook(kit.notebook, folder)
    for number in range(1500):
        (folder / f"note-{number}.txt").write_text("x")


def _older_and_newer(kit, folder):
    broken = json.loads(json.dumps(kit.notebook))
    answer_cell(broken)["source"] = text(answer_cell(broken)).replace(TARGET, "other")
    write_notebook(broken, folder)
    os.utime(folder / NAME, (10**9, 10**9))
    write_notebook(kit.notebook, folder, f"{ASSIGNMENT} (1).ipynb")


def _checkpoint(kit, folder):
    write_notebook(kit.notebook, folder)
    aside = folder / ".ipynb_checkpoints"
    aside.mkdir()
    (aside / f"{ASSIGNMENT}-checkpoint.ipynb").write_text("{}")


PLACES = (
    edited("kernel-of-r", "No notebook in Python.", _r_kernel, "none", UNREADABLE, others="none"),
    edited("no-code", "No code in it.", _no_code, "none", UNREADABLE, others="none"),
    in_file(
        "directory", "A folder with the name of a notebook.", _directory, (UNREADABLE, MISSING)
    ),
    in_file("link-outside", "A link out of the folder is not followed.", _link_outside, UNREADABLE),
    in_file("link-to-another", "Nor one to another's notebook.", _link_to_another, UNREADABLE),
    in_file("link-to-zeros", "Nor one to a file without end.", _link_to_zeros, UNREADABLE),
    in_file("link-to-itself", "Nor one in a circle.", _link_to_itself, UNREADABLE),
    in_file(
        "folder-is-link", "Nor a folder that is a link.", _folder_is_link, (UNREADABLE, MISSING)
    ),
    in_file("pipe", "A pipe would keep its reader waiting for ever.", _pipe, UNREADABLE),
    in_file("socket", "A socket is no file.", _socket, UNREADABLE),
    in_file("empty-folder", "A folder without files.", _nothing, MISSING),
    in_file("no-folder", "Nothing was handed in.", _no_folder, MISSING),
    in_file("many-files", "Other files do not matter.", _many_files, OK, FULL, FULL),
    in_file("latest-wins", "Of two files the later one counts.", _older_and_newer, OK, FULL, FULL),
    in_file("checkpoint", "Jupyter's checkpoints are no submissions.", _checkpoint, OK, FULL, FULL),
)


def _copy_of_colab(kit, folder):
    """Leave the notebook as it was given out, and the work in a newer copy."""
    write_notebook(stub_notebook(), folder)
    os.utime(folder / NAME, (10**9, 10**9))
    write_notebook(kit.notebook, folder, f"Copy of {NAME}")


def _only_checkpoint(kit, folder):
    aside = folder / ".ipynb_checkpoints"
    aside.mkdir()
    write_notebook(kit.notebook, aside, f"{ASSIGNMENT}-checkpoint.ipynb")


def _web_page(_, folder):
    (folder / NAME).write_text("<!DOCTYPE html><html><body>Sign in</body></html>")


def _formula_names(kit, folder):
    """Leave a notebook whose name and folder begin formulas where a separator is seen."""
    inner = folder / "x;=HYPERLINK(A1)"
    inner.mkdir()
    write_notebook(kit.notebook, inner, f"{ASSIGNMENT}\t=1+1.ipynb")


def _old_stamp(kit, folder):
    inner = folder / ASSIGNMENT
    inner.mkdir()
    write_notebook(kit.notebook, inner)
    (inner / "timestamp.txt").write_text("0001-01-01T00:00:00+23:59")


FOLDERS = (
    in_file("copy-of-colab", "The newer copy counts.", _copy_of_colab, OK, FULL, FULL),
    in_file("only-checkpoints", "They are named.", _only_checkpoint, UNREADABLE),
    in_file("web-page", "A page that was saved in place of a notebook.", _web_page, UNREADABLE),
    in_file("formula-names", "No cell of a CSV is a formula.", _formula_names, OK, FULL, FULL),
    in_file("old-timestamp", "A time before all others stops nobody.", _old_stamp, OK, FULL, FULL),
)

SUBMISSIONS = BYTES + PLACES + FOLDERS
