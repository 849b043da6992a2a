"""The images of observations: files in the storage, by their content's SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from trajectories.formats.base import Observation, ParsedStep
from trajectories.formats.images import Image, take_images

# What an observation keeps of each of its images.
StoredImage = dict[str, Any]


def keep_images(step: ParsedStep) -> tuple[ParsedStep, list[list[StoredImage]]]:
    """Store the images of a step; return it with placeholders, and its images by observation."""
    observations: list[Observation] = []
    stored: list[list[StoredImage]] = []
    for observation in step.observations:
        content, images = take_images(observation.content)
        observations.append(replace(observation, content=content) if images else observation)
        stored.append([_keep(image) for image in images])
    if not any(stored):
        return step, stored
    return replace(step, observations=tuple(observations)), stored


def _keep(image: Image) -> StoredImage:
    about: StoredImage = {"media_type": image.media_type, "size_bytes": len(image.content)}
    if image.problem:
        return {**about, "problem": image.problem}
    sha256 = hashlib.sha256(image.content).hexdigest()
    name = _name(sha256)
    # A half-written file of a load that was killed has the right name and the wrong size.
    if default_storage.exists(name) and default_storage.size(name) != len(image.content):
        default_storage.delete(name)
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(image.content))
    return {**about, "sha256": sha256}


def image_content(sha256: str) -> bytes:
    """Return a stored image, or raise FileNotFoundError."""
    with default_storage.open(_name(sha256)) as file:
        content: bytes = file.read()
    return content


def _name(sha256: str) -> str:
    return f"images/{sha256[:2]}/{sha256}"
