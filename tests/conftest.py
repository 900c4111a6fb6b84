"""Settings and fixtures that all tests share."""

import gc
import itertools
import os
import random
import socket

import matplotlib
import pytest
from jupyter_client import LocalPortCache

# First the references: they make the book's Sphinx extensions importable.
from tools.references import ROOT, SANITIZE, chapters_with_code, prepare_environment  # isort: split

import needed_data

# It sets how Hypothesis works, which must not depend on the files that are read before.
import tests.package.numeric  # noqa: F401

matplotlib.use("Agg")  # no windows; kernels that the tests start draw inline, see below
prepare_environment()

CHAPTERS = chapters_with_code()
HANGING = 600  # seconds after which a kernel counts as hanging; a busy machine is slow


class KernelPorts(LocalPortCache):
    """Ports of kernels, each for one kernel only.

    Jupyter takes a free port of those that the system gives to every connection, and passes its
    number to the kernel. Until that listens, a second later, a browser beside it may have the port.
    These lie below (Linux: from 32768, macOS and Windows: from 49152). Each process has a range of
    its own: whoever is bound to its first port has it, until the process ends.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        for first in range(12_000, 32_000, 500):
            self.claim = socket.socket()
            try:
                self.claim.bind(("127.0.0.1", first))
            except OSError:
                self.claim.close()
            else:
                break
        else:
            raise RuntimeError("The ports 12,000 to 31,999 are all in use.")
        self.numbers = itertools.cycle(range(first + 1, first + 500))

    def find_available_port(self, ip):
        """Return the next port that nobody listens at."""
        for port in self.numbers:
            with socket.socket() as trial:
                try:
                    trial.bind((ip, port))
                except OSError:
                    continue
            return port


KernelPorts.instance()  # from now on also what LocalPortCache.instance() returns


def pytest_addoption(parser):
    """Add the option that shuffles the files; it shows tests that depend on one another."""
    parser.addoption(
        "--file-order-seed",
        type=int,
        metavar="N",
        help="run the test files in a random order, each file's own tests in their usual one",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the garbage collector rest while tests are collected, and leave them out afterwards.

    They are nearly a million objects that stay, and it would go through them again and again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config, items):
    """Put the notebooks and the tests of the site first, which take longest, or shuffle the files.

    Cells of a notebook, which share a kernel, keep their order.
    """
    seed = config.getoption("file_order_seed")
    if seed is None:
        items.sort(key=lambda item: (item.path.suffix != ".ipynb", item.path.parent.name != "site"))
        return
    files = sorted({item.path for item in items})
    random.Random(seed).shuffle(files)
    place = {path: index for index, path in enumerate(files)}
    items.sort(key=lambda item: place[item.path])


def pytest_configure(config):
    """Tell nbval what to leave out, and to use this interpreter, whatever kernelspec shadows it."""
    if not getattr(config.option, "nbval", False):
        return
    if not config.option.nbval_kernel_name:
        config.option.nbval_current_env = True
    if not config.option.nbval_sanitize_with:
        config.option.nbval_sanitize_with = str(SANITIZE)
    config.option.nbval_kernel_startup_timeout = HANGING


def require(reason):
    """Go on if `reason` is None. Otherwise skip the test, or fail it where data are required."""
    if reason is None:
        return
    if needed_data.is_required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)  # before nbval starts a kernel
def pytest_runtest_setup(item):
    """Skip the reference notebooks whose data set cannot be had, and give the others time."""
    if item.path.suffix == ".ipynb" and item.path.stem in CHAPTERS:
        require(needed_data.why_not(CHAPTERS[item.path.stem]))
        item.output_timeout = HANGING


def pytest_terminal_summary(terminalreporter):
    """Say what was skipped for want of data, and print the tables that tests have recorded.

    Both also where pytest is asked to be quiet, and where the tests ran in other processes.
    """
    seed = terminalreporter.config.getoption("file_order_seed")
    if seed is not None:
        terminalreporter.write_line(f"The files ran in the order of --file-order-seed {seed}.")
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, text in report.user_properties:
            if name == "table":
                terminalreporter.write_line(f"\n{text}")
    reports = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in reports]
    for reason in sorted({reason for reason in reasons if needed_data.NOT_HERE in reason}):
        terminalreporter.write_line(f"SKIPPED {reasons.count(reason)} tests: {reason}", yellow=True)


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


@pytest.fixture
def needs_its_data():
    """Return a function that passes over the test of a chapter whose data set cannot be had."""
    return lambda name: require(needed_data.why_not(CHAPTERS[name]))


@pytest.fixture
def fashion_mnist():
    """Pass over the test if Fashion-MNIST cannot be had."""
    require(needed_data.why_not_dataset("fashion-mnist", "The test"))
