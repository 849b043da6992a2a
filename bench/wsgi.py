"""The site's own WSGI application with the floors beside it."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from annotator.config.wsgi import application as site
from bench.floors import FRAGMENTS, PAGES, SAVES, bare_django, static_page

_bare = bare_django()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    address = environ["PATH_INFO"]
    if address.startswith(PAGES):
        return static_page(environ, start_response)
    if address.startswith((FRAGMENTS, SAVES)):
        return _bare(environ, start_response)
    return site(environ, start_response)
