"""Keep the executed chapters as long as what they run on stays the same.

``python -m tools.execution_key KEY FILE ...`` compares the contents of the files and the versions
of what chapters run on with those that ``KEY`` was written for. If they differ, the folder of
``KEY`` is removed, outputs and all, and a new one is written. jupyter-cache knows the cells of a
chapter, but not the package that they import. Contents are compared, not times, so outputs that
were restored from elsewhere are used.
"""

import hashlib
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

# What chapters import, and what runs them.
RUN_ON = (
    "ipykernel",
    "jupyter-cache",
    "matplotlib",
    "myst-nb",
    "nbclient",
    "numpy",
    "scikit-learn",
    "scipy",
)


def key_of(files):
    """Return a hash of what chapters run on."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\n".encode() + hashlib.sha256(Path(name).read_bytes()).digest())
    for name in RUN_ON:
        digest.update(f"{name} {version(name)}\n".encode())
    digest.update(sys.version.encode())
    return digest.hexdigest()


def main(path, *files):
    """Write the key to `path`, in an empty folder unless it was there before."""
    path, key = Path(path), key_of(files)
    if not path.exists() or path.read_text(encoding="utf-8") != key:
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir(parents=True)
    path.write_text(key, encoding="utf-8")  # also where it is the same: make looks at its time


if __name__ == "__main__":
    main(*sys.argv[1:])
