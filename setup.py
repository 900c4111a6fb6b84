"""Leave the data out of the package where SOFTMAX_WITHOUT_DATA is set; pyproject.toml has the rest.

``SOFTMAX_WITHOUT_DATA=1 python -m pip wheel --no-deps --wheel-dir _build/wheel .`` builds a wheel
of some 200 kB, for the browser. There the loaders in softmax.datasets are told where the data are.
"""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# A folder of its own: in the usual one, an earlier build may have left the data.
BUILD = Path("build") / "without-data"


class BuildWithoutData(build_py):
    """Copy everything into the package except the folder ``data``."""

    def find_data_files(self, package, src_dir):
        """Return the files of a package that are not Python."""
        found = super().find_data_files(package, src_dir)
        data = Path(src_dir) / "data"
        return [path for path in found if data not in Path(path).parents]


if os.environ.get("SOFTMAX_WITHOUT_DATA"):
    shutil.rmtree(BUILD, ignore_errors=True)
    setup(cmdclass={"build_py": BuildWithoutData}, options={"build": {"build_base": str(BUILD)}})
else:
    setup()
