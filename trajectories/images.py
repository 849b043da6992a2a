"""The images of a step: files in the storage, by their content's SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from trajectories.formats.base import Observation, ParsedStep
from trajectories.formats.images import Image, take_images
from trajectories.models import Step

# What a step keeps of each of its images.
StoredImage = dict[str, Any]
# Where `Step.extra` keeps those of the thought.
OF_THOUGHT = "thought_images"


@dataclass(frozen=True)
class WithImages:
    """A step with placeholders for its images: those of its thought, and by observation."""

    step: ParsedStep
    of_thought: list[StoredImage]
    of_observations: list[list[StoredImage]]


def keep_images(step: ParsedStep) -> WithImages:
    """Store the images of a step's texts, and put placeholders where they were."""
    thought, images_of_thought = take_images(step.thought)
    observations: list[Observation] = []
    stored: list[list[StoredImage]] = []
    for observation in step.observations:
        content, images = take_images(observation.content)
        observations.append(replace(observation, content=content) if images else observation)
        stored.append([_keep(image) for image in images])
    if images_of_thought or any(stored):
        step = replace(step, thought=thought, observations=tuple(observations))
    return WithImages(step, [_keep(image) for image in images_of_thought], stored)


def images_of(step: Step, kind: str, index: int = 0) -> list[StoredImage]:
    """Return what is kept of the images of a step's thought or of one of its observations."""
    if kind == "thought":
        held: list[StoredImage] = step.extra.get(OF_THOUGHT, [])
        return held
    if kind == "observation":
        seen: list[StoredImage] = step.observations[index].get("images", [])
        return seen
    return []


def all_images(step: Step) -> list[StoredImage]:
    """Return what is kept of all images of a step."""
    of_observations = (images_of(step, "observation", i) for i in range(len(step.observations)))
    return [*images_of(step, "thought"), *chain.from_iterable(of_observations)]


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
