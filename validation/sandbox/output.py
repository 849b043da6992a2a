"""Output of a command, kept within bounds whatever is printed."""

from __future__ import annotations

from collections import deque


class BoundedOutput:
    """Keep the beginning and the end of a stream of bytes, and count the rest.

    A test log says at its beginning what runs and at its end how it went, so both halves count.
    """

    def __init__(self, limit: int) -> None:
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.printed = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self.printed += len(chunk)
        room = self._head_limit - len(self._head)
        self._head += chunk[:room] if room > 0 else b""
        rest = chunk[room:] if room > 0 else chunk
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
        while self._tail and self._tail_size - len(self._tail[0]) >= self._tail_limit:
            self._tail_size -= len(self._tail.popleft())

    @property
    def truncated(self) -> bool:
        """Tell whether anything is missing."""
        return self.printed > self._head_limit + self._tail_limit

    def kept(self) -> bytes:
        """Return what was kept, with a notice where something is missing."""
        tail = b"".join(self._tail)
        if not self.truncated:
            return bytes(self._head) + tail
        tail = tail[-self._tail_limit :] if self._tail_limit else b""
        missing = self.printed - len(self._head) - len(tail)
        return b"%s\n[... %d bytes of output left out ...]\n%s" % (self._head, missing, tail)
