"""Answers that look for what they must not see.

Each of them holds the right answer and gives it only where the search succeeded: a hole in
the sandbox shows as points, and a sound sandbox as the mark of a wrong answer.
"""

from coursework.adversarial.recipe import NONE, WRONG, in_answer, probe
from coursework.grader.model import OK

MESSAGE = """
        import os
        def found():
            seen = False
            folders = ("/tmp", "/dev/shm", "/var/tmp", os.getcwd(), os.path.expanduser("~"))
            for folder in set(map(os.path.realpath, folders)):
                path = os.path.join(folder, "adversarial-message")
                seen = seen or os.path.exists(path)
                try:
                    with open(path, "w") as file:
                        file.write("the answer")
                except OSError:
                    pass
            return seen
        """

FILES = (
    probe(
        "reads-the-checks",
        "Neither masters nor checks nor rosters nor marks can be found in the file system.",
        """
        import os
        names = {"checks.py", "hw1.md", "hw2.md", "roster.csv", "grades.csv", "gradebook.db",
                 "coursework", "grades.work", "grades.feedback", "classroom.py", "recognize.py"}
        def found():
            for folder, folders, files in os.walk("/"):
                folders[:] = [name for name in folders if name not in ("proc", "sys")]
                if names.intersection(folders) or names.intersection(files):
                    return True
            return False
        """,
    ),
    probe(
        "reads-other-submissions",
        "No notebook of anybody lies within reach.",
        """
        import os
        def found():
            for folder, folders, files in os.walk("/"):
                folders[:] = [name for name in folders if name not in ("proc", "sys")]
                if any(name.endswith(".ipynb") for name in files):
                    return True
            return False
        """,
    ),
    probe(
        "reads-the-home-folders",
        "No home folder, password file of the machine or mounted disk has anything to read.",
        """
        import os, sys
        def holds_others(folder):
            # Is there more than the way to this Python?
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if path == sys.base_prefix:
                    continue
                if not sys.base_prefix.startswith(path + "/") or holds_others(path):
                    return True
            return False
        def found():
            for folder in ("/root", "/home", "/mnt", "/media", "/srv", "/opt", "/boot"):
                if os.path.isdir(folder) and holds_others(folder):
                    return True
            return os.path.exists("/etc/shadow") or os.path.exists("/etc/hostname")
        """,
    ),
    probe(
        "reads-by-proc",
        "/proc shows no process but the sandbox's own, and no way round the file system.",
        """
        import os
        def found():
            numbers = [name for name in os.listdir("/proc") if name.isdigit()]
            if len(numbers) > 8:
                return True
            for number in numbers:
                for link in ("root", "cwd"):
                    for name in ("work", "home", "coursework", "opt"):
                        path = f"/proc/{number}/{link}/{name}"
                        if os.path.isdir(path) and os.listdir(path):
                            return True
            return False
        """,
    ),
    probe(
        "reads-command-lines",
        "No process's command line names a path of the grader or of a submission.",
        """
        import os
        def found():
            for number in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{number}/cmdline", "rb") as file:
                        line = file.read()
                except OSError:
                    continue
                for word in (b"SUBMISSIONS_FOLDER", b"roster", b"ipynb", b"pytest", b"joblib"):
                    if word in line:
                        return True
            return False
        """,
    ),
    probe(
        "reads-the-environment",
        "The variables of the teacher's shell stay there, those of other processes too.",
        """
        import os
        def found():
            if "ADVERSARIAL_CANARY" in os.environ:
                return True
            for number in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{number}/environ", "rb") as file:
                        if b"ADVERSARIAL_CANARY" in file.read():
                            return True
                except OSError:
                    continue
            return False
        """,
    ),
    probe(
        "reads-open-descriptors",
        "No file or folder of the parent is left open in the child.",
        """
        import os, stat
        def found():
            for number in range(3, 1024):
                try:
                    mode = os.fstat(number).st_mode
                except OSError:
                    continue
                if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and os.fstat(number).st_size):
                    target = os.readlink(f"/proc/self/fd/{number}")
                    if "python" not in target and "numpy" not in target:
                        return True
            return False
        """,
    ),
    probe(
        "writes-where-it-must-not",
        "Python, the libraries and the rest of what is seen cannot be written.",
        """
        import os, sys
        def found():
            folders = {os.path.dirname(np.__file__), os.path.dirname(os.__file__), sys.prefix,
                       "/", "/usr", "/usr/lib", "/etc", "/bin", "/var", *sys.path}
            for folder in filter(os.path.isabs, folders):
                if folder.startswith(("/tmp", os.getcwd() + "/")) or folder == os.getcwd():
                    continue
                try:
                    with open(os.path.join(folder, "adversarial.py"), "w") as file:
                        file.write("x")
                except OSError:
                    continue
                if folder != "/":
                    return True
            return False
        """,
    ),
    probe(
        "makes-the-view-writable",
        "Nothing can be mounted, no root changed, no device made, no name space entered.",
        """
        import ctypes, os, stat
        def found():
            libc = ctypes.CDLL(None, use_errno=True)
            for target in (b"/", b"/usr", os.path.dirname(np.__file__).encode()):
                if libc.mount(b"none", target, None, 32 | 4096, None) == 0:
                    return True
            if libc.umount2(b"/proc", 2) == 0 or libc.chroot(b"/proc/1/root") == 0:
                return True
            for name, number in (("disk", 8 << 8), ("mem", (1 << 8) | 1)):
                try:
                    os.mknod(name, 0o600 | stat.S_IFBLK, number)
                    open(name, "rb").read(1)
                    return True
                except OSError:
                    pass
            return any(os.path.exists(name) for name in ("/dev/mem", "/dev/sda", "/dev/kmsg"))
        """,
    ),
    probe(
        "leaves-a-message",
        "Nothing that an answer writes is seen by another, nor by the next student.",
        MESSAGE,
    ),
    probe(
        "finds-a-message",
        "The same from another student, who looks for it.",
        MESSAGE,
    ),
    probe(
        "compiles-into-the-cache",
        "Modules of the library cannot be replaced through __pycache__.",
        """
        import os, sys
        def found():
            folder = os.path.dirname(np.__file__)
            for path in (os.path.join(folder, "__pycache__"), os.path.dirname(os.__file__)):
                if os.access(path, os.W_OK):
                    return True
            return False
        """,
    ),
)

ANSWERS = (
    probe(
        "imports-the-package",
        "The book's own package has the answers; it cannot be imported.",
        """
        PARENTS
        def found():
            import softmax
            return hasattr(softmax, "log_softmax")
        """,
    ),
    probe(
        "imports-the-checks",
        "Nor can the grader.",
        """
        PARENTS
        def found():
            import coursework.hw1.checks
            return True
        """,
    ),
    probe(
        "imports-other-libraries",
        "Libraries that have the answers ready are not there.",
        """
        import importlib
        PARENTS
        def found():
            for name in ("scipy", "sklearn", "torch", "jax", "tensorflow", "numba", "nbgrader"):
                try:
                    importlib.import_module(name)
                    return True
                except ImportError:
                    pass
            return False
        """,
    ),
    in_answer(
        "uses-another-library",
        "A library instead of a function: an error with its reason.",
        """
        from scipy.special import softmax as ANSWER
        """,
        NONE,
        OK,
    ),
    probe(
        "searches-the-stack",
        "Expected answers are in no variable of the child.",
        """
        import gc, sys
        def found():
            words = ("expected", "judge", "checks", "points", "out_of", "misconceptions")
            frame = sys._getframe().f_back
            while frame:
                for name in list(frame.f_locals) + list(frame.f_globals):
                    if name.lower().strip("_") in words:
                        return True
                frame = frame.f_back
            for thing in gc.get_objects():
                if type(thing).__name__ in ("Check", "Question", "Assignment", "Misconception"):
                    return True
            return "coursework" in sys.modules or "softmax" in sys.modules
        """,
    ),
    in_answer(
        "returns-what-it-finds",
        "Any array found in memory that looks like an answer is returned; none is one.",
        """
        import gc, sys
        def arrays():
            for thing in gc.get_objects():
                if isinstance(thing, (list, tuple, dict)):
                    parts = thing.values() if isinstance(thing, dict) else thing
                    yield from (part for part in parts if isinstance(part, np.ndarray))
        def ANSWER(*args, **kwargs):
            given = args[0]
            for thing in arrays():
                if thing is not given and thing.shape == np.shape(given) and thing.dtype == float:
                    return thing.copy()
            return np.full(np.shape(given), 0.5)
        """,
        WRONG,
        OK,
    ),
)

SUBMISSIONS = FILES + ANSWERS
