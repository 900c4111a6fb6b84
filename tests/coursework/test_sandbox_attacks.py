"""The sandbox against code that attacks it: each attack is really made."""

import os
import subprocess
import sys

import psutil
import pytest

from coursework.grader.assignment import Limits
from coursework.grader.bubblewrap import ENVIRONMENT
from tests.coursework.sandboxed import QUICK, nothing_is_left, require_sandbox, run, value

SLOW = Limits(cpu_seconds=1, wall_seconds=1, memory_bytes=512 << 20, processes=12)


@pytest.fixture(autouse=True)
def _sandbox():
    require_sandbox()


_nothing_is_left = pytest.fixture(autouse=True)(nothing_is_left)


def test_no_file_of_the_grader_or_of_its_user_can_be_seen(tmp_path, monkeypatch):
    (tmp_path / "checks.py").touch()
    monkeypatch.chdir(tmp_path)
    folders, files = value(
        """
        import os
        found, names = [], set()
        for folder, folders, files in os.walk("/"):
            if folder.startswith("/proc"):
                folders.clear()
                continue
            found.append(folder)
            names.update(files)
        return sorted(os.listdir("/")), sorted(names)
        """
    )
    assert {"grader", "packages", "proc", "dev", "tmp", "usr", "lib", "etc"} >= set(folders) - {
        "lib64",
        os.path.realpath(os.__file__).split("/")[1],
    }
    assert {"child.py", "values.py", "cells.py"} <= set(files)
    assert not {"checks.py", "assignment.py", "hw1.md", "marking.py", "passwd", "shadow"} & set(
        files
    )


def test_no_file_can_be_written_but_for_two_small_scratch_folders():
    written = value(
        """
        import os
        written = []
        for folder, folders, files in os.walk("/"):
            if folder.startswith("/proc/") and not folder.startswith("/proc/sys"):
                folders.clear()
                continue
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


def test_only_the_processes_of_the_sandbox_can_be_seen():
    pids, commands = value(
        """
        import os
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
        return pids, [open(f"/proc/{pid}/cmdline").read() for pid in pids]
        """
    )
    assert sorted(pids) == ["1", "2"]
    assert all("/grader/child.py" in command and "bwrap" not in command for command in commands)


def test_the_environment_is_empty_but_for_what_python_needs(monkeypatch):
    monkeypatch.setenv("A_SECRET", "swordfish")
    names, everything = value(
        """
        import os
        everything = ""
        for pid in (1, 2):
            try:
                everything += open(f"/proc/{pid}/environ").read()
            except PermissionError:
                pass
        return list(os.environ), everything
        """
    )
    assert set(names) <= {*ENVIRONMENT, "PWD", "LC_CTYPE"}
    assert "swordfish" not in everything


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK"])
def test_there_are_no_sockets_to_the_outside(family):
    result = run(f"import socket; socket.socket(socket.{family})")
    assert "PermissionError" in result.outcomes[0].message


def test_there_is_no_network_behind_the_filter_either(monkeypatch):
    monkeypatch.setattr("coursework.grader.process.filter_program", lambda: None)
    result = run("import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)")
    assert "Network is unreachable" in result.outcomes[0].message
    assert value("import os; return sorted(os.listdir('/proc/net/dev_snmp6'))") in ([], ["lo"])


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
    assert (result.status, result.outcomes[0].kind) == ("out of memory", "raised")
    assert "not enough memory: MemoryError" in result.reason


def test_memory_that_is_never_given_back():
    body = """
    global hog
    hog = []
    while True:
        hog.append(bytes(20_000))
    """
    result = run(body, (), (), (), limits=Limits(memory_bytes=512 << 20))
    assert result.status == "out of memory", result
    assert "not enough memory" in result.reason


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
    assert (result.status, result.reason) == (
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
    assert (result.status, result.reason) == ("too much output", "it printed more than 8 MB")


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
    assert (result.status, result.outcomes[0].kind) == ("timeout", "unanswered")
    assert result.reason.endswith((" within 1 s", " 1 s of computing time"))


def test_computing_time_is_limited_by_itself():
    limits = Limits(cpu_seconds=1, wall_seconds=60)
    for first in ("", "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"):
        result = run(first + "while True: pass", limits=limits)
        assert result.status == "timeout"
        assert result.reason == "it used more than 1 s of computing time"


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
    raised, ids, capabilities = value(
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
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        sets = [status[name].strip() for name in ("CapPrm", "CapEff", "CapAmb")]
        return raised, [*os.getresuid(), *os.getresgid(), *os.getgroups()], sets
        """
    )
    assert raised == []
    assert 0 not in ids
    assert [int(text, 16) for text in capabilities] == [0, 0, 0]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("unshare(0x10000000)", "EPERM"),  # a user namespace, in which one is root
        ("syscall(56, 0x10000000 | 17, 0, 0, 0, 0)", "EPERM"),  # the same by clone
        ("syscall(435, 0, 0)", "ENOSYS"),  # clone3
        ("ptrace(16, 1, 0, 0)", "EPERM"),
        ("mount(b'a', b'/tmp', b'tmpfs', 0, 0)", "EPERM"),
        ("shmget(0, 1 << 20, 0o1600)", "EPERM"),
        ("memfd_create(b'a', 0)", "EPERM"),
        ("syscall(425, 1, 0)", "EPERM"),  # io_uring_setup
        ("syscall(321, 0, 0, 0)", "EPERM"),  # bpf
        ("syscall(250, 0, 0)", "EPERM"),  # keyctl
    ],
)
def test_the_kernel_refuses_what_no_answer_needs(call, code):
    if os.uname().machine != "x86_64" and "syscall" in call:
        pytest.skip("these numbers of system calls are those of x86-64")
    failed, name = value(
        f"""
        import ctypes, errno
        library = ctypes.CDLL(None, use_errno=True)
        result = library.{call}
        return result == -1, errno.errorcode.get(ctypes.get_errno(), "")
        """
    )
    assert (failed, name) == (True, code)


def test_a_process_that_wants_to_outlive_the_answer_is_ended():
    namespace = value(
        """
        import os, signal, time
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            if os.fork() == 0:
                os.closerange(0, write)
                os.write(write, b"here")
                time.sleep(1000)
            os._exit(0)
        os.read(read, 4)
        return os.readlink("/proc/self/ns/pid")
        """
    )
    assert namespace.startswith("pid:[")
    assert namespace not in {_namespace(pid) for pid in psutil.pids()}


def _namespace(pid):
    """Return the namespace of process ids that a process is in; empty where it has ended."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def test_signals_of_the_terminal_do_not_reach_the_child():
    assert value("import os; return os.getsid(0), os.getpgid(0)") == (1, 1)


_START = """
import os, sys
sys.path.insert(0, "coursework/grader")
import child
prctl = child.ctypes.CDLL(None).prctl
read, write = os.pipe()
tell = lambda who: os.write(write, f"{who} {prctl(3, 0, 0, 0, 0)} ".encode())
def supervise(*arguments):
    os.wait()
    tell("supervisor")
    print(os.read(read, 99), flush=True)
    os._exit(0)
child.supervise = supervise
child.read_request = lambda: (tell("worker"), os._exit(0))
sys.argv[1:] = ["1", "0", "-1", "1"]
child.main()
"""


def test_the_memory_of_the_first_process_is_closed_to_its_own_user():
    # As root has given up its rights the kernel closes it by itself; ordinary users stay.
    command = [sys.executable, "-B", "-c", _START]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert told.strip() == "b'worker 1 supervisor 0 '"
    result = run('open("/proc/1/mem", "r+b")')
    assert result.outcomes[0].message.startswith("PermissionError")
