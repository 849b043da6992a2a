"""The stand-in engine's HTTP server."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import socketserver
import tarfile
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.validation.engine.containers import Container, matches
from tests.validation.engine.store import StoredImage, imported

API_VERSION = "1.47"


class Engine:
    """An engine that can be started, stopped and started again.

    `registry` holds what can be pulled: an image, or the status and message of a refusal.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "engine.sock"
        self.id = str(uuid.uuid4())
        self.images: list[StoredImage] = []
        self.containers: dict[str, Container] = {}
        self.created: list[dict[str, Any]] = []
        self.registry: dict[str, StoredImage | tuple[int, str]] = {}
        self.faults: set[str] = set()
        self.info: dict[str, Any] = {
            "OSType": "linux",
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
            "MemoryLimit": True,
            "PidsLimit": True,
        }
        self._server: _Server | None = None
        (folder / "containers").mkdir()
        (folder / "images").mkdir()

    @property
    def address(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        self._server = _Server(str(self.socket), _Handler)
        self._server.engine = self
        self.socket.chmod(0o666)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop as an engine does: what runs is killed, connections break, the socket is gone."""
        if self._server is None:
            return
        server, self._server = self._server, None
        self.socket.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()
        for container in list(self.containers.values()):
            container.kill()

    def close(self) -> None:
        self.stop()
        for container in list(self.containers.values()):
            container.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def image_named(self, name: str) -> StoredImage | None:
        for image in self.images:
            if name in (image.digest, *image.names):
                return image
        return None

    def pull(self, name: str) -> str:
        """Fetch from the registry; return the refusal that comes in the middle of the stream."""
        found = self.registry[name]
        assert isinstance(found, StoredImage)
        if "pull breaks off" in self.faults:
            return "unexpected EOF"
        found.names.append(name)
        self.images.append(found)
        return ""

    def bring_in(self, content: bytes, name: str) -> None:
        image = imported(self.folder / "images" / uuid.uuid4().hex, content, name)
        self.images.append(image)

    def create(self, body: dict[str, Any], image: StoredImage) -> Container:
        container = Container(body, image, self.folder / "containers")
        container.faults = self.faults
        self.containers[container.id] = container
        self.created.append(body)
        return container


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    engine: Engine


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        parts = urlsplit(self.path)
        path = re.sub(r"^/v[\d.]+", "", unquote(parts.path))
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for wanted, pattern, act in ROUTES:
            if wanted == method and (found := re.fullmatch(pattern, path)):
                act(self, *found.groups())
                return
        self._refuse(404, f"page not found: {method} {path}")

    # --- answers ---------------------------------------------------------------------------

    def _json(self, content: object, status: int = 200) -> None:
        self._bytes(json.dumps(content).encode(), status, "application/json")

    def _refuse(self, status: int, message: str) -> None:
        self._json({"message": message}, status)

    def _bytes(self, content: bytes, status: int, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _lines(self, *lines: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            data = json.dumps(line).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def _container(self, name: str) -> Container | None:
        container = self.server.engine.containers.get(name)
        if container is None:
            self._refuse(404, f"No such container: {name}")
        return container

    # --- the engine ------------------------------------------------------------------------

    def version(self) -> None:
        about = {"Version": "27.0", "ApiVersion": API_VERSION, "MinAPIVersion": "1.24"}
        self._json({**about, "Components": [{"Name": "Engine", "Version": "27.0"}]})

    def info(self) -> None:
        self._json({"ID": self.server.engine.id, **self.server.engine.info})

    # --- images ----------------------------------------------------------------------------

    def image(self, name: str) -> None:
        found = self.server.engine.image_named(name)
        if found is None:
            self._refuse(404, f"No such image: {name}")
        else:
            self._json(found.about())

    def create_image(self) -> None:
        engine = self.server.engine
        if self.query.get("fromSrc") == "-":
            engine.bring_in(self.sent, f"{self.query['repo']}:{self.query['tag']}")
            self._lines({"status": "imported"})
            return
        name = f"{self.query['fromImage']}:{self.query.get('tag', 'latest')}"
        found = engine.registry.get(name, (404, f"manifest for {name} not found"))
        if isinstance(found, tuple):
            self._refuse(*found)
            return
        trouble = engine.pull(name)
        last = {"error": trouble} if trouble else {"status": "Download complete"}
        self._lines({"status": f"Pulling from {name}"}, last)

    # --- containers ------------------------------------------------------------------------

    def create(self) -> None:
        body = json.loads(self.sent)
        image = self.server.engine.image_named(body["Image"])
        if image is None:
            self._refuse(404, f"No such image: {body['Image']}")
            return
        for mount in body["HostConfig"].get("Mounts", ()):
            if not os.path.exists(mount["Source"]):
                self._refuse(400, f"bind source path does not exist: {mount['Source']}")
                return
        container = self.server.engine.create(body, image)
        self._json({"Id": container.id, "Warnings": []}, 201)

    def containers(self) -> None:
        found = [
            {"Id": container.id, "Labels": container.labels, "State": container.status}
            for container in self.server.engine.containers.values()
            if matches(container, self.query.get("filters", ""))
            and (self.query.get("all") == "1" or container.status == "running")
        ]
        self._json(found)

    def attach(self, name: str) -> None:
        if (container := self._container(name)) is None:
            return
        self.wfile.write(
            b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
            b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        )
        self.wfile.flush()
        container.attached = self.connection
        # Like an engine, tell the end of the output before the end of the container.
        while not container.ended.wait(0.02) and container.attached is not None:
            if self.server.engine._server is not self.server and container.attached is not None:
                break
        self.close_connection = True

    def start(self, name: str) -> None:
        if (container := self._container(name)) is not None:
            container.start()
            self._bytes(b"", 204, "text/plain")

    def kill(self, name: str) -> None:
        if (container := self._container(name)) is None:
            return
        if container.status != "running":
            self._refuse(409, f"container {name} is not running")
            return
        container.kill()
        self._bytes(b"", 204, "text/plain")

    def inspect(self, name: str) -> None:
        if (container := self._container(name)) is not None:
            self._json({"Id": container.id, "State": container.state()})

    def stats(self, name: str) -> None:
        if (container := self._container(name)) is not None:
            self._json(container.stats())

    def remove(self, name: str) -> None:
        if (container := self._container(name)) is None:
            return
        container.remove()
        self.server.engine.containers.pop(name, None)
        self._bytes(b"", 204, "text/plain")

    def archive(self, name: str) -> None:
        if (container := self._container(name)) is None:
            return
        path = container.root / self.query["path"].lstrip("/")
        if not path.exists():
            self._refuse(404, f"Could not find the file {self.query['path']} in container {name}")
            return
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            tar.add(path, arcname=path.name)
        about = {"name": path.name, "size": 0, "mode": 0, "mtime": time.time(), "linkTarget": ""}
        told = base64.b64encode(json.dumps(about).encode()).decode()
        self._bytes(stream.getvalue(), 200, "application/x-tar", X_Docker_Container_Path_Stat=told)


ROUTES: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("GET", "/version", _Handler.version),
    ("GET", "/info", _Handler.info),
    ("GET", "/images/(.+)/json", _Handler.image),
    ("POST", "/images/create", _Handler.create_image),
    ("POST", "/containers/create", _Handler.create),
    ("GET", "/containers/json", _Handler.containers),
    ("POST", "/containers/([0-9a-f]+)/attach", _Handler.attach),
    ("POST", "/containers/([0-9a-f]+)/start", _Handler.start),
    ("POST", "/containers/([0-9a-f]+)/kill", _Handler.kill),
    ("GET", "/containers/([0-9a-f]+)/json", _Handler.inspect),
    ("GET", "/containers/([0-9a-f]+)/stats", _Handler.stats),
    ("GET", "/containers/([0-9a-f]+)/archive", _Handler.archive),
    ("DELETE", "/containers/([0-9a-f]+)", _Handler.remove),
)
