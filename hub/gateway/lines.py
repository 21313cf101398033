"""
Writes whole lines to a stream; while the server runs, many at a time.

Rules:
    - What is written at once is whole lines and at most `PIECE_MAX_BYTES`: to a pipe such a write is not torn, so lines
      of several workers do not run into each other.
    - Buffering begins and ends with the server (`hub.gateway.door`). What is kept back waits `FLUSH_S` at most, and
      nothing waits when there is a warning or an error to tell.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

FLUSH_S = 0.1
PIECE_MAX_BYTES = 4096
"""POSIX's smallest PIPE_BUF is 512; Linux's is 4096."""


class Lines:
    """Lines on their way to *stream*. Owned by one process, used from its main thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._binary = getattr(stream, "buffer", None)
        self._waiting: list[bytes] = []
        self._size = 0
        self._buffered = False

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Keep lines back for a moment until the block ends; inside a running loop."""
        self._buffered = True
        try:
            yield
        finally:
            self._buffered = False
            self.flush()

    def write(self, line: bytes) -> None:
        """Write *line*, which ends with its newline, soon."""
        size = len(line)
        if self._size + size > PIECE_MAX_BYTES:
            self.flush()
        if not self._waiting and self._buffered:
            asyncio.get_running_loop().call_later(FLUSH_S, self.flush)
        self._waiting.append(line)
        self._size += size
        if not self._buffered:
            self.flush()

    def flush(self) -> None:
        """Write what is kept back."""
        if not self._waiting:
            return
        piece = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        try:
            if self._binary is not None:
                self._binary.write(piece)
                self._binary.flush()
            else:
                self._stream.write(piece.decode())
        except (OSError, ValueError):
            # Nobody reads our lines any more; that is no reason not to answer. The audit log is elsewhere.
            return

    # What structlog calls with a finished line.

    def debug(self, line: str) -> None:
        """Write soon."""
        self.write(line.encode() + b"\n")

    info = debug

    def warning(self, line: str) -> None:
        """Write now, and what was kept back before it."""
        self.debug(line)
        self.flush()

    error = critical = exception = warning
