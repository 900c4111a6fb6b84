"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from pathlib import Path


def write_csv(path, rows, encoding="utf-8", end="\r\n"):
    """Write rows of cells as a CSV file, by default with the line ends of RFC 4180."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows(rows)
    write_atomically(path, out.getvalue(), encoding)


def write_atomically(path, text, encoding="utf-8", *, flush=False):
    """Write a text file aside and rename it, so that nobody ever sees half of it.

    With `flush`, it is on the disk before it is renamed: also a machine that loses its power
    then has the file before or the one after.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")
    try:
        with os.fdopen(descriptor, "w", encoding=encoding, newline="") as file:
            file.write(text)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        # mkstemp makes files for the owner alone; those that are handed out follow the umask.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(aside, 0o666 & ~umask)
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
