"""The grader against children that die, lie or return strange things: each really does."""

import sys
from functools import partial

import numpy as np
import pytest

from coursework.grader.model import Call, Limits
from coursework.grader.output.wording import say
from coursework.grader.sandbox.guest.codec import write_line
from coursework.grader.sandbox.host import run_calls
from coursework.grader.sandbox.protocol import ProtocolError, Transcript, read_text
from tests.coursework.sandboxed import (
    QUICK,
    answer,
    require_sandbox,
    run,
    status_of,
    value,
)

# The child's own channel is a pipe that is neither standard output nor standard error.
CHANNEL = """
import os, stat
def is_pipe(number):
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode)
    except OSError:
        return False
channel = max(filter(is_pipe, range(64)))
"""


pytestmark = pytest.mark.usefixtures("sandbox", "nothing_is_left")
slowly = partial(pytest.param, marks=pytest.mark.slow)


def test_a_gigabyte_on_the_channel():
    result = run(CHANNEL + "while True:\n    os.write(channel, b'a' * 65536)", limits=Limits())
    assert status_of(result) == "crashed"
    assert "more than 64 MB of results" in say(result.reason)


GARBAGE = [
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
]


@pytest.mark.parametrize("message", GARBAGE)
def test_garbage_is_refused(message):
    transcript = Transcript([Call("f")], max_problems=2)
    with pytest.raises(ProtocolError, match="it wrote to the channel of the grader"):
        transcript.take(message)


@pytest.mark.parametrize("numbers", [(1,), (0, 0), (0, 2), (0, 1, 2), (-1,), ("0",)])
def test_outcomes_come_in_order(numbers):
    lines = [write_line(["outcome", n, "returned", None, "", [], False]) for n in numbers]
    transcript = Transcript([Call("f"), Call("f")], max_problems=2)
    with pytest.raises(ProtocolError, match="it wrote to the channel of the grader"):
        transcript.take(b"".join(lines))


@pytest.mark.parametrize("message", GARBAGE[::7])
def test_garbage_on_the_channel_ends_the_question(message):
    result = run(CHANNEL + f"os.write(channel, {message!r})\nimport time; time.sleep(100)")
    assert (status_of(result), result.outcomes[0].kind) == ("crashed", "unanswered")
    assert say(result.reason) == "the process was stopped: it wrote to the channel of the grader"


def test_a_forged_result_is_data_as_any_other():
    forged = '["outcome",0,"returned",["int",42],"\\\\u001b[2J \\\\ud800",[0,"y",0],true]\\n'
    result = run(CHANNEL + f"os.write(channel, b'{forged}')\nreturn 1", (np.zeros(2),))
    assert (result.outcomes[0].kind, result.outcomes[0].value) == ("returned", 42)
    assert result.outcomes[0].changed == (0,)
    assert result.outcomes[0].message == "\N{REPLACEMENT CHARACTER}[2J \N{REPLACEMENT CHARACTER}"
    assert status_of(result) == "crashed"  # two results of one call


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(0)", "ended itself (exit code 0)"),
        slowly("import os; os._exit(7)", "ended itself (exit code 7)"),
        ("import ctypes; ctypes.string_at(0)", "signal 11 (SIGSEGV)"),
        slowly("import os; os.abort()", "signal 6 (SIGABRT)"),
        slowly("import os; os.kill(os.getpid(), 9)", "signal 9 (SIGKILL)"),
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
    assert status_of(result) == "crashed"
    assert reason in say(result.reason)


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


REFUSED = [
    ("np.broadcast_to(0.0, (10**7, 10**7))", "more than 16 MB of numbers"),
    ("np.zeros((3000, 1000))", "more than 16 MB of numbers"),
    ("[0] * 10**6", "lists of more than 200,000 items"),
    ("'a' * 10**6", "a str, which is not made of plain numbers"),
    ("10**10000", "a whole number of more than 64 bits"),
    ("[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]", "nested more than 20 deep"),
    ("np.array([object()])", "an array of dtype object"),
    ("(n for n in ())", "a generator, which is not made of plain numbers"),
    ("np.zeros((0, 10**9))", "an array of too large a shape"),
    ("np.array([2], np.uint8).view(bool)", "a boolean that is neither true nor false"),
    (
        "{',' * 99_990 + str(n): n for n in range(11)}",
        "more than 1,000,000 brackets and commas",
    ),
    ("{'a' * 99_990 + str(n): n for n in range(400)}", "more than 32 MB as text"),
    ("type('Equal', (), {'__eq__': lambda a, b: True})()", "an Equal, which is not"),
]


@pytest.fixture(scope="module")
def refused():
    """Return the `Run` of one answer for each result that is refused, one after the other."""
    require_sandbox()
    names = [f"f{number}" for number in range(len(REFUSED))]
    cells = [
        answer(f"import numpy as np\nreturn {expression}").replace("def f", f"def {name}")
        for name, (expression, _) in zip(names, REFUSED, strict=True)
    ]
    return run_calls(cells, [Call(name) for name in names], limits=Limits())


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[words for _, words in REFUSED])
def test_results_that_are_refused(refused, number):
    assert (status_of(refused), refused.outcomes[number].kind) == ("ok", "refused")
    assert REFUSED[number][1] in refused.outcomes[number].message


@pytest.mark.slow  # above, more are refused
def test_a_result_of_as_many_items_as_there_may_be():
    result = run("import numpy as np\nreturn list(np.zeros(199_999))", limits=Limits())
    assert (status_of(result), result.outcomes[0].kind) == ("ok", "returned"), say(result.reason)
    assert result.outcomes[0].value == [0.0] * 199_999


def test_an_object_that_raises_while_it_is_read():
    result = run(
        """
        class Evil(list):
            def __iter__(self):
                raise SystemExit("no")
        return Evil()
        """
    )
    assert (status_of(result), result.outcomes[0].kind) == ("ok", "raised")


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
    result = run(
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
    array, numbers = result.outcomes[0].value
    np.testing.assert_array_equal(array, np.arange(3))
    assert numbers == [1.5]
    assert len([1]) == 1


def test_messages_do_not_tell_where_python_is_on_the_machine(monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", "/home/teacher/.pyenv/versions/3.11.7")
    told = read_text(
        "ImportError: cannot import name 'f' from 'random' "
        "(/home/teacher/.pyenv/versions/3.11.7/lib/python3.11/random.py)"
    )
    monkeypatch.undo()
    assert told.endswith("'random' (<python>/lib/python3.11/random.py)")
    (outcome,) = run("from random import f").outcomes
    assert "cannot import name 'f'" in outcome.message
    assert sys.base_prefix == "/usr" or sys.base_prefix not in outcome.message
