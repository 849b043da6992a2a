"""A container engine for tests: a real HTTP server that speaks the part of the API we use.

It listens on a Unix socket, keeps images and containers as an engine does, and really runs what a
container was created to run, by way of bubblewrap, with what the request asked for: user, rights,
mounts, limits, network. `faults` make it misbehave as engines can.
"""

from __future__ import annotations

from tests.validation.engine.server import Engine
from tests.validation.engine.store import make_image

__all__ = ["Engine", "make_image"]
