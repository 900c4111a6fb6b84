"""Run nbgrader on one notebook, in a separate course folder.

Nothing of the user's settings gets in: no nbgrader_config.py, no IPython profile, and no
kernelspec called python3 that belongs to another interpreter.
"""

import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import nbformat
from ipykernel.kernelspec import write_kernel_spec
from nbclient.exceptions import DeadKernelError
from nbconvert.filters import strip_ansi
from nbgrader.apps import NbGraderAPI
from nbgrader.validator import Validator
from traitlets.config import Config

TIMEOUT = 300  # seconds for one cell
STARTS = 3  # of a kernel, which ends at once if another program takes a port that was meant for it
STUB = """\
# YOUR CODE HERE
raise NotImplementedError("write your code here")"""


class ReleaseError(RuntimeError):
    """A master that no notebook for students can be made of."""


def settings(folder):
    """Return the configuration of a course in `folder`, its gradebook included."""
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.enforce_metadata = True
    config.Execute.timeout = TIMEOUT
    config.Validator.validate_all = True
    return config


@contextmanager
def own_environment(folder):
    """Let nothing but this interpreter and `folder` decide how a notebook is run."""
    kernelspec = folder / "jupyter" / "kernels" / "python3"
    if not kernelspec.exists():
        # Without the option, ipykernel writes notes on its own transport to the terminal.
        write_kernel_spec(kernelspec, extra_arguments=["--log-level=40"])
    changed = {
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": None,
        # Set while nbgrader validates, and left behind if a kernel dies.
        "NBGRADER_EXECUTION": None,
        "NBGRADER_VALIDATING": None,
        # nbgrader looks for its program alembic on the PATH, where .venv need not be.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }
    before = {name: os.environ.get(name) for name in changed}
    set_variables(changed)
    try:
        yield
    finally:
        set_variables(before)


def set_variables(values):
    """Set the variables of the environment that have a value here, and drop the others."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def write_source(notebook, name, folder):
    """Write a notebook to where nbgrader looks for the source of an assignment."""
    path = folder / "source" / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def generate(notebook, name, folder):
    """Return the students' version of a notebook, as ``nbgrader generate_assignment`` makes it.

    Raises
    ------
    ReleaseError
        With what nbgrader says.
    """
    write_source(notebook, name, folder)
    with own_environment(folder):
        result = NbGraderAPI(config=settings(folder)).generate_assignment(name)
    if not result["success"]:
        raise ReleaseError(f"nbgrader makes no student version: {last_words(result)}")
    return nbformat.read(folder / "release" / name / f"{name}.ipynb", as_version=4)


def last_words(result):
    """Return the line in which nbgrader says what it did not like."""
    said = result.get("log", "") + result.get("error", "")
    errors = re.findall(r"^\s*(?:\w+\.)*\w*(?:Error|Exception): (.+)$", said, re.MULTILINE)
    return (errors or said.strip().splitlines() or ["it gives no reason"])[0]


def failed_cells(path, folder):
    """Return what nbgrader says of the cells that fail, in their order."""
    for start in range(1, STARTS + 1):
        try:
            with own_environment(folder):
                return Validator(config=settings(folder)).validate(str(path)).get("failed", [])
        except DeadKernelError as error:
            raise ReleaseError("the version with solutions ends its kernel") from error
        except RuntimeError as error:
            if start == STARTS:
                raise ReleaseError(
                    f"no kernel starts for the version with solutions, in {STARTS} trials: {error}"
                ) from error


def validate(notebook, name, folder):
    """Run the version with solutions as ``nbgrader validate`` does; every cell must be silent.

    Raises
    ------
    ReleaseError
        That names the first cell that fails, and its error, or says that no kernel starts.
    """
    path = write_source(notebook, name, folder)
    failed = failed_cells(path, folder)
    if not failed:
        return
    first = failed[0]
    position = next(i for i, c in enumerate(notebook.cells) if c.source.strip() == first["source"])
    error = strip_ansi(first["raw_error"]).strip().splitlines()[-1].strip()
    raise ReleaseError(
        f"the version with solutions fails in cell {notebook.cells[position].id}: {error}"
    )
