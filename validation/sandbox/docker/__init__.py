"""Commands in containers of an engine on this machine, Docker or Podman."""

from __future__ import annotations

from validation.sandbox.docker.backend import Docker
from validation.sandbox.docker.images import PUBLISHED, Image, published_image
from validation.sandbox.docker.reaper import reap

__all__ = ["PUBLISHED", "Docker", "Image", "published_image", "reap"]
