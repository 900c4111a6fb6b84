"""Settings and fixtures that all tests share."""

import os
import sys

import matplotlib
import pytest

from tests.references import ROOT, prepare_environment

matplotlib.use("Agg")  # no windows; kernels that the tests start draw inline, see below
prepare_environment()
sys.path.append(str(ROOT / "book" / "_ext"))  # the book's Sphinx extensions


def pytest_configure(config):
    """Let nbval start the kernels of this interpreter, whatever kernelspec shadows it."""
    if getattr(config.option, "nbval", False) and not config.option.nbval_kernel_name:
        config.option.nbval_current_env = True


@pytest.fixture(scope="session")
def site():
    """Return the folder of the built site."""
    folder = ROOT / "_build" / "html"
    if (folder / "index.html").exists():
        return folder
    message = "The site is not built; `make book` builds it."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
