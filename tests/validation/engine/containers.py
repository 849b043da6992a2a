"""Containers of the stand-in engine: bubblewrap with what the request asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.validation.engine.store import StoredImage
from validation.sandbox import Limits, cgroups, seccomp

NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
ENTER = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs"; shift; done; shift; exec "$@"'
DROP_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")


class Container:
    """One container from its creation to its removal."""

    def __init__(self, body: dict[str, Any], image: StoredImage, folder: Path) -> None:
        self.id = uuid.uuid4().hex * 2
        self.body = body
        self.image = image
        self.root = folder / self.id
        self.attached: socket.socket | None = None
        self.status = "created"
        self.exit_code = 0
        self.oom_killed = False
        self.ended = threading.Event()
        self.faults: set[str] = set()
        self._group: cgroups.ControlGroup | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._first_process = 0
        self._sending = threading.Lock()
        shutil.copytree(image.root, self.root, symlinks=True)
        self.root.chmod(0o755)

    @property
    def labels(self) -> dict[str, str]:
        return self.body.get("Labels") or {}

    def state(self) -> dict[str, Any]:
        return {
            "Status": self.status,
            "Running": self.status == "running",
            "OOMKilled": self.oom_killed,
            "ExitCode": self.exit_code,
            "Error": "",
        }

    def start(self) -> None:
        """Start the command; threads send what it prints and note its end."""
        host = self.body["HostConfig"]
        limits = Limits(memory_bytes=host["Memory"], processes=host["PidsLimit"])
        self._group = cgroups.create(limits)
        status, status_writing = os.pipe()
        filter_descriptor = os.memfd_create("seccomp")
        os.write(filter_descriptor, seccomp.program())
        os.lseek(filter_descriptor, 0, os.SEEK_SET)
        streams = {1: os.pipe(), 2: os.pipe()}
        if os.geteuid() == 0:
            for _, writing in streams.values():
                os.fchown(writing, int(self._uid), -1)
        arguments = [*self._arguments(), "--json-status-fd", str(status_writing)]
        arguments += ["--seccomp", str(filter_descriptor)]
        folders = [str(folder) for folder in self._group.folders] if self._group else []
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", ENTER, "sh", *folders, "--", "bwrap", *arguments, *self._command()],
            stdin=subprocess.DEVNULL,
            stdout=streams[1][1],
            stderr=streams[2][1],
            env={"PATH": os.environ["PATH"]},
            pass_fds=(status_writing, filter_descriptor),
            start_new_session=True,
        )
        self.status = "running"
        for descriptor in (status_writing, filter_descriptor, streams[1][1], streams[2][1]):
            os.close(descriptor)
        # Kept open: bubblewrap reports once more at its end.
        found = re.search(rb'"child-pid": (\d+)', os.read(status, 4096))
        self._first_process = int(found[1]) if found else 0
        pumps = [
            threading.Thread(target=self._pump, args=(kind, reading), daemon=True)
            for kind, (reading, _) in streams.items()
        ]
        for pump in pumps:
            pump.start()
        threading.Thread(target=self._await_end, args=(pumps, status), daemon=True).start()

    def kill(self) -> None:
        """Kill everything in it and wait until it is dead."""
        if self._process is None or self.status != "running":
            return
        for pid in (self._first_process, self._process.pid):
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.ended.wait(20)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def stats(self) -> dict[str, Any]:
        """Return what the engine tells of a running container's use."""
        group = self._group
        if group is None or self.status != "running":
            return {"cpu_stats": {"cpu_usage": {}}, "memory_stats": {}, "pids_stats": {}}
        current = 0
        if group.processes is not None:
            # bubblewrap's own processes are no part of what a container may have.
            own = cgroups.OWN_PROCESSES - 1 if group.refused_processes() else cgroups.OWN_PROCESSES
            current = int((group.processes / "pids.current").read_text()) - own
            current = self.body["HostConfig"]["PidsLimit"] if group.refused_processes() else current
        return {
            "cpu_stats": {"cpu_usage": {"total_usage": int((group.cpu_seconds() or 0) * 1e9)}},
            "memory_stats": {"usage": group.peak_memory_bytes() or 0, "stats": {}},
            "pids_stats": {"current": current},
        }

    @property
    def _uid(self) -> str:
        return self.body.get("User", "0:0").partition(":")[0]

    def _arguments(self) -> list[str]:
        host = self.body["HostConfig"]
        arguments = [*NAMESPACES, "--die-with-parent", "--new-session", "--clearenv"]
        if host["NetworkMode"] == "none" and "keeps network" not in self.faults:
            arguments.append("--unshare-net")
        arguments += ["--hostname", self.body["Hostname"], "--bind", str(self.root), "/"]
        if self.image.with_system:
            arguments += ["--ro-bind", "/usr", "/usr"]
        arguments += ["--proc", "/proc", "--dev", "/dev"]
        tmpfs = {**host["Tmpfs"], "/dev/shm": f"mode=1777,size={host['ShmSize']}"}
        for path, options in tmpfs.items():
            values = dict(option.partition("=")[::2] for option in options.split(","))
            arguments += ["--perms", values["mode"], "--size", values["size"], "--tmpfs", path]
        for mount in host["Mounts"]:
            target = Path(mount["Target"])
            for parent in reversed(target.parents[:-1]):
                arguments += ["--perms", "0755", "--dir", str(parent)]
            if "sees other files" in self.faults and mount["Target"] == "/probe":
                continue
            kind = "--ro-bind" if mount["ReadOnly"] else "--bind"
            arguments += [kind, mount["Source"], mount["Target"]]
        if host.get("Init"):
            arguments += ["--ro-bind", "/bin/true", "/sbin/docker-init"]
        if host["NetworkMode"] != "none":
            for path in ("/etc/hosts", "/etc/resolv.conf"):
                arguments += ["--ro-bind-try", path, path]
        if host["ReadonlyRootfs"]:
            arguments += ["--remount-ro", "/dev", "--remount-ro", "/"]
        arguments += ["--chdir", self.body["WorkingDir"]]
        if os.geteuid() == 0:
            arguments += [word for name in DROP_CAPABILITIES for word in ("--cap-add", name)]
        else:
            arguments.append("--unshare-user")
        return arguments

    def _command(self) -> list[str]:
        """Return the command line that drops what the request says and becomes the command."""
        host = self.body["HostConfig"]
        rights = ["--inh-caps=-all"]
        if "no-new-privileges:true" in host["SecurityOpt"]:
            rights.append("--no-new-privs")
        if os.geteuid() == 0:
            uid, _, gid = self.body["User"].partition(":")
            rights += [f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--ambient-caps=-all"]
            if host["CapDrop"] == ["ALL"]:
                rights.append("--bounding-set=-all")
        limits = [f"--{item['Name']}={item['Soft']}:{item['Hard']}" for item in host["Ulimits"]]
        if self._group is None or not self._group.bounds_memory:
            limits.append(f"--data={host['Memory']}")
        if self._group is None or not self._group.bounds_processes:
            limits.append(f"--nproc={host['PidsLimit']}")
        command = [*(self.body.get("Entrypoint") or ()), *self.body["Cmd"]]
        return [
            *("--", "/usr/bin/setpriv", *rights, "--", "/usr/bin/prlimit", *limits, "--"),
            *("/usr/bin/env", "-i", *self.body["Env"], *command),
        ]

    def _pump(self, kind: int, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            while data := stream.read(32768):
                self._send(bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big") + data)

    def _send(self, frame: bytes) -> None:
        with self._sending:
            if self.attached is None:
                return
            if "malformed frames" in self.faults:
                frame = b"HTTP/1.1 500" + frame
            if "cut frames" in self.faults:
                frame = frame[: len(frame) // 2]
            try:
                self.attached.sendall(frame)
                if "cut frames" in self.faults:
                    self.attached.shutdown(socket.SHUT_RDWR)
                    self.attached = None
            except OSError:
                self.attached = None

    def _await_end(self, pumps: list[threading.Thread], status: int) -> None:
        assert self._process is not None
        self._process.wait()
        for pump in pumps:
            pump.join(20)
        os.close(status)
        self.exit_code = self._process.returncode
        if self.exit_code < 0:
            self.exit_code = 128 - self.exit_code
        if self._group is not None:
            self.oom_killed = self._group.out_of_memory()
            self._group.remove()
        self.status = "exited"
        self.ended.set()


def matches(container: Container, filters: str) -> bool:
    """Tell whether a container has every label that a listing asks for."""
    wanted = json.loads(filters or "{}").get("label", [])
    labels = [f"{name}={value}" for name, value in container.labels.items()]
    return all(label in labels for label in wanted)
