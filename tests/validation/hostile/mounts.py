"""Change what is mounted, and make namespaces in which one might."""

import os

from attempt import attempt, libc, system_call

NEW_USER, NEW_MOUNT, NEW_NETWORK = 0x10000000, 0x00020000, 0x40000000


def failed(result: int) -> None:
    if result == -1:
        raise OSError("it failed")


attempt("mount", lambda: failed(libc.mount(b"x", b"/tmp", b"tmpfs", 0, None)))
attempt("a bind mount", lambda: failed(libc.mount(b"/usr", b"/tmp", None, 4096, None)))
attempt("umount", lambda: failed(libc.umount2(b"/proc", 2)))
attempt("fsopen", lambda: system_call(430, b"tmpfs", 0))
attempt("open_tree", lambda: system_call(428, -100, b"/", 1))
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("pivot_root", lambda: system_call(155, b"/tmp", b"/tmp"))
for name, flag in (("user", NEW_USER), ("mount", NEW_MOUNT), ("network", NEW_NETWORK)):
    attempt(f"unshare {name}", lambda flag=flag: system_call(272, flag))
    attempt(f"clone {name}", lambda flag=flag: system_call(56, flag | 17, 0, 0, 0, 0))
attempt("clone3", lambda: system_call(435, None, 0))
for name in ("user", "mnt", "net"):
    entered = os.open(f"/proc/self/ns/{name}", os.O_RDONLY)
    attempt(f"setns {name}", lambda entered=entered: system_call(308, entered, 0))
