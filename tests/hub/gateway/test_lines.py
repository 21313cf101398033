"""Lines: whole, in order, none lost at the end."""

import asyncio
import io
import os

import pytest
import structlog

from hub.gateway.lines import PIECE_MAX_BYTES, Lines
from hub.gateway.logs import lines_of, make_log


class Sink(io.RawIOBase):
    """Remembers each write."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.came = asyncio.Event()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.pieces.append(bytes(data))
        self.came.set()
        return len(data)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def lines(sink: Sink) -> Lines:
    return Lines(io.TextIOWrapper(io.BufferedWriter(sink), encoding="utf-8"))


class TestLines:
    def test_unbuffered_line_is_written_at_once(self, lines, sink):
        lines.write(b"one\n")

        assert [b"one\n"] == sink.pieces

    async def test_buffered_lines_are_written_together_and_soon(self, lines, sink):
        with lines.buffered():
            lines.write(b"one\n")
            lines.write(b"two\n")

            assert [] == sink.pieces

            await asyncio.wait_for(sink.came.wait(), 10)
            assert [b"one\ntwo\n"] == sink.pieces

    async def test_nothing_is_lost_at_the_end(self, lines, sink):
        with lines.buffered():
            lines.write(b"one\n")
        lines.write(b"two\n")

        assert [b"one\n", b"two\n"] == sink.pieces

    async def test_error_waits_for_nobody_and_passes_nobody(self, lines, sink):
        with lines.buffered():
            lines.info("first")
            lines.error("second")

            assert [b"first\nsecond\n"] == sink.pieces

    async def test_no_piece_tears_a_line_or_is_too_large_for_a_pipe(self, lines, sink):
        """Several workers write to one pipe."""
        written = [b"%d %s\n" % (number, b"x" * (number * 7 % 900)) for number in range(200)]
        with lines.buffered():
            for line in written:
                lines.write(line)

        assert b"".join(written) == b"".join(sink.pieces)
        assert all(piece.endswith(b"\n") and len(piece) <= PIECE_MAX_BYTES for piece in sink.pieces)

    def test_nobody_reads_any_more(self):
        """An operator's log reader that died is no reason not to answer."""
        reading, writing = os.pipe()
        os.close(reading)
        raw = os.fdopen(writing, "wb", buffering=0)
        lines = Lines(io.TextIOWrapper(raw, encoding="utf-8", write_through=True))

        lines.write(b"one\n")
        lines.write(b"two\n")
        raw.close()


class TestLinesOf:
    def test_access_log_and_log_share_their_lines(self):
        log = make_log(io.StringIO(), "info")

        assert lines_of(log) is lines_of(log.bind(source="x"))

    def test_foreign_log_is_refused(self):
        with pytest.raises(TypeError, match="make_log"):
            lines_of(structlog.wrap_logger(structlog.PrintLogger(io.StringIO())))
