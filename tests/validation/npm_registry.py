"""A registry of npm packages that speaks the little of its protocol that npm install needs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def packed(files: Mapping[str, str]) -> bytes:
    """Return a package as npm publishes it: files below package/."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size, info.mode = len(text.encode()), 0o755
            archive.addfile(info, io.BytesIO(text.encode()))
    return content.getvalue()


def integrity(archive: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()


class Registry(ThreadingHTTPServer):
    """Serves packages on the loopback to whoever sends the token; others get 401."""

    def __init__(self, packages: Mapping[str, Mapping[str, str]], token: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.archives = {name: packed(files) for name, files in packages.items()}
        self.manifests = {
            name: json.loads(files["package.json"]) for name, files in packages.items()
        }
        self.token = token

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/npm/"

    def document(self, name: str) -> dict[str, Any]:
        version = self.manifests[name]["version"]
        archive = self.archives[name]
        dist = {
            "tarball": f"{self.url}{name}/-/{name}-{version}.tgz",
            "integrity": integrity(archive),
            "shasum": hashlib.sha1(archive).hexdigest(),
        }
        manifest = {**self.manifests[name], "dist": dist}
        return {"name": name, "dist-tags": {"latest": version}, "versions": {version: manifest}}


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        name = self.path.removeprefix("/npm/").split("/")[0]
        if self.server.token and self.headers["Authorization"] != f"Bearer {self.server.token}":
            self._answer(401, b"{}")
        elif name not in self.server.archives:
            self._answer(404, b"{}")
        elif self.path.endswith(".tgz"):
            self._answer(200, self.server.archives[name])
        else:
            self._answer(200, json.dumps(self.server.document(name)).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(registry: Registry) -> Iterator[Registry]:
    thread = threading.Thread(target=registry.serve_forever)
    thread.start()
    try:
        yield registry
    finally:
        registry.shutdown()
        thread.join()
        registry.server_close()
