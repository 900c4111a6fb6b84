"""The command that starts a process under bubblewrap, and what it sees there."""

import functools
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path

from coursework.grader.sandbox.policy.libraries import PACKAGES, interpreter_paths, library_paths

GUEST = Path(__file__).resolve().parent.parent / "guest"
GRADER = "/grader"  # where the guest's files are in the sandbox
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PATH": "/usr/bin",
}
SCRATCH = ("/tmp", "/dev/shm")  # the folders that can be written
MAX_FILES = 10_000  # in each of them: also an empty file takes memory
OLDEST = (0, 8)  # the version of bubblewrap that brought the last of the options used here
# The user ids to choose from: so many that no two children get the same one.
_FIRST_UID, _UIDS = 1 << 30, 1 << 29


def find():
    """Return the path of bubblewrap, or None."""
    return shutil.which("bwrap")


@functools.cache
def version(path):
    """Return the version of the bubblewrap at a path, such as (0, 8, 0)."""
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return tuple(map(int, re.findall(r"\d+", answer.stdout)))


def arguments(libraries, scratch_bytes):
    """Return the arguments of bubblewrap, and the user id for the child, or -1 where it has one."""
    uid = spare_uid()
    options = "--die-with-parent --new-session --as-pid-1 --hostname sandbox --clearenv"
    if uid >= 0:  # no user namespace, in which root would still be root
        options += " --unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try"
        options += " --cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID"
    else:
        options += " --unshare-all --unshare-user --disable-userns"
    arguments = options.split()
    for name, value in ENVIRONMENT.items():
        arguments += ["--setenv", name, value]
    # No /proc, which tells of the machine, and no /dev/zero, a way to memory that nobody counts.
    arguments += ["--dir", "/dev"]
    for path in ("/dev/null", "/dev/urandom"):
        arguments += ["--dev-bind", path, path]
    arguments += _view(libraries)
    for path in SCRATCH:
        arguments += ["--size", str(scratch_bytes), "--perms", "1777", "--tmpfs", path]
    return [*arguments, "--chdir", "/tmp", "--remount-ro", "/"], uid


def spare_uid():
    """Return a user id for one child that nobody else has, or -1 where we are not root.

    The limit on processes counts by user id and does not bind root. In a container where root
    has no other ids to give, -1 as well: a separate namespace serves there.
    """
    if os.geteuid() != 0:
        return -1
    first, _, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    if first != 0 or count < 10_000:
        return -1
    lowest = min(_FIRST_UID, count // 2)
    # The last id of a container is that of nobody.
    return lowest + secrets.randbelow(min(_UIDS, count - lowest - 2))


def _view(libraries):
    """Return the arguments that show Python and the libraries, and nothing else."""
    shown, hidden = interpreter_paths()
    binds = [(path, path) for path in shown]
    binds += [(path, f"{PACKAGES}/{name}") for name, path in library_paths(libraries).items()]
    binds += [(path, f"{GRADER}/{path.name}") for path in GUEST.glob("*.py")]
    arguments = []
    # Bubblewrap 0.8 makes the missing parents of a bind, but only root can read them.
    for folder in sorted({str(parent) for _, target in binds for parent in Path(target).parents}):
        arguments += ["--dir", folder]
    for source, target in binds:
        arguments += ["--ro-bind", str(source), target]
    for path in hidden:
        arguments += ["--size", "4096", "--tmpfs", path, "--remount-ro", path]
    for path in ("/lib", "/lib32", "/lib64"):  # they may be links into /usr
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            arguments += ["--ro-bind", path, path]
    return [*arguments, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]


def why_forbidden():
    """Return why this system may forbid the namespaces that bubblewrap needs."""
    settings = {
        "kernel.apparmor_restrict_unprivileged_userns=0": (
            "1",
            "AppArmor forbids user namespaces to ordinary users here, as Ubuntu 24.04 does, but "
            "for programs that have a profile with the rule `userns,`",
        ),
        "kernel.unprivileged_userns_clone=1": (
            "0",
            "User namespaces are forbidden to ordinary users here",
        ),
        "user.max_user_namespaces=10000": ("0", "User namespaces are switched off here"),
    }
    for setting, (now, problem) in settings.items():
        path = Path("/proc/sys", *setting.partition("=")[0].split("."))
        if path.exists() and path.read_text().strip() == now:
            return f"{problem}; an administrator can allow them with sysctl {setting}."
    return (
        "If this is a container, it has to be started with rights to make namespaces, as with "
        "Docker's --privileged."
    )
