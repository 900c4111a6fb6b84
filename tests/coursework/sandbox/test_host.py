"""What the sandbox promises to honest answers, and to the grader that calls it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

from coursework.grader.marking.magics import to_python
from coursework.grader.model import Call, Function, Limits
from coursework.grader.output.wording import say
from coursework.grader.sandbox import host
from coursework.grader.sandbox.guest.codec import ValueProblem
from coursework.grader.sandbox.host import SandboxError, check_sandbox, run_calls
from coursework.grader.sandbox.policy import bubblewrap, seccomp
from coursework.grader.sandbox.policy.libraries import library_paths
from tests.coursework.sandboxed import (
    QUICK,
    answer,
    find_children,
    run,
    status_of,
    value,
)

pytestmark = pytest.mark.usefixtures("sandbox")
BOTH = pytest.mark.parametrize("sandboxed", [True, False], ids=["sandbox", "no-sandbox"])


@BOTH
def test_calls_are_answered_in_order(sandboxed):
    cells = [
        "def scale(x, factor=2.0):\n    return factor * x",
        "def twice(f, x):\n    return f(f(x))",
    ]
    calls = [
        Call("scale", (np.arange(3.0),)),
        Call("scale", (np.float32(1.5),), {"factor": 3}),
        Call("twice", (Function("lambda z: np.sum(a * z)", {"a": np.array([1.0, 2.0])}), 1.0)),
        Call("absent"),
        Call("scale", ([1.0],), {"factor": None}),
    ]
    result = run_calls(cells, calls, limits=QUICK, prelude="import numpy as np", sandbox=sandboxed)
    assert (status_of(result), say(result.reason), result.problems) == ("ok", "", [])
    assert [o.kind for o in result.outcomes] == [
        "returned",
        "returned",
        "returned",
        "undefined",
        "raised",
    ]
    np.testing.assert_array_equal(result.outcomes[0].value, [0.0, 2.0, 4.0])
    assert result.outcomes[1].value == 4.5
    assert result.outcomes[1].value.dtype == np.float32
    assert result.outcomes[2].value == 9.0
    assert result.outcomes[3].message == "no cell defines absent"
    assert result.outcomes[4].message.startswith("TypeError: can't multiply")
    assert result.outcomes[4].message.endswith("(cell 1, line 2)")


def test_changed_arguments_are_reported():
    calls = [
        Call("f", (np.zeros(2), {"w": np.zeros(2)}), {"into": [1.0, np.nan]}),
        Call("f", (np.zeros(2), {"w": np.zeros(2)}), {"into": None}),
    ]
    body = "x[0] = -0.0\nif into:\n    y['w'] += 1\n    into.append(2)\nreturn x"
    cell = answer(body, "x, y, into")
    result = run_calls([cell], calls, limits=QUICK)
    assert result.outcomes[0].changed == (0, 1, "into")
    assert result.outcomes[1].changed == (0,)  # to the last bit: a zero got a sign
    honest = run_calls([answer("return x + 1", "x, y, into")], calls, limits=QUICK)
    assert [o.changed for o in honest.outcomes] == [(), ()]
    strange = run_calls([answer("into.append(f)", "x, y, into")], calls[:1], limits=QUICK)
    assert strange.outcomes[0].changed == ("into",)


def test_results_before_a_loop_count():
    limits = Limits(cpu_seconds=1, wall_seconds=60)
    cell = answer("while n == 2: pass\nreturn n", "n")
    result = run_calls([cell], [Call("f", (n,)) for n in range(4)], limits=limits)
    assert [o.kind for o in result.outcomes] == ["returned"] * 2 + ["unanswered"] * 2
    assert status_of(result) == "timeout"


def test_a_cell_that_fails_keeps_what_it_bound_and_the_next_goes_on():
    cells = ["a = 1\nb = pn.zeros(3)\nc = 3", "def f():\n    return a, d", "d = 4"]
    result = run_calls([*cells, "undefined_and_unused"], [Call("f")], limits=QUICK)
    assert result.outcomes[0].value == (1, 4)
    assert result.problems == ["cell 1: NameError: name 'pn' is not defined"]


def test_a_cell_that_is_no_python_is_a_problem():
    result = run_calls(["def f(x)\n    return x"], [Call("f")], limits=QUICK)
    assert result.outcomes[0].kind == "undefined"
    assert result.problems == ["cell 1: SyntaxError: expected ':' (<cell 1>, line 1)"]


def test_a_notebook_feels_at_home():
    cells = [
        "%matplotlib inline\nimport matplotlib.pyplot as plt\n!pip install torch\nk = 1",
        "import dataclasses, inspect\n",
        "@dataclasses.dataclass\nclass Point:\n    x: int = k\ndef helper():\n    return 5\n",
        "get_ipython().run_line_magic('matplotlib', 'inline')\ndisplay(1)\nq = 2",
        """def f():
    plt.plot([1, 2])
    plt.savefig("/tmp/plot.png")
    try:
        input()
    except EOFError:
        pass
    import os, sys
    source = inspect.getsource(helper)
    home = (__name__, sys.argv, os.getcwd()) == ("__main__", [""], "/tmp")
    return home, Point().x, source.count("return 5"), q
""",
    ]
    result = run_calls(to_python(cells), [Call("f")], limits=Limits())
    assert result.outcomes[0].value == (True, 1, 1, 2), result


def test_pyplot_is_loaded_when_it_is_used():
    body = """
    import sys
    import matplotlib.pyplot as plt
    before = "matplotlib.figure" in sys.modules
    plt.figure()
    return before, "matplotlib.figure" in sys.modules
    """
    assert value(body, limits=Limits()) == (False, True)


def test_warnings_are_no_errors():
    body = "import warnings\nimport numpy as np\nwarnings.warn('a')\nreturn np.log(np.zeros(1))[0]"
    assert value(body) == -np.inf


def test_a_training_loop_may_print():
    body = "for k in range(30_000):\n    print('epoch', k, 'loss of the batch', 0.123456789)"
    assert status_of(run(body, limits=Limits())) == "ok"


def test_leaving_is_an_exception_of_one_call():
    ways = ["raise SystemExit(1)", "raise KeyboardInterrupt", "exit()", "quit(3)"]
    cells = [answer(way).replace("def f", f"def f{n}") for n, way in enumerate(ways)]
    result = run_calls(cells, [Call(f"f{n}") for n in range(4)], limits=QUICK)
    assert (status_of(result), [o.kind for o in result.outcomes]) == ("ok", ["raised"] * 4)
    for outcome in result.outcomes:
        assert outcome.message.startswith(("SystemExit", "KeyboardInterrupt"))


def test_memory_of_a_cell_counts_where_it_cost_an_answer():
    hog = "big = bytearray(1 << 40)\n"
    result = run_calls([hog + "def f():\n    return 1"], [Call("f")], limits=QUICK)
    assert (status_of(result), result.outcomes[0].kind) == ("out of memory", "undefined")
    assert "cell 1: MemoryError" in say(result.reason)
    cells = ["def f():\n    return 1", hog + "def g():\n    return 1"]
    result = run_calls(cells, [Call("f"), Call("g")], limits=QUICK)
    assert (status_of(result), result.outcomes[0].kind) == ("out of memory", "returned")
    result = run_calls(["def f():\n    return 1\n" + hog], [Call("f")], limits=QUICK)
    assert (status_of(result), result.outcomes[0].kind) == ("ok", "returned")


def test_threads_and_pools_of_processes_work():
    body = """
    from multiprocessing import get_context
    from multiprocessing.pool import ThreadPool
    with ThreadPool(2) as threads, get_context("fork").Pool(2) as processes:
        return threads.map(abs, [-1, 2]) + processes.map(abs, [-3])
    """
    assert value(body) == [1, 2, 3]


def test_unicode_in_files_and_on_the_screen():
    body = """
    print("é𝔘")
    with open("/tmp/é", "w") as file:
        file.write("𝔘")
    return open("/tmp/é").read(), ascii(open("/tmp/é", "rb").read())
    """
    assert value(body) == ("𝔘", r"b'\xf0\x9d\x94\x98'")


def test_surrogates_and_zeros_in_cells_and_results():
    result = run_calls(
        [
            "x = '\ud800'\ndef f():\n    return 1",
            "def g():\n    return len('\\ud8ff')",
            "\0def h(): 1",
        ],
        [Call("f"), Call("g"), Call("h")],
        limits=QUICK,
    )
    assert [o.kind for o in result.outcomes] == ["undefined", "returned", "undefined"]
    assert result.outcomes[1].value == 1
    assert status_of(result) == "ok"


def test_arguments_that_are_not_plain_are_our_own_mistake():
    with pytest.raises(ValueProblem, match="object"):
        run("return 1", (object(),))


def test_many_at_once():
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda n: run(f"return {n}"), range(8)))
    assert [r.outcomes[0].value for r in results] == list(range(8))


def test_ids_of_users_are_not_shared(monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root has ids to give")
    ids = {bubblewrap.spare_uid() for _ in range(100)}
    assert len(ids) == 100
    assert min(ids) >= bubblewrap._FIRST_UID
    assert value("import os; return os.getuid()") >= bubblewrap._FIRST_UID


@pytest.mark.parametrize(("line", "lowest"), [("0 1000 1\n1 100000 65536", -1), ("0 0 65536", 2)])
def test_ids_in_a_container(monkeypatch, line, lowest):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(bubblewrap.Path, "read_text", lambda self: line)
    assert lowest <= bubblewrap.spare_uid() < 65534


@pytest.mark.slow
@BOTH
@pytest.mark.usefixtures("nothing_is_left")
def test_nothing_is_left_after_an_interruption(sandboxed, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = find_children()
    children = []

    def interrupt(child, limits):
        found = find_children() - before
        if len(found) < (4 if sandboxed else 2):  # the student's code does not run yet
            return None
        children.extend(found)
        raise KeyboardInterrupt

    monkeypatch.setattr(host, "_too_big", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("import os, time; os.fork(); time.sleep(100)", sandbox=sandboxed)
    assert children
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    assert not list(tmp_path.iterdir())


def test_a_grader_that_is_killed_takes_its_children_along():
    code = (
        "from tests.coursework.sandboxed import run\n"
        "print('here', flush=True)\n"
        "run('import os, time; os.fork(); time.sleep(100)')"
    )
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    with grader:
        grader.stdout.readline()
        children = _wait_for(lambda: _workers(grader.pid))
        grader.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def _workers(pid):
    """Return the descendants of a process once the student's code has started one as well.

    Bubblewrap, the first process of the namespace and the student's make three.
    """
    children = psutil.Process(pid).children(recursive=True)
    return children if len(children) >= 4 else []


def _wait_for(condition, seconds=300):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to be")


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_left")
def test_without_the_sandbox_the_limits_hold():
    limits = Limits(cpu_seconds=1, wall_seconds=2, memory_bytes=512 << 20, processes=3)
    cases = {
        "while True: pass": "timeout",
        "import time; time.sleep(100)": "timeout",
        "return len(bytes(1 << 30))": "out of memory",
        "print('a' * (9 << 20))": "too much output",
        "import os; os._exit(3)": "crashed",
        "import ctypes; ctypes.string_at(0)": "crashed",
        "import os, time\nfor _ in range(3): os.fork()\ntime.sleep(100)": "crashed",
    }
    found = {body: status_of(run(body, limits=limits, sandbox=False)) for body in cases}
    assert found == cases


def test_without_the_sandbox_a_process_left_behind_is_ended():
    body = """
    import os, time
    pid = os.fork()
    if pid == 0:
        time.sleep(100)
    return pid
    """
    pid = value(body, sandbox=False)
    _wait_for(lambda: not psutil.pid_exists(pid))


def test_without_the_sandbox_other_libraries_are_hidden_as_well():
    result = run("import scipy", sandbox=False)
    assert "ModuleNotFoundError" in result.outcomes[0].message
    folder = value("import os; return os.getcwd()", sandbox=False)
    assert not os.path.exists(folder)


def test_bubblewrap_is_missing(monkeypatch):
    monkeypatch.setattr(bubblewrap, "find", lambda: None)
    with pytest.raises(SandboxError, match=r"apt-get install bubblewrap\..*--no-sandbox"):
        check_sandbox()
    assert value("return 1", sandbox=False) == 1


def test_another_system_than_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="needs Linux, and this is darwin"):
        check_sandbox()


def test_an_old_bubblewrap(monkeypatch):
    monkeypatch.setattr(bubblewrap, "version", lambda path: (0, 6, 1))
    with pytest.raises(SandboxError, match=r"needs bubblewrap 0\.8, and this is 0\.6\.1"):
        check_sandbox()


def test_bubblewrap_is_forbidden(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit\n'
        "echo bwrap: setting up uid map: Permission denied >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "find", lambda: str(broken))
    with pytest.raises(SandboxError, match=r"setting up uid map: Permission denied.*container"):
        check_sandbox()
    monkeypatch.setattr(bubblewrap.Path, "exists", lambda self: True)
    monkeypatch.setattr(bubblewrap.Path, "read_text", lambda self: "1\n")
    assert "Ubuntu 24.04" in bubblewrap.why_forbidden()
    monkeypatch.setattr(bubblewrap.Path, "read_text", lambda self: "0\n")
    assert "unprivileged_userns_clone=1" in bubblewrap.why_forbidden()


def test_a_python_that_cannot_be_seen_in_the_sandbox(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "coursework.grader.sandbox.process.interpreter", lambda: f"{tmp_path}/python3"
    )
    monkeypatch.setattr("coursework.grader.sandbox.host.interpreter", lambda: f"{tmp_path}/python3")
    with pytest.raises(SandboxError, match=rf"execvp.*This Python, {tmp_path}/python3, lies where"):
        check_sandbox()


def test_a_child_that_does_not_start_is_not_the_student_s_fault():
    with pytest.raises(SandboxError, match="does not work here"):
        run("return 1", limits=Limits(memory_bytes=30 << 20))


def test_libraries_are_found_with_all_that_they_require():
    paths = library_paths(("matplotlib",))
    assert {"matplotlib", "mpl_toolkits", "numpy", "numpy.libs", "PIL"} <= set(paths)
    assert not {"scipy", "sklearn", "pip", "softmax", "__pycache__"} & set(paths)
    assert all(path.exists() for path in paths.values())
    with pytest.raises(SandboxError, match="'no-such-library' is not installed"):
        library_paths(("no-such-library",))
    with pytest.raises(SandboxError, match="'no-such-library' is not installed"):
        run("return 1", libraries=("no-such-library",))


def test_libseccomp_is_missing(monkeypatch):
    def load(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(seccomp.ctypes, "CDLL", load)
    seccomp.filter_program.cache_clear()
    with pytest.raises(SandboxError, match=r"apt-get install libseccomp2.*--no-sandbox"):
        check_sandbox()


def test_the_wall_clock_starts_with_the_student_s_code():
    started = time.monotonic()
    result = run("import time; time.sleep(100)", limits=Limits(wall_seconds=1))
    assert status_of(result) == "timeout"
    assert 1 <= time.monotonic() - started < 30
