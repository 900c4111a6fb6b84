"""Does the suite notice? Break a copy of the book, and see the suite fail for that reason.

The copy is small: one chapter with its reference, the package, and the tests of references.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tools.references import ROOT

pytestmark = pytest.mark.slow

CHAPTER = "definition"
COPIED = [
    "book/_ext/needed_data.py",
    "book/_ext/small_pictures.py",
    f"book/{CHAPTER}.md",
    "tests/__init__.py",
    "tests/book/__init__.py",
    "tests/book/test_references.py",
    "tests/conftest.py",
    "tests/nbval-sanitize.cfg",
    f"tests/notebooks/{CHAPTER}.ipynb",
    "tests/package/__init__.py",
    "tests/package/numeric.py",
    "tools/__init__.py",
    "tools/references.py",
]

FLIPPED_SIGN = """

_right_softmax = softmax


def softmax(x, *args, **kwargs):
    return _right_softmax(-np.asarray(x, dtype=float), *args, **kwargs)
"""


@pytest.fixture
def copy(tmp_path):
    """Return the folder of a copy that may be broken."""
    root = tmp_path / "book-copy"
    for name in COPIED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "_toc.yml").write_text(f"format: jb-book\nroot: book/{CHAPTER}\n", encoding="utf-8")
    # The chapter needs no data, and the digits would be most of the copy.
    ignore = shutil.ignore_patterns("mnist", "__pycache__")
    shutil.copytree(ROOT / "softmax", root / "softmax", ignore=ignore)
    return root


def run_suite(root):
    """Run the tests of the copy, as `make test` does, and return pytest's result."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-x", "--color=no"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", "tests"],
        cwd=root,
        env=own,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


def assert_fails(root, reason):
    result = run_suite(root)
    assert result.returncode == 1, f"The suite did not notice.\n{result.stdout}{result.stderr}"
    assert reason in result.stdout, f"It failed for another reason.\n{result.stdout}"


def test_unbroken_copy_passes(copy):
    result = run_suite(copy)
    assert result.returncode == 0, result.stdout + result.stderr


def test_changed_reference_output_is_noticed(copy):
    path = copy / "tests" / "notebooks" / f"{CHAPTER}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    last_printed = [output for output in outputs if output["output_type"] == "stream"][-1]
    last_printed["text"] = ["0.123\n"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert_fails(copy, "Cell outputs differ")


def test_changed_chapter_cell_is_noticed(copy):
    path = copy / "book" / f"{CHAPTER}.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n```\n", "\nchanged = True\n```\n", 1), encoding="utf-8")
    assert_fails(copy, f"of {CHAPTER}.md is not that of its reference")


def test_changed_package_function_is_noticed(copy):
    with open(copy / "softmax" / "functional.py", "a", encoding="utf-8") as file:
        file.write(FLIPPED_SIGN)
    assert_fails(copy, "Cell outputs differ")
