"""Install the frameworks of the page Frameworks, test its tabs, and say what was run.

``python -m tools.frameworks`` is what ``make frameworks`` calls, in an environment of its own.
Each framework is installed by itself: one that cannot be had here is reported, and keeps none of
the others from being tested.
"""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
# conftest.py needs what builds the book; this environment has only what the tabs need.
PYTEST = [sys.executable, "-m", "pytest", "--noconftest", "-rs", "tests/book/test_frameworks.py"]


def requirements(path=ROOT / "requirements-frameworks.txt"):
    """Return the requirements that apply to this machine."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [item for item in found if item.marker is None or item.marker.evaluate()]


def install(requirement):
    """Install one framework, and return whether that worked."""
    return subprocess.run([*PIP, f"{requirement.name}{requirement.specifier}"]).returncode == 0


def main():
    """Install, test and report; return the exit status of the tests."""
    missing = [item for item in requirements() if not install(item)]
    extensions = {"PYTHONPATH": str(ROOT / "book" / "_ext")}
    status = subprocess.run(PYTEST, cwd=ROOT, env=os.environ | extensions).returncode
    print("\nThe tabs of the page Frameworks ran" + (":" if status == 0 else " and FAILED:"))
    for item in requirements():
        if item in missing:
            print(f"  {item.name}: NOT RUN, {item} could not be installed (see above)")
        else:
            print(f"  {item.name} {metadata.version(item.name)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
