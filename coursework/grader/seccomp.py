"""A filter of system calls: what a student's code never needs is refused by the kernel.

It makes the kernel a smaller target. No new namespaces (in which a user is root), no tracing of
other processes, no mounts, and no memory that the limits do not see. Sockets are refused but
for those within the machine, which are confined to the sandbox.
"""

from __future__ import annotations

import errno
import platform
import struct

# Offsets in the kernel's struct seccomp_data, and the codes of its filters (linux/filter.h).
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_LOAD, _RETURN = 0x20, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000  # calls of a second kind on x86-64, which nobody needs
_CLONE_NEW = 0x7E020000  # CLONE_NEW* of the namespaces: user, mount, pid, net, ipc, uts, cgroup
_AF_UNIX = 1

# Numbers from asm/unistd_64.h (x86-64) and asm-generic/unistd.h (aarch64).
_COMMON = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
}
_X86_64 = {
    "shmget": 29,
    "semget": 64,
    "msgget": 68,
    "ptrace": 101,
    "syslog": 103,
    "uselib": 134,
    "personality": 135,
    "ustat": 136,
    "sysfs": 139,
    "modify_ldt": 154,
    "pivot_root": 155,
    "chroot": 161,
    "acct": 163,
    "mount": 165,
    "umount2": 166,
    "swapon": 167,
    "swapoff": 168,
    "reboot": 169,
    "iopl": 172,
    "ioperm": 173,
    "init_module": 175,
    "delete_module": 176,
    "quotactl": 179,
    "lookup_dcookie": 212,
    "mbind": 237,
    "set_mempolicy": 238,
    "mq_open": 240,
    "kexec_load": 246,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "migrate_pages": 256,
    "unshare": 272,
    "vmsplice": 278,
    "move_pages": 279,
    "perf_event_open": 298,
    "fanotify_init": 300,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "finit_module": 313,
    "memfd_create": 319,
    "kexec_file_load": 320,
    "bpf": 321,
    "userfaultfd": 323,
}
_AARCH64 = {
    "lookup_dcookie": 18,
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "chroot": 51,
    "quotactl": 60,
    "vmsplice": 75,
    "acct": 89,
    "personality": 92,
    "unshare": 97,
    "kexec_load": 104,
    "init_module": 105,
    "delete_module": 106,
    "syslog": 116,
    "ptrace": 117,
    "reboot": 142,
    "mq_open": 180,
    "msgget": 186,
    "semget": 190,
    "shmget": 194,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "swapon": 224,
    "swapoff": 225,
    "mbind": 235,
    "set_mempolicy": 237,
    "migrate_pages": 238,
    "move_pages": 239,
    "perf_event_open": 241,
    "fanotify_init": 262,
    "name_to_handle_at": 264,
    "open_by_handle_at": 265,
    "setns": 268,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "kcmp": 272,
    "finit_module": 273,
    "memfd_create": 279,
    "bpf": 280,
    "userfaultfd": 282,
    "kexec_file_load": 294,
}
_CLONE3 = 435
# The kernel's number of the architecture; of clone, socket, socketpair; the calls to refuse.
_MACHINES = {
    "x86_64": (0xC000003E, 56, 41, 53, _X86_64),
    "aarch64": (0xC00000B7, 220, 198, 199, _AARCH64),
}


def filter_program(machine=None):
    """Return the filter as bubblewrap takes it, or None on a machine that is not known here.

    Parameters
    ----------
    machine : str, optional
        Such as "x86_64"; by default, this machine.

    Returns
    -------
    bytes or None
        An array of struct sock_filter.
    """
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    architecture, clone, socket, socketpair, refused = known
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_IF_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_IF_AT_LEAST, _X32, 0, 1),
        _step(_RETURN, _KILL),
    ]
    for number in sorted({*_COMMON.values(), *refused.values()}):
        program += [_step(_IF_EQUAL, number, 0, 1), _step(_RETURN, _ERROR | errno.EPERM)]
    # The C library falls back on clone, whose flags a filter can see.
    program += [_step(_IF_EQUAL, _CLONE3, 0, 1), _step(_RETURN, _ERROR | errno.ENOSYS)]
    program += [
        _step(_IF_EQUAL, clone, 0, 3),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_IF_ANY_BIT, _CLONE_NEW, 0, 5),
        _step(_RETURN, _ERROR | errno.EPERM),
        _step(_IF_EQUAL, socket, 1, 0),
        _step(_IF_EQUAL, socketpair, 0, 2),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_IF_EQUAL, _AF_UNIX, 0, 1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _ERROR | errno.EACCES),
    ]
    return b"".join(program)


def _step(code, value, if_true=0, if_false=0):
    """Return one instruction; the last two say how many to leap over."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
