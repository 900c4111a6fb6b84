"""Answers that die, and that try to take the machine with them."""

from coursework.adversarial.recipe import FULL, NONE, WRONG, in_answer
from coursework.grader.model import CRASHED, MEMORY, OK, OUTPUT, TIMEOUT

SUBMISSIONS = (
    in_answer(
        "exit-at-once",
        "os._exit leaves no time to say anything; the other answers are not touched.",
        """
        import os
        def ANSWER(*args, **kwargs):
            os._exit(0)
        """,
        NONE,
        CRASHED,
    ),
    in_answer(
        "exit-at-top-level",
        "The process is gone before the first call.",
        """
        RIGHT
        import os
        os._exit(0)
        """,
        NONE,
        CRASHED,
    ),
    in_answer(
        "sys-exit-after-answer",
        "As in Jupyter, sys.exit ends the cell; what was defined before it counts.",
        """
        RIGHT
        import sys
        sys.exit("done")
        """,
    ),
    in_answer(
        "raises-base-exception",
        "An exception that `except Exception` does not catch is a wrong answer like any other.",
        """
        class Bye(BaseException):
            pass
        def ANSWER(*args, **kwargs):
            raise Bye("bye")
        """,
        NONE,
        OK,
    ),
    in_answer(
        "raises-system-exit",
        "SystemExit from the function is a wrong answer like any other.",
        """
        def ANSWER(*args, **kwargs):
            raise SystemExit(0)
        """,
        NONE,
        OK,
    ),
    in_answer(
        "raises-interrupt",
        "KeyboardInterrupt from the function does not stop the class.",
        """
        def ANSWER(*args, **kwargs):
            raise KeyboardInterrupt
        """,
        NONE,
        OK,
    ),
    in_answer(
        "message-that-raises",
        "An exception that cannot be put into words.",
        """
        class Mute(Exception):
            def __str__(self):
                raise self
            __repr__ = __str__
        def ANSWER(*args, **kwargs):
            raise Mute()
        """,
        NONE,
        OK,
    ),
    in_answer(
        "message-of-a-gigabyte",
        "A message is cut, or is too much output; it fills nobody's disk.",
        """
        def ANSWER(*args, **kwargs):
            raise ValueError("x" * (1 << 28))
        """,
        NONE,
        (OK, OUTPUT, MEMORY, TIMEOUT),
    ),
    in_answer(
        "script-in-message",
        "The message is shown in feedback, as text: a browser must not run it.",
        """
        def ANSWER(*args, **kwargs):
            script = "<script>alert('ADVERSARIAL')</script>"
            raise ValueError("=HYPERLINK(1)" + script + "[x](javascript:1)\\x1b[31m")
        """,
        NONE,
        OK,
    ),
    in_answer(
        "segfault",
        "A crash in C is named as such and costs this answer.",
        """
        import ctypes
        def ANSWER(*args, **kwargs):
            ctypes.string_at(0)
        """,
        NONE,
        CRASHED,
    ),
    in_answer(
        "stack-overflow",
        "Without Python's limit, recursion overflows the stack of C.",
        """
        import sys
        sys.setrecursionlimit(10 ** 9)
        def ANSWER(*args, **kwargs):
            one, other = [], []
            for _ in range(10 ** 6):
                one, other = [one], [other]
            return one == other
        """,
        NONE,
        (CRASHED, MEMORY),
    ),
    in_answer(
        "abort",
        "The process ends itself by a signal.",
        """
        import os
        def ANSWER(*args, **kwargs):
            os.abort()
        """,
        NONE,
        CRASHED,
    ),
    in_answer(
        "kills-all",
        "A signal to every process reaches those of its own sandbox only.",
        """
        GUARD
        import os
        def ANSWER(*args, **kwargs):
            for number in (-1, 1, os.getppid()):
                try:
                    os.kill(number, 9)
                except OSError:
                    pass
            os.killpg(0, 9)
        """,
        NONE,
        CRASHED,
    ),
    in_answer(
        "kills-itself",
        "SIGKILL from its own hand is a crash, and not taken for a lack of memory.",
        """
        import os
        def ANSWER(*args, **kwargs):
            os.kill(os.getpid(), 9)
        """,
        NONE,
        CRASHED,
    ),
    in_answer(
        "fork-bomb",
        "Processes are limited in number, and all of them end with the sandbox.",
        """
        GUARD
        import os
        def ANSWER(*args, **kwargs):
            while True:
                try:
                    os.fork()
                except OSError:
                    pass
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "fork-bomb-at-top-level",
        "The same before the first call, with sessions of their own.",
        """
        GUARD
        RIGHT
        import os
        while True:
            try:
                if os.fork() == 0:
                    os.setsid()
            except OSError:
                pass
        """,
        NONE,
        TIMEOUT,
    ),
    in_answer(
        "thread-bomb",
        "Threads are limited as processes are; an error in the function, or its end.",
        """
        GUARD
        import threading, time
        def ANSWER(*args, **kwargs):
            while True:
                threading.Thread(target=time.sleep, args=(10 ** 6,)).start()
        """,
        NONE,
        (OK, TIMEOUT, CRASHED, MEMORY),
    ),
    in_answer(
        "gigabyte-of-output",
        "Output beyond the limit is thrown away or ends the run; no memory or disk fills.",
        """
        def ANSWER(*args, **kwargs):
            line = "x" * (1 << 20)
            for _ in range(1024):
                print(line)
        """,
        NONE,
        OUTPUT,
    ),
    in_answer(
        "output-without-end",
        "The same below Python's own streams.",
        """
        import os
        def ANSWER(*args, **kwargs):
            while True:
                os.write(1, b"x" * 65536)
                os.write(2, b"x" * 65536)
        """,
        NONE,
        OUTPUT,
    ),
    in_answer(
        "result-of-a-gigabyte",
        "A result beyond the limit is refused before the parent holds it.",
        """
        def ANSWER(*args, **kwargs):
            return np.broadcast_to(0.0, (1 << 12, 1 << 15))
        """,
        NONE,
        OK,
    ),
    in_answer(
        "result-of-an-exabyte",
        "An array that takes eight bytes says that it has 10^17 entries.",
        """
        def ANSWER(*args, **kwargs):
            return np.broadcast_to(np.float64(0.0), (10 ** 17,))
        """,
        NONE,
        OK,
    ),
    in_answer(
        "result-of-many-items",
        "A list as long as there may be is a wrong answer, and nobody is accused of forging it.",
        """
        calls = []
        def ANSWER(*args, **kwargs):
            calls.append(1)
            return list(np.zeros(199_999)) if len(calls) == 1 else None
        """,
        NONE,
        (OK, TIMEOUT),  # it takes a second or two
    ),
    in_answer(
        "nested-result",
        "A list in itself, and one a million deep: refused, and nobody's stack overflows.",
        """
        def ANSWER(*args, **kwargs):
            nested = []
            for _ in range(10 ** 5):
                nested = [nested]
            nested.append(nested)
            return nested
        """,
        NONE,
        OK,
    ),
    in_answer(
        "memory-hog",
        "Memory is limited; the machine of the class keeps its own.",
        """
        GUARD
        def ANSWER(*args, **kwargs):
            hog = []
            while True:
                try:
                    hog.append(bytearray(1 << 20))
                except MemoryError:
                    pass
        """,
        NONE,
        (MEMORY, TIMEOUT),
    ),
    in_answer(
        "memory-by-a-typo",
        "One array that is far too large raises MemoryError in the answer.",
        """
        def ANSWER(*args, **kwargs):
            return np.ones((10 ** 6, 10 ** 6))
        """,
        NONE,
        MEMORY,
    ),
    in_answer(
        "memory-after-raising-limits",
        "A limit that the process could raise would be none.",
        """
        GUARD
        import resource
        for name in dir(resource):
            if name.startswith("RLIMIT_"):
                try:
                    resource.setrlimit(getattr(resource, name), (-1, -1))
                except (OSError, ValueError):
                    pass
        def ANSWER(*args, **kwargs):
            hog = []
            while True:
                hog.append(np.ones(1 << 23))
        """,
        NONE,
        (OK, MEMORY, TIMEOUT),
    ),
    in_answer(
        "memory-of-many-processes",
        "The limit is for all processes of an answer together, not for each.",
        """
        GUARD
        import os, time
        def ANSWER(*args, **kwargs):
            for _ in range(6):
                if os.fork() == 0:
                    hog = np.ones(1 << 25)
                    time.sleep(60)
                    os._exit(0)
            time.sleep(60)
        """,
        NONE,
        (MEMORY, TIMEOUT),
    ),
    in_answer(
        "fills-the-disk",
        "Whatever can be written is small, is in memory, and is gone afterwards.",
        """
        GUARD
        import os
        def ANSWER(*args, **kwargs):
            for folder in (".", "/tmp", "/dev/shm", "/var/tmp", "/run", os.path.expanduser("~")):
                try:
                    for number in range(256):
                        with open(f"{folder}/adversarial-{number}", "wb") as file:
                            file.write(bytes(15 << 20))
                except (OSError, MemoryError):
                    pass
        """,
        (NONE, WRONG),
        (OK, MEMORY, TIMEOUT),
    ),
    in_answer(
        "one-great-file",
        "A file is limited in size.",
        """
        GUARD
        def ANSWER(*args, **kwargs):
            with open("/tmp/adversarial", "wb") as file:
                while True:
                    file.write(bytes(1 << 20))
        """,
        NONE,
        (OK, MEMORY, CRASHED),
    ),
    in_answer(
        "removes-everything",
        "What can be deleted is the sandbox's own; the answer before it stays right.",
        """
        GUARD
        import os, shutil
        RIGHT
        for folder in (os.getcwd(), os.path.expanduser("~"), "/tmp", "/dev/shm"):
            shutil.rmtree(folder, ignore_errors=True)
        """,
        FULL,
        OK,
    ),
)
