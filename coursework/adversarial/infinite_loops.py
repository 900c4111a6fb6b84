"""Answers that do not end, or that take their time."""

from coursework.adversarial.recipe import NONE, SOME, beside, in_answer
from coursework.grader.model import OK, TIMEOUT

SUBMISSIONS = (
    in_answer(
        "loop-in-answer",
        "A loop at top level in the answer's cell costs this answer and no other.",
        """
        RIGHT
        while True:
            pass
        """,
        NONE,
        TIMEOUT,
    ),
    beside(
        "loop-elsewhere",
        "A loop in a cell that no answer needs costs nothing.",
        """
        while True:
            pass
        """,
    ),
    in_answer(
        "loop-in-function",
        "A loop in the function costs this answer and no other.",
        """
        def ANSWER(*args, **kwargs):
            while True:
                pass
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "loop-that-ignores-signals",
        "A loop that swallows every interrupt and every signal is ended all the same.",
        """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        def ANSWER(*args, **kwargs):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    continue
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "loop-in-c",
        "A computation inside one bytecode, which no Python signal handler interrupts.",
        """
        def ANSWER(*args, **kwargs):
            return len(str(7 ** (10 ** 9)))
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "endless-sleep",
        "Waiting uses no CPU time: the limit on the clock's time ends it.",
        """
        import time
        def ANSWER(*args, **kwargs):
            time.sleep(10 ** 6)
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "waits-for-input",
        "input() finds nobody at the keyboard; an error, not a wait.",
        """
        RIGHT
        right = ANSWER
        def ANSWER(*args, **kwargs):
            return input("Which axis? ")
        """,
        NONE,
        OK,
    ),
    in_answer(
        "reads-the-channel",
        "Reading standard input neither waits for ever nor finds an answer.",
        """
        import os
        def ANSWER(*args, **kwargs):
            return os.read(0, 1 << 20)
        """,
        NONE,
        OK,
    ),
    in_answer(
        "loop-after-some-calls",
        "What was answered before the loop counts.",
        """
        RIGHT
        right, calls = ANSWER, []
        def ANSWER(*args, **kwargs):
            calls.append(1)
            while len(calls) > 6:
                pass
            return right(*args, **kwargs)
        """,
        SOME,
        TIMEOUT,
    ),
    in_answer(
        "slow-but-right",
        "A right answer that is many times too slow is a right answer.",
        """
        RIGHT
        right = ANSWER
        def ANSWER(*args, **kwargs):
            for _ in range(10):
                result = right(*args, **kwargs)
                sum(k * k for k in range(1000))
            return result
        """,
    ),
    in_answer(
        "threads-that-go-on",
        "Threads that outlive the answer neither hold up the grader nor cost the answer.",
        """
        import threading, time
        def wait():
            while True:
                time.sleep(0.01)
        for _ in range(3):
            threading.Thread(target=wait).start()
        RIGHT
        """,
    ),
    in_answer(
        "daemon-left-behind",
        "A process that left its session and holds all pipes open is ended with the sandbox.",
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(10 ** 6)
            os._exit(0)
        RIGHT
        """,
    ),
    in_answer(
        "exit-handler-that-waits",
        "What runs at the interpreter's end does not hold up the grader.",
        """
        import atexit, time
        atexit.register(time.sleep, 10 ** 6)
        RIGHT
        """,
    ),
    in_answer(
        "endless-result",
        "A result that never ends is no plain number; it is refused or timed out.",
        """
        import itertools
        def ANSWER(*args, **kwargs):
            return itertools.count()
        """,
        NONE,
        OK,
    ),
    in_answer(
        "loop-in-conversion",
        "Turning the result into numbers is the student's code too, and may not end.",
        """
        class Slow(np.ndarray):
            def __array__(self, *args, **kwargs):
                while True:
                    pass
            tolist = tobytes = __array__
            def __getattribute__(self, name):
                while True:
                    pass
        def ANSWER(*args, **kwargs):
            return np.zeros(3).view(Slow)
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "loop-in-message",
        "An exception whose message never ends is as bad as a loop in the function.",
        """
        class Endless(Exception):
            def __str__(self):
                while True:
                    pass
            __repr__ = __str__
        def ANSWER(*args, **kwargs):
            raise Endless()
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "endless-recursion",
        "Python ends it with an error of its own: a wrong answer, no crash.",
        """
        def ANSWER(*args, **kwargs):
            return ANSWER(*args, **kwargs)
        """,
        NONE,
        OK,
    ),
)
