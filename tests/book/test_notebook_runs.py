"""A notebook that a page offers runs to its end, in a folder where there is nothing else.

Two are run. What could stop another is compared without a run: its code is that of the chapter
(tests/site/test_notebook_download.py), which nbval executes in yet another folder.
"""

import nbformat
import pytest

from tools.references import execute

pytestmark = pytest.mark.slow


# The first chapter, and one whose cells are hidden or become solutions in many places.
@pytest.mark.parametrize("name", ["definition", "sampling"])
def test_notebook_runs_in_an_empty_folder(site, name, tmp_path):
    notebook = nbformat.read(site / "_notebooks" / f"{name}.ipynb", as_version=4)
    execute(notebook, name, tmp_path)
