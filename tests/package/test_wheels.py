"""Two wheels: the ordinary one with the data, and a small one without, for the browser."""

import gzip
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import pytest

from tools.references import ROOT

NEEDED = 77  # the first setuptools that reads the license of pyproject.toml
DATA = {
    "softmax/data/mnist/train-images-idx3-ubyte.gz",
    "softmax/data/mnist/t10k-labels-idx1-ubyte.gz",
    "softmax/data/words/english-50000.tsv.gz",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        int(version("setuptools").split(".")[0]) < NEEDED,
        reason=f"Wheels need setuptools {NEEDED} or newer, here is {version('setuptools')}.",
    ),
]


def pip(*args, **environment):
    command = [sys.executable, "-m", "pip", *args, "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*command, "--disable-pip-version-check"], check=True, env=os.environ | environment
    )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The ordinary wheel and then, from the same folder, the one without data."""
    folder = tmp_path_factory.mktemp("wheels")
    source = folder / "source"
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "softmax", source / "softmax", ignore=leave_out)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = ("wheel", str(source), "--no-build-isolation", "--wheel-dir")
    pip(*build, str(folder / "ordinary"))
    pip(*build, str(folder / "small"), SOFTMAX_WITHOUT_DATA="1")
    return [next((folder / name).glob("*.whl")) for name in ("ordinary", "small")]


@pytest.fixture(scope="module")
def run(wheels, tmp_path_factory):
    """Return a function that runs code with the small wheel installed, and returns its output."""
    target = tmp_path_factory.mktemp("installed")
    pip("install", str(wheels[1]), "--target", str(target))

    def run(code, *args):
        place = f"import softmax; assert softmax.__file__.startswith({str(target)!r})\n"
        return subprocess.run(
            [sys.executable, "-c", place + code, *args],
            check=True,
            capture_output=True,
            text=True,
            cwd=target,
            env=os.environ | {"PYTHONPATH": str(target)},
        ).stdout

    return run


def files(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_ordinary_wheel_has_the_data(wheels):
    assert files(wheels[0]) >= DATA


def test_the_small_wheel_has_everything_else(wheels):
    ordinary, small = (
        {name for name in files(wheel) if not name.startswith("softmax_from_")} for wheel in wheels
    )
    assert small == {name for name in ordinary if not name.startswith("softmax/data/")}
    assert small >= {"softmax/py.typed", "softmax/book.mplstyle"}
    assert {f"softmax/live/_{name}/view.mjs" for name in ("digit", "logits")} <= small
    assert wheels[1].stat().st_size < 300_000 < wheels[0].stat().st_size / 30


def test_softmax_works_without_data(run):
    assert run("print(softmax.softmax([0.0, 0.0]))") == "[0.5 0.5]\n"


LOAD = """
import sys
try:
    print(softmax.load_mnist(*sys.argv[1:]).y_test[:3].tolist())
except OSError as error:
    print(type(error).__name__, error)
"""


def test_without_a_source_it_says_what_to_pass(run):
    assert run(LOAD).startswith("FileNotFoundError This copy of softmax was built without its data")


def test_a_folder_or_a_server_is_a_source(run, tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *details):
            pass

    folder = tmp_path / "mnist"
    shutil.copytree(ROOT / "softmax" / "data" / "mnist", folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{httpd.server_port}/mnist/"
        for source in (str(folder), address):
            assert run(LOAD, source) == "[7, 2, 1]\n"
        path = folder / "t10k-labels-idx1-ubyte.gz"
        content = bytearray(gzip.decompress(path.read_bytes()))
        content[8] = 8  # the first label of the test set was a 7
        path.write_bytes(gzip.compress(content))
        for source in (str(folder), address):
            found = run(LOAD, source)
            assert found.startswith("OSError ")
            assert "expected the SHA-256 ff7bcfd416de" in found
        httpd.shutdown()
