"""Images inside a trajectory's texts and blocks, as data URLs.

Formats keep images as blocks of a message, each in its own words, or as Markdown in a text
(SWE-agent's `view_image`). A block becomes Markdown too, so that readers treat both as text until
the images are taken out of it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_IMAGE_BYTES = 10 * 1024**2
MAX_IMAGES = 50
# ![alt](data:image/png;base64,iVBOR…); a bare address has to be long, as in code there are short
# ones which are text to be read.
_IN_TEXT = re.compile(
    r"!\[[^\]\n]{0,200}\]\(data:(?P<kind>image/[\w.+-]{1,30});base64,(?P<data>[A-Za-z0-9+/=_-]*)\)"
    r"|data:(?P<bare_kind>image/[\w.+-]{1,30});base64,(?P<bare_data>[A-Za-z0-9+/=_-]{2000,})"
)
_SCHEME = "data:image/"
# What is shown: formats that hold pixels only, told by their first bytes.
_MAGIC = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}


@dataclass(frozen=True)
class Image:
    """An image; `problem` says why it cannot be shown, and then there is no content."""

    media_type: str
    content: bytes
    problem: str = ""


def media_type_of(content: bytes) -> str:
    """Return the media type that the first bytes tell, empty for what is not shown."""
    return next((kind for kind, magic in _MAGIC.items() if magic.match(content)), "")


def block_as_text(block: Mapping[str, Any]) -> str | None:
    """Return an image block as Markdown with its data, or None for any other block."""
    addresses = _addresses(block)
    if not addresses:
        return None
    return "\n".join(
        f"![image]({address})" if address.startswith(_SCHEME) else _elsewhere(address)
        for address in addresses
    )


def _elsewhere(address: str) -> str:
    return f"[image that is not in the file: {address[:500]}]"


def _addresses(block: Mapping[str, Any]) -> list[str]:
    """Return the addresses of a block's images, whichever program wrote it."""
    kind = block.get("type")
    if kind in ("image_url", "input_image"):
        # OpenAI: {"image_url": {"url": …}}, and the newer {"image_url": …}
        held = block.get("image_url")
        url = held.get("url") if isinstance(held, dict) else held
        return [url] if isinstance(url, str) else []
    if kind != "image":
        return []
    # Inspect: {"image": …}; OpenHands: {"image_urls": […]}
    listed = block.get("image_urls")
    urls = listed if isinstance(listed, list) else [block.get("image")]
    if any(isinstance(url, str) for url in urls):
        return [url for url in urls if isinstance(url, str)]
    # Anthropic: {"source": {"media_type": …, "data": …}}; MCP: {"mimeType": …, "data": …}
    source = block.get("source")
    held = source if isinstance(source, dict) else block
    data, media_type = held.get("data"), held.get("media_type", held.get("mimeType"))
    if isinstance(data, str) and isinstance(media_type, str):
        return [f"data:{media_type};base64,{data}"]
    # ATIF names a file beside the trajectory: {"source": {"media_type": …, "path": …}}
    url = held.get("url", held.get("path"))
    return [url] if isinstance(url, str) else []


def screenshot_as_text(value: Any) -> str:
    """Return what a browser showed, a data URL or its base64 alone, as Markdown; else ""."""
    if not isinstance(value, str) or not value:
        return ""
    if value.startswith(_SCHEME):
        return f"![screenshot]({value})"
    try:
        start = base64.b64decode(value[:64], validate=True)
    except (binascii.Error, ValueError):
        return ""
    media_type = media_type_of(start)
    return f"![screenshot](data:{media_type};base64,{value})" if media_type else ""


def take_images(text: str) -> tuple[str, tuple[Image, ...]]:
    """Take the images out of a text; `[image 1: PNG, 12 kB]` stands where each was."""
    if _SCHEME not in text:
        return text, ()
    images: list[Image] = []

    def take(match: re.Match[str]) -> str:
        if len(images) == MAX_IMAGES:
            return match[0]
        kind, data = match["kind"] or match["bare_kind"], match["data"] or match["bare_data"] or ""
        image = _decoded(kind, data)
        images.append(image)
        return f"[image {len(images)}: {_about(image, data)}]"

    return _IN_TEXT.sub(take, text), tuple(images)


def _about(image: Image, data: str) -> str:
    name = image.media_type.removeprefix("image/").upper()
    return f"{name}, {max(1, len(data) * 3 // 4 // 1024)} kB"


def _decoded(kind: str, data: str) -> Image:
    if len(data) * 3 // 4 > MAX_IMAGE_BYTES:
        return Image(kind, b"", f"it has more than {MAX_IMAGE_BYTES // 1024**2} MiB")
    try:
        content = base64.b64decode(data.translate({45: 43, 95: 47}), validate=True)
    except (binascii.Error, ValueError):
        return Image(kind, b"", "its data is broken or was cut")
    media_type = media_type_of(content)
    if media_type:
        return Image(media_type, content)
    return Image(kind, b"", "it is no PNG, JPEG, GIF or WebP, and other formats can carry scripts")
