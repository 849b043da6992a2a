"""What the tests of the sandbox share: hostile programs, and the two kinds of worker."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from validation.environments.environment import interpreter_mounts
from validation.environments.interpreters import Interpreter, find_interpreter
from validation.sandbox import (
    Command,
    Limits,
    Mount,
    Result,
    Sandbox,
    choose_sandbox,
    remove_tree,
)
from validation.sandbox.cgroups import PREFIX
from validation.sandbox.docker.reaper import ACCOUNTS
from validation.sandbox.identity import FIRST, SLOTS

HOSTILE = Path(__file__).parent / "hostile"
NOBODY = 65534
ROOT, USER = "root", "ordinary user"
MEBIBYTE = 1024**2
FOLDER = "retrace-test-"


def workers() -> list[str]:
    """Name the kinds of worker that can be tried here."""
    return [ROOT, USER] if os.geteuid() == 0 else [USER]


@dataclass
class Ground:
    """A place of its own for one hostile program, and a way to run it as one kind of worker."""

    worker: str
    folder: Path
    interpreter: Interpreter
    sandbox: Sandbox | None = None
    token: str = field(default_factory=lambda: f"token-{uuid.uuid4().hex}")

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    def run(
        self,
        program: str,
        *arguments: str,
        mounts: tuple[Mount, ...] = (),
        cancelled: Callable[[], bool] | None = None,
        **limits: float,
    ) -> Result:
        """Run a hostile program in the sandbox."""
        python = self.interpreter.path
        argv = (python, "-B", f"/hostile/{program}.py", *arguments, self.token)
        return self.execute(argv, mounts=mounts, cancelled=cancelled, **limits)

    def execute(
        self,
        argv: tuple[str, ...],
        *,
        mounts: tuple[Mount, ...] = (),
        environment: Mapping[str, str] | None = None,
        cancelled: Callable[[], bool] | None = None,
        **limits: float,
    ) -> Result:
        """Run any command in the sandbox, with the hostile programs at hand."""
        small = {"memory_bytes": 256 * MEBIBYTE, "disk_bytes": 16 * MEBIBYTE, "processes": 40}
        command = Command(
            argv=argv,
            mounts=(
                Mount(self.tree, "/testbed", writable=True),
                Mount(self.folder / "hostile", "/hostile"),
                *interpreter_mounts(self.interpreter),
                *mounts,
            ),
            environment=environment or {},
            limits=Limits(**{"wall_seconds": 20.0, **small, **limits}),  # type: ignore[arg-type]
        )
        sandbox = self.sandbox or choose_sandbox("bubblewrap")
        if self.worker == ROOT or os.geteuid() != 0:
            return sandbox.run(command, cancelled=cancelled)
        return as_nobody(lambda: sandbox.run(command, cancelled=cancelled))

    def become_worker(self) -> None:
        """Turn this process into the kind of worker for good."""
        if self.worker == USER and os.geteuid() == 0:
            become_nobody()

    def left_over_processes(self) -> list[psutil.Process]:
        """Return the processes of this ground's programs that still run."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if self.token in (process.info["cmdline"] or ())
        ]


def traces() -> set[str]:
    """Name what commands of this process could have left on the host.

    Ids that root lends are this process's own. As nobody others may run at the same time, in
    folders like ours.
    """
    own = {FIRST + os.getpid() * SLOTS + slot for slot in range(SLOTS)}
    found = {
        f"process {process.pid}"
        for process in psutil.process_iter(["uids"])
        if process.info["uids"] and process.info["uids"].real in own
    }
    found |= {f"mount {line.split()[4]}" for line in _lines("/proc/self/mountinfo")}
    for kind in ("shm", "sem", "msg"):
        words = (set(line.split()) for line in _lines(f"/proc/sysvipc/{kind}"))
        found |= {
            f"{kind} {number}" for line in words for number in map(str, own) if number in line
        }
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue"):
        entries = os.scandir(folder) if Path(folder).is_dir() else ()
        found |= {
            entry.path
            for entry in entries
            if not _in_use_by_another(entry.name) and _owner(entry) in own | {NOBODY}
        }
    return found


def _in_use_by_another(name: str) -> bool:
    """Tell whether a folder belongs to another ground, or to a live process that runs containers.

    A process removes its folder before it ends: asked before the folder is looked at, this leaves
    no moment in which the folder of a process that just ended counts as left over.
    """
    pid = name.removeprefix(ACCOUNTS).partition("-")[0] if name.startswith(ACCOUNTS) else ""
    other = pid.isdecimal() and int(pid) != os.getpid() and psutil.pid_exists(int(pid))
    return other or name.startswith(FOLDER)


def _owner(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_uid
    except FileNotFoundError:
        return None


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return mode and bytes of each file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.stat().st_mode, path.read_bytes()) for path in files}


def become_nobody() -> None:
    """Turn this process into one of an ordinary user."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def as_nobody(act: Callable[[], Result]) -> Result:
    """Act in a child process that is an ordinary user without rights."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)

    def child() -> None:
        become_nobody()
        try:
            sending.send(act())
        except Exception as error:
            sending.send(error)

    process = context.Process(target=child)
    process.start()
    sending.close()
    answer = receiving.recv()
    process.join()
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(answer, Result)
    return answer


@contextmanager
def made_ground(worker: str, sandbox: Sandbox | None = None) -> Iterator[Ground]:
    """Make a ground; not below pytest's folder, which is closed to everybody else.

    The sandbox is bubblewrap unless another is named.
    """
    folder = Path(tempfile.mkdtemp(prefix=FOLDER))
    try:
        folder.chmod(0o755)
        shutil.copytree(HOSTILE, folder / "hostile", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "tree").mkdir()
        if worker == USER and os.geteuid() == 0:
            for path in (folder, folder / "tree"):
                os.chown(path, NOBODY, NOBODY)
        yield Ground(worker, folder, _interpreter(worker), sandbox)
    finally:
        remove_tree(folder)


def _interpreter(worker: str) -> Interpreter:
    """Return our own interpreter, or the system's where an ordinary user cannot reach ours."""
    own = find_interpreter("", Path())
    reachable = all(folder.stat().st_mode & 0o001 for folder in Path(own.path).parents)
    if worker == ROOT or reachable or os.geteuid() != 0:
        return own
    return Interpreter("/usr/bin/python3", "/usr", "")


def control_groups(pid: int | None = None) -> list[Path]:
    """Return the control groups that a worker (this process, else) made and left."""
    prefix = f"{PREFIX}{pid or os.getpid()}-"
    # Other processes' groups come and go meanwhile, which a walk does not mind.
    return [
        Path(folder, name)
        for folder, names, _ in os.walk("/sys/fs/cgroup")
        for name in names
        if name.startswith(prefix)
    ]
