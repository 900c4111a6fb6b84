"""Answers that try to leave the sandbox: by rights, processes or the network.

Each holds the right answer and gives it only where it got out, as those of `information_leaks` do.
"""

from coursework.adversarial.recipe import probe
from coursework.grader.model import CRASHED, OK

SUBMISSIONS = (
    probe(
        "raises-limits",
        "A hard limit cannot be raised, and no process may set another's.",
        """
        import resource
        def found():
            names = ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_CORE")
            for name in names:
                number = getattr(resource, name)
                hard = resource.getrlimit(number)[1]
                if hard == resource.RLIM_INFINITY:
                    continue
                try:
                    resource.setrlimit(number, (hard + 1, hard + 1))
                    return True
                except (OSError, ValueError):
                    pass
            return False
        """,
    ),
    probe(
        "has-no-limits",
        "CPU time, the size of files and core files are limited.",
        """
        import resource
        def found():
            return any(
                resource.getrlimit(number)[1] == resource.RLIM_INFINITY
                for number in (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)
            )
        """,
    ),
    probe(
        "has-capabilities",
        "The child has no rights of an administrator and can get none back.",
        """
        import ctypes, os
        def found():
            for identity in (os.setuid, os.setgid):
                try:
                    identity(0)
                    return os.getuid() == 0 and os.access("/etc/shadow", os.R_OK)
                except OSError:
                    pass
            with open("/proc/self/status") as file:
                status = dict(line.split(":", 1) for line in file)
            if any(int(status[name], 16) for name in ("CapEff", "CapPrm", "CapAmb")):
                return True
            if status["NoNewPrivs"].strip() != "1":
                return True
            return False
        """,
    ),
    probe(
        "enters-a-new-namespace",
        "A name space of its own would give the child an administrator's rights in it.",
        """
        import ctypes
        def found():
            libc = ctypes.CDLL(None, use_errno=True)
            newuser, newns = 0x10000000, 0x00020000
            if libc.unshare(newuser | newns) != 0:
                return False
            return libc.mount(b"none", b"/", None, 32 | 4096, None) == 0
        """,
        (OK, CRASHED),
    ),
    probe(
        "writes-into-the-parent",
        "No process outside can be traced, or its memory written.",
        """
        import ctypes, os
        def found():
            libc = ctypes.CDLL(None, use_errno=True)
            parent = os.getppid()
            if parent > 1 and libc.ptrace(16, parent, 0, 0) == 0:
                return True
            for number in filter(str.isdigit, os.listdir("/proc")):
                if int(number) in (os.getpid(), 1):
                    continue
                try:
                    with open(f"/proc/{number}/mem", "r+b") as file:
                        file.seek(0x400000)
                        file.write(b"x")
                        return True
                except (OSError, ValueError):
                    pass
            return False
        """,
    ),
    probe(
        "connects-to-the-machine",
        "No port of the machine can be reached, though one is open.",
        """
        import socket
        def found():
            socket.setdefaulttimeout(1)
            for host in ("127.0.0.1", "::1", socket.gethostname()):
                try:
                    socket.create_connection((host, TCP_PORT)).close()
                    return True
                except OSError:
                    pass
            return False
        """,
    ),
    probe(
        "connects-by-an-abstract-socket",
        "Abstract sockets have no file and pass a change of root; not one of the network.",
        """
        import socket
        def found():
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(chr(0) + "ABSTRACT_NAME")
            return True
        """,
    ),
    probe(
        "sees-the-network",
        "There is no interface but the loopback, and no name can be looked up.",
        """
        import socket
        def found():
            if any(name != "lo" for _, name in socket.if_nameindex()):
                return True
            try:
                socket.getaddrinfo("example.org", 80)
                return True
            except OSError:
                return False
        """,
    ),
    probe(
        "shares-memory",
        "Shared memory and queues of the machine are not seen.",
        """
        import ctypes
        def found():
            libc = ctypes.CDLL(None, use_errno=True)
            return libc.shmget(0x50F7, 4096, 0) != -1
        """,
    ),
)
