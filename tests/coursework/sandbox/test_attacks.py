"""The sandbox against code that attacks it: each attack is really made."""

import errno
import os
import struct
import time
from pathlib import Path

import psutil
import pytest

from coursework.grader.model import Cause, Limits, Reason
from coursework.grader.output.wording import say
from coursework.grader.sandbox import host, process
from coursework.grader.sandbox.policy.bubblewrap import ENVIRONMENT
from tests.coursework.sandboxed import (
    QUICK,
    run,
    status_of,
    value,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sandbox", "nothing_is_left")]

_EVERYTHING = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)  # a filter of system calls that allows all
_CLONE = 56 if os.uname().machine == "x86_64" else 220
LOOKED_AT = Reason(Cause.PROTOCOL, ("it was looked at",))
SLOW = Limits(cpu_seconds=1, wall_seconds=1, memory_bytes=512 << 20, processes=12)


def test_no_file_of_the_grader_or_of_its_user_can_be_seen(tmp_path, monkeypatch):
    (tmp_path / "checks.py").touch()
    monkeypatch.chdir(tmp_path)
    folders, files = value(
        """
        import os
        found, names = [], set()
        for folder, folders, files in os.walk("/"):
            found.append(folder)
            names.update(files)
        return sorted(os.listdir("/")), sorted(names)
        """
    )
    assert {"grader", "packages", "dev", "tmp", "usr", "lib", "etc"} >= set(folders) - {
        "lib64",
        os.path.realpath(os.__file__).split("/")[1],
    }
    assert {"child.py", "codec.py", "cells.py"} <= set(files)
    assert not {"checks.py", "model.py", "hw1.md", "question.py", "passwd", "shadow"} & set(files)


def test_no_file_can_be_written_but_for_two_small_scratch_folders():
    written = value(
        """
        import os
        written = []
        for folder, folders, files in os.walk("/"):
            try:
                open(folder + "/written", "w").close()
            except OSError:
                continue
            written.append(folder)
        return written
        """
    )
    assert sorted(written) == ["/dev/shm", "/tmp"]


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_a_scratch_folder_cannot_be_filled_beyond_its_size(folder):
    written, message = value(
        f"""
        total = 0
        for number in range(1000):
            try:
                with open(f"{folder}/{{number}}", "wb") as file:
                    total += file.write(bytes(1 << 20))
            except OSError as error:
                return total, str(error)
        """,
    )
    assert "No space left" in message
    assert written <= QUICK.file_bytes


def test_a_file_has_a_largest_size():
    result = run(
        """
        with open("/tmp/x", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 19))
        """,
        limits=Limits(file_bytes=1 << 20),
    )
    assert "File too large" in result.outcomes[0].message


def test_nothing_tells_of_the_machine():
    assert not value("import os; return os.path.exists('/proc') or os.path.exists('/sys')")
    assert value("import os; return sorted(os.listdir('/dev'))") == ["null", "shm", "urandom"]


def test_the_environment_is_empty_but_for_what_python_needs(monkeypatch):
    monkeypatch.setenv("A_SECRET", "swordfish")
    assert set(value("import os; return list(os.environ)")) <= {*ENVIRONMENT, "PWD", "LC_CTYPE"}


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK"])
def test_there_are_no_sockets_to_the_outside(family):
    result = run(f"import socket; socket.socket(socket.{family})")
    assert "PermissionError" in result.outcomes[0].message


def test_there_is_no_network_behind_the_filter_either(monkeypatch):
    monkeypatch.setattr("coursework.grader.sandbox.process.filter_program", lambda: _EVERYTHING)
    result = run("import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)")
    assert "Network is unreachable" in result.outcomes[0].message
    assert value("import socket; return [name for _, name in socket.if_nameindex()]") == ["lo"]


@pytest.mark.parametrize("module", ["scipy", "sklearn", "softmax", "coursework", "pytest", "pip"])
def test_other_libraries_are_not_there(module):
    result = run(
        f"""
        import os, sys
        standard = os.path.dirname(os.__file__)
        sys.path += ["/", f"{{standard}}/site-packages", "/usr/lib/python3/dist-packages"]
        import {module}
        """
    )
    assert result.outcomes[0].message.startswith(f"ModuleNotFoundError: No module named '{module}'")


def test_a_fork_bomb_ends_at_the_limit():
    started, message = value(
        """
        import os, time
        started = 0
        try:
            while True:
                if os.fork() == 0:
                    time.sleep(100)
                started += 1
        except OSError as error:
            return started, str(error)
        """
    )
    assert started < QUICK.processes
    assert "temporarily unavailable" in message


def test_copies_of_the_answer_do_not_speak():
    assert value("import os\nos.fork(), os.fork()\nreturn 1") == 1


def test_threads_end_at_the_limit():
    started = value(
        """
        import threading, time
        threading.stack_size(1 << 16)
        started = 0
        try:
            while True:
                threading.Thread(target=time.sleep, args=(100,)).start()
                started += 1
        except RuntimeError:
            return started
        """,
        limits=Limits(processes=12),
    )
    assert started < 12


def test_memory_of_one_process():
    result = run("return len([bytes(1 << 20) for _ in range(2000)])")
    assert (status_of(result), result.outcomes[0].kind) == ("out of memory", "raised")
    assert "not enough memory: MemoryError" in say(result.reason)


def test_memory_that_is_never_given_back():
    body = """
    global hog
    hog = []
    while True:
        hog.append(bytes(20_000))
    """
    result = run(body, (), (), (), limits=Limits(memory_bytes=512 << 20))
    assert status_of(result) == "out of memory", result
    assert "not enough memory" in say(result.reason)


def test_memory_of_many_processes_together():
    result = run(
        """
        import os, time
        for _ in range(4):
            if os.fork() == 0:
                data = os.urandom(1 << 20) * 200
                time.sleep(100)
        time.sleep(100)
        """
    )
    assert (status_of(result), say(result.reason)) == (
        "out of memory",
        "it used more than 512 MB of memory",
    )
    assert result.outcomes[0].kind == "unanswered"


@pytest.mark.parametrize("where", ["stdout", "stderr"])
def test_a_gigabyte_of_output(where):
    result = run(
        f"""
        import sys
        for _ in range(1000):
            sys.{where}.write("a" * (1 << 20))
        """
    )
    assert (status_of(result), say(result.reason)) == (
        "too much output",
        "it printed more than 8 MB",
    )


def test_output_is_read_while_looking_takes_long(monkeypatch):
    monkeypatch.setattr(host, "_too_big", lambda child, limits: time.sleep(1))
    limits = Limits(wall_seconds=8, output_bytes=1 << 20)
    result = run("while True: print('a' * (1 << 16))", limits=limits)
    assert status_of(result) == "too much output"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        "import time; time.sleep(1000)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "input_waits = __import__('os').pipe(); __import__('os').read(input_waits[0], 1)",
    ],
)
def test_an_answer_that_never_comes(body):
    result = run(body, limits=SLOW)
    assert (status_of(result), result.outcomes[0].kind) == ("timeout", "unanswered")
    assert say(result.reason).endswith((" within 1 s", " 1 s of computing time"))


def test_computing_time_is_limited_by_itself():
    limits = Limits(cpu_seconds=1, wall_seconds=60)
    for first in ("", "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"):
        result = run(first + "while True: pass", limits=limits)
        assert status_of(result) == "timeout"
        assert say(result.reason) == "it used more than 1 s of computing time"


def test_computing_time_is_that_of_all_processes_together():
    body = """
    import os
    while True:
        if os.fork() == 0:
            while True:
                pass
        os.wait()
    """
    result = run(body, limits=Limits(cpu_seconds=1, wall_seconds=30))
    assert say(result.reason) == "it used more than 1 s of computing time"


def test_open_files_end_at_the_limit():
    opened = value(
        """
        files = []
        try:
            while True:
                files.append(open("/dev/null"))
        except OSError:
            return len(files)
        """
    )
    assert 40 < opened <= 64


def test_limits_and_rights_cannot_be_raised():
    raised, ids = value(
        """
        import os, resource
        raised = []
        for name in dir(resource):
            if not name.startswith("RLIMIT_"):
                continue
            number = getattr(resource, name)
            hard = resource.getrlimit(number)[1]
            if hard == resource.RLIM_INFINITY:
                continue
            try:
                resource.setrlimit(number, (hard + 1, hard + 1))
                raised.append(name)
            except (OSError, ValueError):
                pass
        for change in (os.setuid, os.setgid, os.seteuid):
            try:
                change(0)
                raised.append(change.__name__)
            except OSError:
                pass
        return raised, [*os.getresuid(), *os.getresgid(), *os.getgroups()]
        """
    )
    assert raised == []
    assert 0 not in ids


def test_what_counts_for_all_processes_of_the_user_is_limited():
    # core(5): 1 is the limit with which not even a handler of crashes starts.
    core, pending = value(
        """
        import resource
        names = "RLIMIT_CORE", "RLIMIT_SIGPENDING"
        return [resource.getrlimit(getattr(resource, name)) for name in names]
        """
    )
    assert (core, pending) == ((1, 1), (64, 64))


def test_no_process_has_a_capability_or_is_without_the_filter(monkeypatch):
    lines = []

    def look(child, limits):
        _, *family = process._family(child.process.pid)  # the first is bubblewrap
        if len(family) == 3:  # the student's code runs: this is its copy
            lines.extend(Path(f"/proc/{p.pid}/status").read_text() for p in family)
            return LOOKED_AT

    monkeypatch.setattr(host, "_too_big", look)
    assert run("import os, time; os.fork(); time.sleep(100)").reason == LOOKED_AT
    for text in lines:
        status = dict(line.split(":\t", 1) for line in text.splitlines())
        assert [int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")] == [0, 0, 0]
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize(
    "call",
    [
        "unshare(0x10000000)",  # a user namespace, in which one is root
        f"syscall({_CLONE}, 0x10000000 | 17, 0, 0, 0, 0)",  # the same
        "ptrace(16, 1, 0, 0)",
        "mount(b'a', b'/tmp', b'tmpfs', 0, 0)",
        "prctl(22, 1, 0, 0, 0)",  # PR_SET_SECCOMP
        "prctl(4, 0, 0, 0, 0)",  # PR_SET_DUMPABLE
        "shmget(0, 1 << 20, 0o1600)",
        "mq_open(b'/a', 0o102, 0o600, None)",
        "memfd_create(b'a', 0)",
        "eventfd(0, 0)",
        "inotify_init()",
        "epoll_create1(0)",
        "timerfd_create(0, 0)",
        "sched_setaffinity(0, 8, b'11111111')",
        "setpriority(0, 0, 10)",
        "mlockall(1)",
        "madvise(0, 0, 21)",  # MADV_PAGEOUT
        "sync_file_range(0, 0, 0, 0)",
        "syncfs(0)",
        "fcntl(0, 1024, 1)",  # F_SETLEASE
        "fcntl(0, 1031, 1)",  # F_SETPIPE_SZ
        "ioctl(0, 0x5412, b'a')",  # TIOCSTI
        "flock(0, 1)",
        "setxattr(b'/tmp', b'user.a', b'a', 1, 0)",
        "lsetxattr(b'/tmp', b'user.a', b'a', 1, 0)",
        "fsetxattr(0, b'user.a', b'a', 1, 0)",
        "removexattr(b'/tmp', b'user.a')",
        "syscall(425, 1, 0)",  # io_uring_setup; these numbers are the same everywhere
        "syscall(435, 0, 0)",  # clone3
        "syscall(438, 0, 0, 0)",  # pidfd_getfd
        "syscall(463, 0, 0, 0, 0, 0, 0)",  # setxattrat
        "syscall(0x40000027)",  # getpid by the other numbers of x86-64, or none
        "syscall(99999)",
    ],
)
def test_the_kernel_refuses_what_no_answer_needs(call):
    failed, name = value(
        f"""
        import ctypes, errno
        library = ctypes.CDLL(None, use_errno=True)
        result = library.{call}
        return result == -1, errno.errorcode.get(ctypes.get_errno(), "")
        """
    )
    assert (failed, name) == (True, "ENOSYS")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="a machine without a second ABI")
def test_the_calls_of_32_bits_are_refused():
    result = run(
        """
        import ctypes, mmap
        code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
        code.write(b"\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3")  # getpid by int 0x80
        return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        """
    )
    assert status_of(result) == "crashed" or result.outcomes[0].value == -errno.ENOSYS


def test_what_honest_code_calls_still_works():
    body = """
    import asyncio, os, shutil, signal, subprocess, sys
    from multiprocessing import get_context, shared_memory
    import numpy as np
    import matplotlib.pyplot as plt
    async def wait():
        await asyncio.sleep(0.001)
        return await asyncio.to_thread(abs, -1)
    assert asyncio.run(wait()) == 1
    ways = get_context("fork")
    one, other = ways.Pipe()
    one.send("text")
    assert other.recv() == "text" and ways.Value("i", 3).value == 3
    block = shared_memory.SharedMemory(create=True, size=10)
    block.close(), block.unlink()
    plt.plot(np.arange(3.0))
    for kind in ("png", "pdf", "svg"):
        plt.savefig(f"plot.{kind}")
    np.save("a.npy", np.arange(3))
    np.load("a.npy", mmap_mode="r+").flush()
    shutil.copy2("a.npy", "b.npy")
    with open("b.npy", "ab") as file:
        os.fsync(file.fileno())
    os.utime("b.npy"), os.chmod("b.npy", 0o600), os.replace("b.npy", "c.npy")
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    signal.pause()
    assert np.linalg.svd(np.ones((200, 200)))[1].shape == (200,)
    told = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout
    try:
        os.listxattr("/tmp")
        subprocess.run(["ls"])
    except OSError as error:
        return told == b"1\\n", type(error).__name__
    """
    assert value(body, limits=Limits()) == (True, "OSError")


def test_a_process_that_wants_to_outlive_the_answer_is_ended(monkeypatch):
    body = """
    import os, signal, time
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if os.fork() == 0:
            os.closerange(0, 64)
            time.sleep(1000)
        os._exit(0)
    time.sleep(1000)
    """
    seen = []

    def look(child, limits):
        seen[:] = process._family(child.process.pid)
        # Bubblewrap, the first process of the namespace, the student's and the one that stays.
        return LOOKED_AT if len(seen) >= 4 and _orphan(seen) else None

    monkeypatch.setattr(host, "_too_big", look)
    assert run(body).reason == LOOKED_AT
    _, alive = psutil.wait_procs(seen, timeout=60)
    assert not alive


def _orphan(family):
    """Return whether the first process of a namespace has taken on a second child."""
    return sum(p.ppid() == family[1].pid for p in family) == 2


def test_signals_of_the_terminal_do_not_reach_the_child():
    assert value("import os; return os.getsid(0), os.getpgid(0)") == (1, 1)
