"""The sandbox against code that attacks it: each attack is really made."""

import os
import signal

import numpy as np
import psutil
import pytest

from coursework.grader.assignment import Call, Limits
from coursework.grader.bubblewrap import ENVIRONMENT
from coursework.grader.sandbox import run_calls
from tests.coursework.sandboxed import QUICK, answer, require_sandbox, run, value

SLOW = Limits(cpu_seconds=1, wall_seconds=1, memory_bytes=512 << 20, processes=12)
# The child's own channel is a pipe that is neither standard output nor standard error.
CHANNEL = """
import os
folder = "/proc/self/fd/"
pipes = [int(n) for n in os.listdir(folder) if os.path.lexists(folder + n)
         and os.readlink(folder + n).startswith("pipe")]
channel = max(pipes)
"""


@pytest.fixture(autouse=True)
def _sandbox():
    require_sandbox()


@pytest.fixture(autouse=True)
def _nothing_is_left(_sandbox):
    """See that each attack leaves no process and no open file behind."""
    files = set(os.listdir("/proc/self/fd"))
    yield
    assert not psutil.Process().children(recursive=True)
    assert set(os.listdir("/proc/self/fd")) <= files


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
    assert (result.status, result.reason) == ("too much output", "it printed more than 1 MB")


def test_a_gigabyte_on_the_channel():
    result = run(CHANNEL + "while True:\n    os.write(channel, b'a' * 65536)", limits=Limits())
    assert result.status == "crashed"
    assert "more than 64 MB of results" in result.reason


@pytest.mark.parametrize(
    "message",
    [
        b"\n",
        b"hello\n",
        b"\xff\xfe\n",
        b"null\n",
        b"[]\n",
        b"[[]]\n",
        b"{}\n",
        b"[" * 50_000 + b"\n",
        b'["done"]\n',
        b'["done",1]\n',
        b'["ready",1]\n',
        b'["__init__"]\n',
        b'["problem",1,false]\n',
        b'["problem","a",false]\n' * 3,
        b'["outcome",1,"returned",null,"",[],false]\n',
        b'["outcome",0,"perfect",null,"",[],false]\n',
        b'["outcome",0,"returned",["object"],"",[],false]\n',
        b'["outcome",0,"returned",null,"",[[]],false]\n',
        b'["outcome",0,"returned",["int",' + b"9" * 1_000_000 + b'],"",[],false]\n',
        b'["outcome",0,"returned",NaN,"",[],false]\n',
    ],
)
def test_garbage_on_the_channel_ends_the_question(message):
    result = run(CHANNEL + f"os.write(channel, {message!r})\nimport time; time.sleep(100)")
    assert (result.status, result.outcomes[0].kind) == ("crashed", "unanswered")
    assert result.reason == "the process was stopped: it wrote to the channel of the grader"


def test_a_forged_result_is_data_as_any_other():
    forged = '["outcome",0,"returned",["int",42],"\\\\u001b[2J \\\\ud800",[0,"y",0],true]\\n'
    result = run(CHANNEL + f"os.write(channel, b'{forged}')\nreturn 1", (np.zeros(2),))
    assert (result.outcomes[0].kind, result.outcomes[0].value) == ("returned", 42)
    assert result.outcomes[0].changed == (0,)
    assert result.outcomes[0].message == "\N{REPLACEMENT CHARACTER}[2J \N{REPLACEMENT CHARACTER}"
    assert result.status == "crashed"  # two results of one call


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(0)", "ended itself (exit code 0)"),
        ("import os; os._exit(7)", "ended itself (exit code 7)"),
        ("import ctypes; ctypes.string_at(0)", "signal 11 (SIGSEGV)"),
        ("import os; os.abort()", "signal 6 (SIGABRT)"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9 (SIGKILL)"),
        (CHANNEL + "os.close(channel); import time; time.sleep(100)", "closed the channel"),
        ("import os; os.closerange(0, 100)", "ended itself"),
    ],
)
def test_the_end_of_the_process_counts_from_there_on(body, reason):
    result = run_calls(
        [answer("return 1"), answer(body).replace("def f", "def g")],
        [Call("f"), Call("g"), Call("f")],
        limits=QUICK,
    )
    assert [o.kind for o in result.outcomes] == ["returned", "unanswered", "unanswered"]
    assert result.status == "crashed"
    assert reason in result.reason
    assert reason in result.outcomes[2].message


def test_the_first_process_cannot_be_killed_or_traced():
    pids = value(
        """
        import os, signal
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
            os.kill(1, number)
        return os.getppid()
        """
    )
    assert pids == 1


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
    assert 50 < opened <= 128


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


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("np.broadcast_to(0.0, (10**7, 10**7))", "more than 16 MB of numbers"),
        ("np.zeros((3000, 1000))", "more than 16 MB of numbers"),
        ("[0] * 10**6", "lists of more than 200,000 items"),
        ("'a' * 10**6", "a string of more than 100,000 characters"),
        ("10**10000", "a whole number of more than 64 bits"),
        ("[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]", "nested more than 20 deep"),
        ("np.array([object()])", "an array of dtype object"),
        ("(n for n in ())", "a generator, which is not made of plain numbers"),
        ("type('Equal', (), {'__eq__': lambda a, b: True})()", "an Equal, which is not"),
    ],
)
def test_results_that_are_refused(expression, words):
    result = run(f"import numpy as np\nreturn {expression}")
    assert (result.status, result.outcomes[0].kind) == ("ok", "refused")
    assert words in result.outcomes[0].message


def test_an_object_that_raises_while_it_is_read():
    result = run(
        """
        class Evil(list):
            def __iter__(self):
                raise SystemExit("no")
        return Evil()
        """
    )
    assert (result.status, result.outcomes[0].kind) == ("ok", "raised")


def test_an_exception_that_cannot_be_put_in_words():
    result = run(
        """
        class Evil(Exception):
            def __str__(self):
                raise SystemExit("no")
        raise Evil
        """
    )
    assert result.outcomes[0].message.startswith("Evil")


def test_patches_of_numpy_and_json_stay_in_their_process():
    got = value(
        """
        import builtins, json, os
        import numpy as np
        array = np.arange(3)
        json.dumps = json.loads = np.ndarray = np.generic = np.frombuffer = np.dtype = None
        builtins.len = builtins.print = builtins.zip = builtins.enumerate = None
        builtins.memoryview = builtins.callable = os.write = os._exit = None
        return array, [1.5]
        """
    )
    np.testing.assert_array_equal(got[0], np.arange(3))
    assert got[1] == [1.5]
    assert len([1]) == 1


def test_signals_of_the_terminal_do_not_reach_the_grader():
    group = value("import os; os.killpg(0, 0); return os.getpgid(0)")
    assert group == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
