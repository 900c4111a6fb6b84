"""The notebook that each page offers runs to its end, in a folder where there is nothing else."""

import nbformat
import pytest

from tools.references import chapters_with_code, execute

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", chapters_with_code())
def test_notebook_runs_in_an_empty_folder(site, name, tmp_path, needs_its_data):
    needs_its_data(name)
    notebook = nbformat.read(site / "_notebooks" / f"{name}.ipynb", as_version=4)
    execute(notebook, name, tmp_path)
