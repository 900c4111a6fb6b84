"""Answers that take what every process of the teacher's shares, or what no limit counts.

Most are probes: the right answer comes only where something could be taken.
"""

from coursework.adversarial.recipe import NONE, in_answer, probe
from coursework.grader.model import MEMORY

LIBC = """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
"""

SUBMISSIONS = (
    probe(
        "leases-files",
        "A lease on a library would make every other process that opens the file wait.",
        """
        import fcntl, os
        def found():
            taken = []
            for folder in (os.path.dirname(np.__file__), os.path.dirname(os.__file__)):
                for name in os.listdir(folder):
                    for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):
                        try:
                            taken.append(open(os.path.join(folder, name), "rb"))
                            fcntl.fcntl(taken[-1], fcntl.F_SETLEASE, kind)
                            return True
                        except OSError:
                            pass
            return False
        """,
    ),
    probe(
        "locks-files",
        "Locks on a library pass bits to other sandboxes; each takes memory that nobody counts.",
        """
        import fcntl
        def found():
            with open(np.__file__) as library, open("/tmp/adversarial-0", "wb") as own:
                for lock, file in ((fcntl.flock, library), (fcntl.lockf, own)):
                    try:
                        lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        return True
                    except OSError:
                        pass
            return False
        """,
    ),
    probe(
        "watches-files",
        "The teacher has a small number of inotify instances and of watches, for all processes.",
        f"""{LIBC}
        def found():
            import fcntl, select
            if libc.inotify_init1(0) >= 0 or libc.fanotify_init(0, 0) >= 0:
                return True
            try:
                fcntl.fcntl(os.open("/tmp", os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_CREATE)
                return True
            except OSError:
                pass
            return bool(select.epoll())
        """,
    ),
    probe(
        "asks-what-is-cached",
        "Which pages of a library are in memory passes bits to other sandboxes.",
        f"""{LIBC}
        def found():
            import mmap
            with open(np.__file__, "rb") as file:
                pages = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | 2)
                address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
                held = ctypes.create_string_buffer(len(pages) // mmap.PAGESIZE + 1)
                call = libc.mincore(ctypes.c_void_p(address), len(pages), held)
                if call == 0:
                    return True
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                return True
        """,
    ),
    probe(
        "queues-signals",
        "Signals that wait, and timers, count for all processes of the teacher's.",
        f"""{LIBC}
        def found():
            import signal
            if any(libc.timer_create(0, None, ctypes.byref(ctypes.c_void_p())) == 0 for _ in "ab"):
                return True
            signal.pthread_sigmask(signal.SIG_BLOCK, [40])
            for _ in range(1000):
                os.kill(os.getpid(), 40)
            return len([1 for _ in range(1000) if signal.sigtimedwait([40], 0)]) > 100
        """,
    ),
    probe(
        "widens-pipes",
        "The memory of pipes is limited for all processes of the teacher's together.",
        """
        import fcntl, os
        def found():
            return fcntl.fcntl(os.pipe()[1], 1031, 1 << 20) > 0
        """,
    ),
    probe(
        "sends-descriptors",
        "So are the open files that are on their way through a socket.",
        """
        import socket
        def found():
            one, other = socket.socketpair()
            return socket.send_fds(one, [b"x"], [one.fileno()]) > 0
        """,
    ),
    probe(
        "opens-terminals",
        "The terminals of the machine are counted, and the teacher needs some.",
        """
        import os
        def found():
            return bool(os.openpty())
        """,
    ),
    probe(
        "slows-the-supervisor",
        "The process that watches the sandbox from within cannot be slowed or limited.",
        """
        import os, resource
        def found():
            for attack in (
                lambda: os.setpriority(os.PRIO_PROCESS, 1, 19),
                lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)),
                lambda: os.sched_setaffinity(1, [0]),
                lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1)),
            ):
                try:
                    attack()
                    return True
                except OSError:
                    pass
            return False
        """,
    ),
    probe(
        "reads-the-host-s-paths",
        "Neither mounts nor anything else in /proc tells of the machine and its folders.",
        """
        import os
        def found():
            for folder in ("/proc/self", "/proc/thread-self", "/proc/1", "/proc", "/proc/sys/fs"):
                for name in ("mountinfo", "mounts", "maps", "cgroup", "version", "file-nr"):
                    if os.path.exists(f"{folder}/{name}"):
                        return True
            return False
        """,
    ),
    probe(
        "attributes-of-files",
        "Extended attributes are memory that the size of a folder does not limit.",
        """
        import os
        def found():
            with open("/tmp/adversarial-0", "w") as file:
                os.setxattr(file.fileno(), "user.adversarial", bytes(60_000))
            return True
        """,
    ),
    probe(
        "memory-without-an-address",
        "Shared memory stays where one page of it does, and no process is seen to use the rest.",
        f"""{LIBC}
        def found():
            libc.mmap.restype = ctypes.c_void_p
            for _ in range(12):
                size = 64 << 20
                address = libc.mmap(None, ctypes.c_size_t(size), 3, 0x21, -1, ctypes.c_long(0))
                if address == ctypes.c_void_p(-1).value:
                    return False
                ctypes.memset(address, 1, size)
                libc.munmap(ctypes.c_void_p(address + 4096), ctypes.c_size_t(size - 4096))
            return True
        """,
    ),
    in_answer(
        "inodes-without-end",
        "A file without a byte takes memory, too.",
        """
        GUARD
        import os
        def ANSWER(*args, **kwargs):
            for _ in range(6):
                if os.fork() == 0:
                    break
            number = 0
            while True:
                number += 1
                os.symlink("x" * 100, f"/tmp/{os.getpid()}-{number}")
        """,
        NONE,
        MEMORY,
    ),
)
