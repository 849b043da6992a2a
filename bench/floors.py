"""The floors: the same bytes as a page or fragment of the site, served with nothing behind them.

A page is one HTML document with its stylesheets in it, compressed beforehand; the bytes of its
scripts are in it too, as text that nothing runs. A fragment goes through Django's handler, URL
resolver and response, without middleware, session, database or template.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urljoin
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

PAGES, FRAGMENTS, SAVES = "/floor/page/", "/floor/fragment/", "/floor/save/"
_STYLESHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_PRELOAD = re.compile(r'<link rel="(?:module)?preload"[^>]*>')
_IMPORT = re.compile(r'(?m)^import [^"]*"(\./[^"]+)";')
_SCRIPT = re.compile(r'<script\b[^>]*\bsrc="([^"]+)"[^>]*></script>')


# --- making them ------------------------------------------------------------------------------


def keep_page(folder: Path, name: str, html: str, address: str, fetch: Callable[[str], str]) -> str:
    """Keep a page of the site as one static document; return where it is served."""
    seen: set[str] = set()

    def modules(script: str) -> Iterator[str]:
        """Yield the text of a script and of what it imports, each once in a page."""
        if script not in seen:
            seen.add(script)
            text = fetch(script)
            yield text
            for name in _IMPORT.findall(text):
                yield from modules(urljoin(script, name))

    html = _PRELOAD.sub("", html)
    html = _STYLESHEET.sub(lambda link: f"<style>{fetch(urljoin(address, link[1]))}</style>", html)
    html = _SCRIPT.sub(
        lambda script: (
            '<script type="text/plain">'
            + "".join(modules(urljoin(address, script[1]))).replace("</script", "<\\/script")
            + "</script>"
        ),
        html,
    )
    (folder / f"{name}.html.gz").write_bytes(gzip.compress(html.encode(), mtime=0))
    return PAGES + name


def keep_fragment(folder: Path, name: str, body: bytes) -> str:
    """Keep a fragment's bytes; return where they are served."""
    (folder / name).write_bytes(body)
    return FRAGMENTS + name


# --- serving them -----------------------------------------------------------------------------


def static_page(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with a kept page."""
    name = Path(environ["PATH_INFO"]).name
    content = (_folder() / f"{name}.html.gz").read_bytes()
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Encoding", "gzip"),
        ("Content-Length", str(len(content))),
    ]
    start_response("200 OK", headers)
    return [content]


def fragment(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse((_folder() / name).read_bytes())


def save(request: HttpRequest) -> HttpResponse:
    """Keep what was posted, and no more."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_save (body) VALUES (%s)", [request.POST["text"]])
    return HttpResponse(b"{}", content_type="application/json")


class _BareRequest(WSGIRequest):
    urlconf = "bench.floors"


class _BareHandler(WSGIHandler):
    request_class = _BareRequest


def bare_django() -> WSGIHandler:
    """Return Django without middleware and with one URL."""
    with override_settings(MIDDLEWARE=[]):
        return _BareHandler()


urlpatterns = [
    path(f"{FRAGMENTS.lstrip('/')}<str:name>", fragment),
    path(SAVES.lstrip("/"), save),
]


def _folder() -> Path:
    return Path(os.environ["BENCH_FLOORS"])
