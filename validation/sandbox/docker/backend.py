"""The sandbox by way of a container engine on this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from validation.sandbox import identity, layout, trees
from validation.sandbox.docker import archives, images
from validation.sandbox.docker.attached import Attached, remove_for_sure
from validation.sandbox.docker.containers import creation, unused
from validation.sandbox.docker.engine import (
    ASKING_SECONDS,
    ContainerLost,
    connected,
    speaking,
)
from validation.sandbox.docker.reaper import accounts_prefix, reap
from validation.sandbox.protocol import (
    Cancelled,
    Command,
    Limits,
    Mount,
    OnOutput,
    Result,
    SandboxError,
    SandboxUnavailable,
)
from validation.sandbox.watch import Watch

PROBE_LIMITS = Limits(wall_seconds=60, cpu_seconds=20, disk_bytes=1024**2)
PROBE = """
cat /probe/token; echo
grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
echo Routes: $(grep -v Iface /proc/net/route; grep -v ' lo$' /proc/net/ipv6_route 2> /dev/null)
touch /probe/x /x 2> /dev/null && echo writable
"""


class Docker:
    """Commands in containers of Docker or Podman."""

    name = "docker"
    runs_images = True

    def __init__(self) -> None:
        self.worked_before = False
        self._tried = ""
        self._keep_id = False

    def unavailable(self) -> str | None:
        """Say why the engine cannot be used and how to mend it, or None if it can.

        Asked each time whether it answers; what it gives a command is tried once for each engine.
        """
        try:
            with connected(ASKING_SECONDS) as client:
                info = client.info()
                if self._tried == info["ID"]:
                    return None
                reap()
                is_podman = _is_podman(client.version())
                reason = _unfit(info, is_podman)
                if reason is None:
                    # Rootless Podman: ids are to be in the container as they are outside.
                    self._keep_id = is_podman and _is_rootless(info)
                    reason = self._refused()
                self._tried = info["ID"] if reason is None else ""
                self.worked_before = reason is None
                return reason
        except SandboxError as error:
            return str(error)

    def run(
        self,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        cancelled: Cancelled | None = None,
    ) -> Result:
        """Run the command to its end and leave no process behind."""
        reason = self.unavailable()
        if reason is not None:
            raise SandboxUnavailable(reason, may_pass=self.worked_before)
        return self._run(command, on_output, cancelled)

    def image(self, name: str, cancelled: Cancelled | None = None) -> images.Image:
        """Return an image by its name, pulled on its first use."""
        with connected() as client:
            return images.image_named(client, name, cancelled)

    @contextmanager
    def files(self, image: images.Image) -> Iterator[ImageFiles]:
        """Lend a view of an image's files, without running anything of it."""
        body = {"Image": image.digest, "Cmd": ["true"], **unused()}
        with connected() as client, _created(client, body) as container:
            yield ImageFiles(client, container)

    def _run(
        self, command: Command, on_output: OnOutput | None, cancelled: Cancelled | None
    ) -> Result:
        with ExitStack() as stack:
            client = stack.enter_context(connected())
            image = (
                images.image_named(client, command.image, cancelled)
                if command.image
                else images.host_image(client)
            )
            uid = stack.enter_context(identity.borrowed_id())
            accounts = stack.enter_context(_accounts(uid))
            body = creation(command, image, uid, accounts, self._keep_id)
            writable = [mount.source for mount in command.mounts if mount.writable]
            for folder in writable:
                trees.give(folder, uid)
            container = stack.enter_context(_created(client, body))
            attached = Attached(client, container, Watch(command.limits, writable))
            return attached.result(on_output, cancelled)

    def _refused(self) -> str | None:
        """See for ourselves what a command has and has not, whatever the engine promises."""
        token = uuid.uuid4().hex
        with tempfile.TemporaryDirectory(prefix="retrace-probe-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            (folder / "token").write_text(token)
            probe = Command(
                argv=("/bin/sh", "-c", PROBE),
                mounts=(Mount(folder, "/probe"),),
                working_directory="/tmp",
                limits=PROBE_LIMITS,
            )
            try:
                result = self._run(probe, None, None)
            except SandboxError as error:
                return f"The container engine cannot run a command as it must be run here: {error}"
        return _seen(result, token)


class ImageFiles:
    """The files of an image, by way of a container that is never started."""

    def __init__(self, client: Any, container: str) -> None:
        self._client = client
        self._container = container

    def has(self, path: str) -> bool:
        """Tell whether there is something at the path."""
        try:
            with speaking():
                chunks, _ = self._client.get_archive(self._container, path)
                chunks.close()
        except ContainerLost:
            return False
        return True

    def copy_out(self, path: str, folder: Path, wanted: Callable[[str], bool]) -> None:
        """Write what is below the path, if `wanted(relative path)`, to an empty folder.

        Nothing where the image has no such path.
        """
        with suppress(ContainerLost), speaking():
            chunks, _ = self._client.get_archive(self._container, path)
            archives.unpack(chunks, folder, wanted)


def _seen(result: Result, token: str) -> str | None:
    lines = result.output.decode(errors="replace").split("\n")
    if lines[0] != token:
        said = " ".join(lines)[:300].strip()
        return (
            "The container engine does not see this machine's files, so working trees cannot be"
            f" mounted: it must run on this machine, outside of containers ({said or 'silence'})."
        )
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    held = {
        "an unprivileged user": "0" not in status.get("Uid", ["0"]),
        "no capability": not int("".join(status.get("CapEff", ["1"])), 16),
        "no capability to gain": not int("".join(status.get("CapBnd", ["1"])), 16),
        "no new privileges": status.get("NoNewPrivs") == ["1"],
        "a seccomp filter": status.get("Seccomp") == ["2"],
        "no network": status.get("Routes") == [],
        "a read-only root": "writable" not in lines,
    }
    missing = [what for what, is_so in held.items() if not is_so]
    if missing:
        return f"The container engine does not give commands {', '.join(missing)}."
    return None


def _unfit(info: dict[str, Any], is_podman: bool) -> str | None:
    options = " ".join(info.get("SecurityOptions") or ())
    if info.get("OSType", "linux") != "linux":
        return f"The container engine runs {info['OSType']} containers; Linux ones are needed."
    if "name=seccomp" not in options or "profile=unconfined" in options:
        return (
            "The container engine filters no system calls. Remove seccomp-profile from its"
            " configuration (/etc/docker/daemon.json) and start it again."
        )
    for what in ("MemoryLimit", "PidsLimit"):
        if info.get(what) is False:
            return f"The container engine cannot hold limits here: {what} is off in docker info."
    if _is_rootless(info) and not is_podman:
        return (
            "Rootless Docker gives files of this account to root in a container. Use rootless"
            " Podman (systemctl --user start podman.socket) or the machine's own Docker."
        )
    return None


def _is_rootless(info: dict[str, Any]) -> bool:
    return any("rootless" in option for option in info.get("SecurityOptions") or ())


def _is_podman(version: dict[str, Any]) -> bool:
    parts = version.get("Components") or ()
    return any("podman" in str(part.get("Name")).lower() for part in parts)


@contextmanager
def _created(client: Any, body: dict[str, Any]) -> Iterator[str]:
    container = client.create_container_from_config(body)["Id"]
    try:
        yield container
    finally:
        remove_for_sure(client, container)


@contextmanager
def _accounts(uid: int) -> Iterator[Path]:
    """Lend a folder with the made-up accounts that a command sees."""
    folder = Path(tempfile.mkdtemp(prefix=accounts_prefix()))
    try:
        folder.chmod(0o755)
        gid = uid if identity.is_root() else os.getegid()
        for name, text in layout.accounts(uid, gid).items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o644)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
