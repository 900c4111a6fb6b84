"""The system calls that a student's code may make; the kernel refuses all others.

An allow-list of what Python, NumPy and Matplotlib need to compute, to read and write files, and
to start threads and processes. What is not on it fails as on a kernel that does not have it,
which the C library and Python expect. So nothing can be taken that all processes of the teacher
share (leases and locks on files, queued signals, inotify instances, ...), nor memory that the
limits do not see.

libseccomp, the C library, knows the numbers of the calls on each machine and makes the filter.
"""

import ctypes
import errno
import functools
import os
import struct
import tempfile

_ALLOWED = """
    access alarm arch_prctl brk chdir chmod clock_getres clock_gettime clock_nanosleep close
    close_range dup dup2 dup3 execve exit exit_group faccessat faccessat2 fchdir fchmod fchmodat
    fork fstat fstatfs ftruncate futex getcwd getdents getdents64 getegid geteuid getgid getgroups
    getitimer getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit
    getrusage getsid getsockname getsockopt gettid gettimeofday getuid kill link linkat lseek
    lstat mkdir mkdirat mprotect mremap msync munmap nanosleep newfstatat open openat pause
    pidfd_open pipe pipe2 poll ppoll pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2
    read readlink readlinkat readv recvfrom rename renameat renameat2 restart_syscall rmdir rseq
    rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait
    sched_getaffinity sched_yield select sendto set_robust_list set_tid_address setgroups
    setitimer setpgid setresgid setresuid setrlimit setsid shutdown sigaltstack stat statfs statx
    symlink symlinkat tgkill time times truncate umask uname unlink unlinkat utime utimensat
    utimes vfork wait4 waitid write writev
"""
_WORD = 0xFFFFFFFF
# Calls that are allowed with some arguments only: the number of the argument, the bits of it
# that count, and their value. Values from the kernel's headers; they are the same everywhere.
_ALLOWED_WITH = {
    # No new namespaces, and no process that is traced or belongs to another parent.
    "clone": [(0, 0xFE82B000, 0)],
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: no locks, leases, signals.
    "fcntl": [(1, _WORD, command) for command in (0, 1, 2, 3, 4, 1030)],
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    "ioctl": [(1, _WORD, c) for c in (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)],
    # MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE: memory is not moved out of sight.
    "madvise": [(2, _WORD, advice) for advice in (4, 8, 14, 15)],
    # Private memory or a file, and neither of huge pages. Shared memory without a file stays as
    # a whole while one page of it is mapped: no limit would count the rest.
    "mmap": [(3, 0x4000F, 0x2), (3, 0x40020, 0)],
    "prctl": [(0, _WORD, option) for option in (15, 16)],  # PR_SET_NAME, PR_GET_NAME
    "prlimit64": [(0, _WORD, 0)],  # its own limits
    "socketpair": [(0, _WORD, 1)],  # AF_UNIX, as asyncio and multiprocessing have it
}
# What honest code tries, and goes on only after the right error, or 0 for none: to flush files
# that are in memory, to copy the attributes of a file, to use the network.
_ANSWERED = {
    **dict.fromkeys(("fdatasync", "fsync"), 0),
    **dict.fromkeys(("flistxattr", "listxattr", "llistxattr"), errno.ENOTSUP),
    "socket": errno.EACCES,
}
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000  # SCMP_ACT_*, as in seccomp.h
_OTHER_MACHINES = 2  # SCMP_FLTATR_ACT_BADARCH
_MASKED_EQUAL = 7  # SCMP_CMP_MASKED_EQ


@functools.cache
def filter_program():
    """Return the filter for this machine as bubblewrap takes it, an array of struct sock_filter.

    Where libseccomp is not installed, or does not make the filter, an `OSError` is raised.
    """
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    refuse = _ERROR | errno.ENOSYS
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(refuse)))

    def add(action, name, *conditions):
        number = library.seccomp_syscall_resolve_name(name.encode())
        # An array of struct scmp_arg_cmp: the argument, the way to compare, the bits, the value.
        array = b"".join(struct.pack("=IIQQ", n, _MASKED_EQUAL, *bits) for n, *bits in conditions)
        _check(library.seccomp_rule_add_array(context, action, number, len(conditions), array))

    try:
        _check(library.seccomp_attr_set(context, _OTHER_MACHINES, refuse))
        for name in _ALLOWED.split():
            add(_ALLOW, name)
        for name, alternatives in _ALLOWED_WITH.items():
            for condition in alternatives:
                add(_ALLOW, name, condition)
        for name, error in _ANSWERED.items():
            add(_ERROR | error, name)
        with tempfile.TemporaryFile() as program:
            _check(library.seccomp_export_bpf(context, program.fileno()))
            program.seek(0)
            return program.read()
    finally:
        library.seccomp_release(context)


def _check(code):
    if code < 0:
        raise OSError(-code, f"libseccomp: {os.strerror(-code)}")
