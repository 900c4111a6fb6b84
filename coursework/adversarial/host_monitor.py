"""What a submission must not reach on the machine that grades it, and whether it did."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
from pathlib import Path

import psutil

CANARY = "ADVERSARIAL_CANARY"
PR_SET_CHILD_SUBREAPER = 36
SHARED = ("/tmp", "/dev/shm", "/var/tmp", "/run", "/", "~", ".")


class Listener:
    """Listens on a port of this machine and on an abstract socket, and counts who comes.

    Use it in a ``with`` statement.
    """

    def __init__(self):
        self.visits = 0
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.tcp_port = self._tcp.getsockname()[1]
        self.abstract_name = f"softmax-adversarial-{os.getpid()}"
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(f"\0{self.abstract_name}")
        self._unix.listen()

    def __enter__(self):
        for server in (self._tcp, self._unix):
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in (self._tcp, self._unix):
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()

    def _accept(self, server):
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return
            self.visits += 1


def adopt_orphans(adopt=True):
    """Make this process the parent of what its descendants leave behind, so that it is seen.

    With False, orphans go to the first process of the machine again.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def left_processes():
    """Return the command lines of this process's descendants that belong to a sandbox."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and ("bwrap" in line or "child.py" in line or not line):
                found.append(f"{process.pid} {line[:100]}")
    return found


def left_files():
    """Return the files that adversarial submissions have left where all may write."""
    folders = {Path(folder).expanduser().resolve() for folder in SHARED}
    return sorted(
        str(path)
        for folder in folders
        if folder.is_dir()
        for pattern in (
            "adversarial-[0-9]*",
            "adversarial-message",
            "adversarial.py",
            "adversarial",
        )
        for path in folder.glob(pattern)
        if path.is_file()
    )
