"""The system calls no sandboxed command has a use for, as a seccomp filter.

The filter is a classic BPF program as the kernel reads it (linux/filter.h, linux/seccomp.h): small
enough to be written here, so that nothing beyond the kernel is needed. Refused calls fail with
EPERM and the program goes on; its own tests of "not permitted" keep working.
"""

from __future__ import annotations

import errno
import platform
import socket
import struct

# x86_64 numbers (asm/unistd_64.h). From 424 on they are the same on every architecture.
REFUSED = {
    # other processes' memory and descriptors
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    # mounts and roots
    "pivot_root": 155,
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "mount_setattr": 442,
    "open_tree_attr": 467,
    # files by handle reach past a mount
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "fanotify_init": 300,
    # namespaces (clone and unshare are looked at by their flags below)
    "setns": 308,
    # the kernel's keyrings, programs, counters and rings
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "perf_event_open": 298,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "lookup_dcookie": 212,
    # modules, other kernels, the machine
    "create_module": 174,
    "init_module": 175,
    "delete_module": 176,
    "get_kernel_syms": 177,
    "query_module": 178,
    "kexec_load": 246,
    "finit_module": 313,
    "kexec_file_load": 320,
    "uselib": 134,
    "iopl": 172,
    "ioperm": 173,
    "acct": 163,
    "swapon": 167,
    "swapoff": 168,
    "reboot": 169,
    "sethostname": 170,
    "setdomainname": 171,
    "quotactl": 179,
    "quotactl_fd": 443,
    "nfsservctl": 180,
    "syslog": 103,
    "vhangup": 153,
    # the clock
    "adjtimex": 159,
    "settimeofday": 164,
    "clock_settime": 227,
    "clock_adjtime": 305,
}
CLONE, CLONE3, UNSHARE, IOCTL, SOCKET = 56, 435, 272, 16, 41
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; NEWTIME is unshare's alone.
CLONE_NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
CLONE_NEWTIME = 0x00000080
# Both put characters into somebody else's terminal.
TERMINAL_REQUESTS = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}
# A network namespace does not close AF_VSOCK (the hypervisor), AF_ALG and the like.
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)

AUDIT_ARCH_X86_64 = 0xC000003E
X32_BIT = 0x40000000
ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000

LOAD, EQUAL, GREATER_OR_EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE = 0, 4


def supported() -> bool:
    """Tell whether the filter knows this machine's system calls."""
    return platform.machine() == "x86_64"


def program() -> bytes:
    """Build the filter as bubblewrap's --seccomp reads it."""
    refuse = ERRNO | errno.EPERM
    lines = [
        _load(ARCHITECTURE),
        *_unless_equal(AUDIT_ARCH_X86_64, KILL_PROCESS),
        _load(NUMBER),
        # The x32 calls would slip past every number below.
        *_if(GREATER_OR_EQUAL, X32_BIT, refuse),
    ]
    for number in REFUSED.values():
        lines += _if(EQUAL, number, refuse)
    # clone3 hides its flags behind a pointer; told that it is missing, libc falls back to clone.
    lines += _if(EQUAL, CLONE3, ERRNO | errno.ENOSYS)
    lines += _on_argument(CLONE, 0, _if(ANY_BIT, CLONE_NEW, refuse))
    lines += _on_argument(UNSHARE, 0, _if(ANY_BIT, CLONE_NEW | CLONE_NEWTIME, refuse))
    requests = [line for r in TERMINAL_REQUESTS.values() for line in _if(EQUAL, r, refuse)]
    lines += _on_argument(IOCTL, 1, requests)
    lines += _on_argument(SOCKET, 0, _unless_any(FAMILIES, ERRNO | errno.EAFNOSUPPORT))
    lines.append(_return(ALLOW))
    return b"".join(lines)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _load(offset: int) -> bytes:
    return _instruction(LOAD, offset)


def _return(value: int) -> bytes:
    return _instruction(RETURN, value)


def _if(test: int, value: int, action: int) -> list[bytes]:
    return [_instruction(test, value, 0, 1), _return(action)]


def _unless_equal(value: int, action: int) -> list[bytes]:
    return [_instruction(EQUAL, value, 1, 0), _return(action)]


def _unless_any(values: tuple[int, ...], action: int) -> list[bytes]:
    tests = [
        _instruction(EQUAL, value, len(values) - position, 0)
        for position, value in enumerate(values)
    ]
    return [*tests, _return(action)]


def _on_argument(number: int, argument: int, then: list[bytes]) -> list[bytes]:
    """Apply `then` to the low half of an argument of this call, and allow it otherwise."""
    body = [_load(16 + 8 * argument), *then, _return(ALLOW)]
    return [_instruction(EQUAL, number, 0, len(body)), *body]
