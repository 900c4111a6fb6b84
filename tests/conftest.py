"""Settings that all tests share."""

import matplotlib

from tests.references import prepare_environment

matplotlib.use("Agg")  # no windows; kernels that the tests start draw inline, see below
prepare_environment()


def pytest_configure(config):
    """Let nbval start the kernels of this interpreter, whatever kernelspec shadows it."""
    if getattr(config.option, "nbval", False) and not config.option.nbval_kernel_name:
        config.option.nbval_current_env = True
