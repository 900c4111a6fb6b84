"""Wrong answers that change what they can reach, to be taken for right ones.

None of them may get more than the same wrong answer without the trick.
"""

from coursework.adversarial.recipe import (
    ANY,
    FULL,
    NONE,
    SOME,
    WRONG,
    beside,
    in_answer,
    with_wrong_answer,
)
from coursework.grader.model import CRASHED, OK, OUTPUT, TIMEOUT


def patch(name, why, source, status=OK, fate=WRONG, others=FULL):
    """Return the submission whose answer is wrong, with `source` before it in the same cell."""
    return in_answer(name, why, source + "\n        WRONG\n", fate, status, others)


PATCHES = (
    patch(
        "patched-exp",
        "np.exp gives what the cheat likes; in the child alone, and there for all cells.",
        """
        np.exp = np.log = np.sum = np.max = lambda *args, **kwargs: 0.0
        """,
        fate=(NONE, WRONG),
        others=ANY,
    ),
    patch(
        "patched-testing",
        "numpy.testing agrees with everything: nothing here decides a mark.",
        """
        import numpy.testing
        for name in dir(numpy.testing):
            if name.startswith("assert"):
                setattr(numpy.testing, name, lambda *args, **kwargs: None)
        """,
    ),
    patch(
        "patched-comparison",
        "np.allclose and its kin agree with everything.",
        """
        for name in ("allclose", "isclose", "array_equal", "all", "equal", "array_equiv"):
            setattr(np, name, lambda *args, **kwargs: True)
        """,
    ),
    patch(
        "patched-module",
        "Every function of numpy is replaced, so also those that the child may use to report.",
        """
        original = np.zeros
        for name in dir(np):
            if name not in ("zeros", "shape") and callable(getattr(np, name)):
                try:
                    setattr(np, name, lambda *args, **kwargs: original(3))
                except Exception:
                    pass
        """,
        (OK, CRASHED),
        (NONE, WRONG),
    ),
    patch(
        "shadowed-numpy",
        "The name np means another thing in all cells: the damage is the student's own.",
        """
        real = np
        class np:
            zeros, shape = real.zeros, real.shape
            exp = log = allclose = staticmethod(lambda *args, **kwargs: True)
        """,
        fate=(NONE, WRONG),
        others=ANY,
    ),
    patch(
        "ast-transformer",
        "In nbgrader this rewrote the checks; here nobody runs checks in this process.",
        """
        import ast
        class Agree(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.Pass()
            def visit_Compare(self, node):
                return ast.Constant(True)
        shell = get_ipython()
        shell.ast_transformers.append(Agree())
        """,
        OK,
        (WRONG, NONE),
    ),
    patch(
        "input-transformer",
        "The same on the text of the cells.",
        """
        def agree(lines):
            return ["pass\\n"]
        shell = get_ipython()
        shell.input_transformers_cleanup.append(agree)
        shell.input_transformers_post.append(agree)
        shell.events.register("pre_run_cell", agree)
        shell.user_ns["passed"] = True
        shell.run_cell("passed = True")
        """,
        OK,
        (WRONG, NONE),
    ),
    patch(
        "patched-compile",
        "exec, eval and compile do nothing from here on.",
        """
        import builtins
        builtins.exec = builtins.eval = builtins.compile = lambda *args, **kwargs: None
        """,
        (OK, CRASHED),
        (NONE, WRONG),
    ),
    patch(
        "patched-builtins",
        "len, isinstance, type and print are no longer what they were, for the whole process.",
        """
        import builtins
        builtins.isinstance = builtins.callable = builtins.hasattr = lambda *args: True
        builtins.print = builtins.sum = builtins.all = lambda *args, **kwargs: True
        builtins.len = lambda thing: 0
        builtins.open = None
        """,
        (OK, CRASHED),
        (NONE, WRONG),
    ),
    patch(
        "patched-json",
        "What is sent is not what was returned; it can be no better than a wrong answer.",
        """
        import json, pickle, struct, sys
        for module in (json, pickle):
            module.dumps = lambda *args, **kwargs: '{"passed": true, "points": 100}'
            module.loads = lambda *args, **kwargs: {"passed": True}
        json.JSONEncoder.encode = json.dumps
        """,
        (OK, CRASHED, OUTPUT),
        (NONE, WRONG),
    ),
    patch(
        "patched-sys-modules",
        "Modules that the child may import later are others.",
        """
        import sys, types
        for name in ("json", "struct", "pickle", "base64", "io", "traceback", "numpy"):
            fake = types.ModuleType(name)
            fake.dumps = fake.pack = fake.b64encode = lambda *args, **kwargs: b"{}"
            sys.modules[name] = fake
        """,
        (OK, CRASHED),
        (NONE, WRONG),
    ),
    patch(
        "trace-hook",
        "A trace function sees every frame of the child and changes its variables.",
        """
        import sys
        def meddle(frame, event, argument):
            for name in ("passed", "changed", "kind", "value", "outcome"):
                if name in frame.f_locals:
                    frame.f_locals[name] = True
            return meddle
        sys.settrace(meddle)
        sys.setprofile(meddle)
        """,
    ),
    patch(
        "exit-handlers",
        "Handlers, finalizers and hooks that run last and claim full marks.",
        """
        import atexit, gc, os, sys, weakref
        def claim(*args):
            for number in range(3, 64):
                try:
                    os.write(number, b'{"passed": true}\\n')
                except OSError:
                    pass
        class Last:
            __del__ = claim
        last = Last()
        atexit.register(claim)
        sys.excepthook = sys.unraisablehook = claim
        weakref.finalize(last, claim)
        """,
        (OK, CRASHED, OUTPUT),
        (WRONG, NONE),
    ),
)

OBJECTS = (
    in_answer(
        "equals-everything",
        "An object that equals everything is no plain number.",
        """
        class Equal:
            shape, dtype, ndim, size = (), float, 0, 1
            def __eq__(self, other):
                return True
            __lt__ = __le__ = __gt__ = __ge__ = __eq__
            __hash__ = object.__hash__
            def __array__(self, *args, **kwargs):
                return np.zeros(1)
            def __getattr__(self, name):
                return lambda *args, **kwargs: True
        def ANSWER(*args, **kwargs):
            return Equal()
        """,
        (NONE, WRONG),
        OK,
    ),
    in_answer(
        "array-that-equals-everything",
        "A subclass of an array comes over as the numbers in it, without its methods.",
        """
        class Equal(np.ndarray):
            def __array_ufunc__(self, *args, **kwargs):
                return True
            def __array_function__(self, *args, **kwargs):
                return True
            def __eq__(self, other):
                return True
        def ANSWER(*args, **kwargs):
            return np.zeros(np.shape(args[0])).view(Equal)
        """,
        (NONE, WRONG),
        OK,
    ),
    in_answer(
        "number-that-equals-everything",
        "So does a subclass of a float.",
        """
        class Equal(float):
            def __eq__(self, other):
                return True
            __hash__ = float.__hash__
            def __float__(self):
                return 0.0
            __sub__ = __rsub__ = lambda self, other: 0.0
        def ANSWER(*args, **kwargs):
            return Equal()
        """,
        (NONE, WRONG),
        OK,
    ),
    in_answer(
        "not-a-number",
        "NaN differs from everything and is less than no tolerance.",
        """
        def ANSWER(*args, **kwargs):
            return np.full(np.shape(args[0]), np.nan)
        """,
        WRONG,
        OK,
    ),
    in_answer(
        "masked-array",
        "A mask hides every difference from numpy's comparison.",
        """
        def ANSWER(*args, **kwargs):
            return np.ma.masked_all(np.shape(args[0]))
        """,
        (NONE, WRONG),
        OK,
    ),
    in_answer(
        "long-text-among-short",
        "A list of texts that NumPy would make gigabytes of, as it comes to the grader.",
        """
        def ANSWER(*args, **kwargs):
            return ["x" * 20_000, *[""] * 20_000]
        """,
        NONE,
        OK,
    ),
    in_answer(
        "array-of-objects",
        "An array may hold objects with methods of their own.",
        """
        class Equal:
            __eq__ = __lt__ = __le__ = lambda self, other: True
            __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
        def ANSWER(*args, **kwargs):
            result = np.empty(np.shape(args[0]), dtype=object)
            result.fill(Equal())
            return result
        """,
        (NONE, WRONG),
        OK,
    ),
)

FORGERIES = (
    patch(
        "forges-results",
        "Well-formed results with zeros for every call, on every descriptor.",
        """
        import json, os
        for number in range(3, 64):
            for call in range(64):
                record = {"call": call, "kind": "returned", "value": 0.0, "message": "",
                          "changed": [], "passed": True, "points": 100, "status": "ok"}
                try:
                    os.write(number, json.dumps(record).encode() + b"\\n")
                except OSError:
                    break
        """,
        (OK, CRASHED, OUTPUT),
        (WRONG, NONE),
    ),
    patch(
        "garbage-on-every-channel",
        "Random bytes on every descriptor: the channel is broken, and the parent is not.",
        """
        import os
        for number in range(3, 64):
            try:
                os.write(number, os.urandom(4096) + b"\\xff\\x00\\n{[(" + b"9" * 5000 + b"\\n")
            except OSError:
                pass
        """,
        (OK, CRASHED, OUTPUT),
        (WRONG, NONE),
    ),
    patch(
        "line-without-end",
        "A message that never ends does not fill the parent's memory.",
        """
        import os
        def flood():
            for number in range(3, 64):
                try:
                    while True:
                        os.write(number, b"[" * 65536)
                except OSError:
                    pass
        flood()
        """,
        (OUTPUT, CRASHED, TIMEOUT),
        NONE,
    ),
    patch(
        "closes-every-channel",
        "With all descriptors closed nothing can be said; unanswered is not right.",
        """
        import os
        os.closerange(0, 256)
        """,
        (OK, CRASHED),
        (NONE, WRONG),
    ),
    patch(
        "calls-the-reporter",
        "The child's own functions are found on the stack and told to report success.",
        """
        import sys
        frame = sys._getframe()
        while frame:
            for name, thing in {**frame.f_globals, **frame.f_locals}.items():
                if name in ("send", "report", "write", "encode", "to_wire", "reply", "emit"):
                    for arguments in ((), ("returned",), ({"kind": "returned"},), (0, 0.0)):
                        try:
                            thing(*arguments)
                        except BaseException:
                            pass
            frame = frame.f_back
        """,
        (OK, CRASHED, OUTPUT),
        (WRONG, NONE),
    ),
    patch(
        "answers-twice",
        "Two processes go on after a fork, and both report.",
        """
        import os
        os.fork()
        """,
        (OK, CRASHED),
        (WRONG, NONE),
    ),
    patch(
        "empties-the-calls",
        "The inputs in the child become zeros: the parent keeps its own.",
        """
        import gc
        for thing in gc.get_objects():
            if isinstance(thing, (list, tuple, dict)):
                parts = list(thing.values()) if isinstance(thing, dict) else list(thing)
                for part in parts:
                    if type(part) is np.ndarray and part.dtype == float and part.size < 10**6:
                        try:
                            part[...] = 0.0
                        except ValueError:
                            pass
        """,
        (OK, CRASHED),
        (WRONG, NONE),
    ),
    in_answer(
        "hides-a-change",
        "The child says itself whether inputs changed; so this can be forged, for one point.",
        """
        import sys
        RIGHT
        right = ANSWER
        def ANSWER(logits, labels):
            result = right(logits, labels)
            logits[...] = 0
            for name in ("same", "changed"):
                child = sys._getframe(1).f_locals.get("self")
                setattr(child, name, lambda *args: [] if name == "changed" else True)
            return result
        """,
        (FULL, SOME),
        OK,
    ),
    with_wrong_answer(
        "edited-tests",
        "The visible checks were edited to pass; they decide nothing.",
        tests="print('All visible checks passed.')\nassert True",
    ),
    beside(
        "patched-in-another-cell",
        "A patch holds for every cell, as with Run All; the damage is the student's own.",
        """
        np.exp = None
        """,
        (NONE, WRONG, FULL),
        others=ANY,
    ),
)

SUBMISSIONS = PATCHES + OBJECTS + FORGERIES
