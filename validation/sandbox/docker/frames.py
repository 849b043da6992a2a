"""The frames in which an engine sends what a container prints.

Each is a header of eight bytes (1 for stdout or 2 for stderr, three zeros, the length, its highest
byte first) and as many bytes. A length is believed no further than bytes come.
"""

from __future__ import annotations

from collections.abc import Iterator

from validation.sandbox.protocol import SandboxError

HEADER_BYTES = 8
STREAMS = (0, 1, 2)


class Frames:
    """Takes the bytes of the stream as they come and gives back what was printed."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0

    def take(self, data: bytes) -> Iterator[bytes]:
        """Yield what was printed. Raise SandboxError where this is no stream of frames."""
        rest = memoryview(data)
        while rest:
            if self._left:
                yield bytes(rest[: self._left])
                taken = min(self._left, len(rest))
                self._left -= taken
            else:
                taken = min(HEADER_BYTES - len(self._header), len(rest))
                self._header += rest[:taken]
                self._read_header()
            rest = rest[taken:]

    def end(self) -> None:
        """Raise SandboxError where the stream ended within a frame."""
        if self._left or self._header:
            raise SandboxError("The container engine's stream of output broke off.")

    def _read_header(self) -> None:
        if len(self._header) < HEADER_BYTES:
            return
        stream, *zeros = self._header[:4]
        if stream not in STREAMS or any(zeros):
            raise SandboxError("The container engine sent output in a form that is none of its.")
        self._left = int.from_bytes(self._header[4:], "big")
        self._header.clear()
