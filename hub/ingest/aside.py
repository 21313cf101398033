"""
Examines batches in a process of its own, so that checking and writing each have a core.

Why a process: checking is Python, and SQLite's driver lets go of the interpreter after every row it inserts; a thread
that checks meanwhile makes it wait for each of them (measured: slower than one after the other).

Rules:
    - The other process examines by the rules that ship with the package: whoever opens one must mean those.
    - It holds nothing and decides nothing that the caller could not: if it ends, or cannot be told a batch, the caller
      examines by itself and the harvest goes on.
    - It ends when its caller does, also after kill -9: its input is then at its end.

Wire: 4 bytes of length, little endian, then msgpack; one answer for each question, in order.
"""

import asyncio
import struct
import sys
from collections import deque
from collections.abc import Sequence
from typing import BinaryIO, Self, TypeVar

import msgspec
import structlog

from connectors.port import Batch
from hub.clock import from_iso
from hub.ingest.examine import Examined, Examiner, collect_rarely
from hub.ingest.intake import Examination
from hub.ingest.judging import Judged
from hub.rulebook import load_rules
from schema.catalogue import KINDS
from schema.validation.findings import Finding

P = TypeVar("P")
_LENGTH = struct.Struct("<I")
_BUFFER = 1 << 26
_START = "from hub.ingest.aside import answer_questions; answer_questions()"


class Question(msgspec.Struct, array_like=True, frozen=True):
    """A batch to examine, as received at `now` (UTC text) from a source of `region`."""

    region: str | None
    now: str
    batch: Batch


class Seen(msgspec.Struct, array_like=True, frozen=True):
    """One examined row without the row itself; the record is told by its stored bytes (None: refused)."""

    body: bytes | None
    extra: dict[str, str]
    findings: list[Finding]
    code: str | None
    name: str | None
    key: str
    digest: str
    as_of: str
    judged: Judged | None


_ENCODER = msgspec.msgpack.Encoder()
_SEEN = msgspec.msgpack.Decoder(list[Seen])
_RECORDS = {name: msgspec.msgpack.Decoder(kind) for name, kind in KINDS.items()}


class Aside:
    """The other process, from the caller's side. Open with `async with`; several harvests may share one."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        # Owned by the loop: questions that were sent and not answered yet, oldest first.
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _START,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_BUFFER,
        )
        self._listening = asyncio.create_task(self._listen(_there(self._process.stdout)))
        return self

    async def __aexit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is not None:
            _there(process.stdin).close()
            await process.wait()
        if self._listening is not None:
            await self._listening

    async def ask(self, batch: Batch, *, region: str | None, now: str) -> asyncio.Future[bytes] | None:
        """Send *batch* to be examined; None if it cannot be: then the caller examines it."""
        process = self._process
        if process is None or process.returncode is not None or self._listening is None or self._listening.done():
            return None
        try:
            data = _ENCODER.encode(Question(region, now, batch))
        except (UnicodeEncodeError, TypeError):
            return None  # a text no encoding holds: the caller's own examiner replaces it
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        pipe = _there(process.stdin)
        try:
            pipe.write(_LENGTH.pack(len(data)) + data)
            await pipe.drain()
        except (BrokenPipeError, ConnectionResetError):
            return None
        return answer

    async def _listen(self, pipe: asyncio.StreamReader) -> None:
        try:
            while True:
                (length,) = _LENGTH.unpack(await pipe.readexactly(_LENGTH.size))
                data = await pipe.readexactly(length)
                self._waiting.popleft().set_result(data)
        except asyncio.IncompleteReadError:
            for answer in self._waiting:
                answer.cancel()
            if self._process is not None:
                structlog.get_logger("hub.ingest").warning("examiner process ended, examining here")


def read_answer(data: bytes, batch: Batch, now: str) -> Examination:
    """Put what the other process saw back beside the rows of *batch*."""
    decode = _RECORDS[batch.kind].decode
    rows = [
        Examined(
            row=row,
            record=decode(seen.body) if seen.body is not None else None,
            extra=seen.extra,
            findings=seen.findings,
            code=seen.code,
            name=seen.name,
            key=seen.key,
            digest=seen.digest,
            body=seen.body or b"",
            as_of=seen.as_of,
            judged=seen.judged,
        )
        for row, seen in zip(batch.rows, _SEEN.decode(data), strict=True)
    ]
    return Examination(batch=batch, rows=rows, now=from_iso(now))


def answer_questions() -> None:
    """Examine what comes in on standard input until it ends. The other process is this."""
    collect_rarely()
    book, examiners = load_rules(), dict[str | None, Examiner]()
    decoder = msgspec.msgpack.Decoder(Question)
    while (data := _read(sys.stdin.buffer)) is not None:
        asked = decoder.decode(data)
        if asked.region not in examiners:
            examiners[asked.region] = Examiner(book, region=asked.region)
        rows = examiners[asked.region].examine(asked.batch, from_iso(asked.now))
        answer = _ENCODER.encode(_seen(rows))
        sys.stdout.buffer.write(_LENGTH.pack(len(answer)) + answer)
        sys.stdout.buffer.flush()


def _seen(rows: Sequence[Examined]) -> list[Seen]:
    return [
        Seen(
            row.body if row.record is not None else None,
            dict(row.extra),
            row.findings,
            row.code,
            row.name,
            row.key,
            row.digest,
            row.as_of,
            row.judged,
        )
        for row in rows
    ]


def _read(pipe: BinaryIO) -> bytes | None:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def _there(pipe: P | None) -> P:
    if pipe is None:
        raise AssertionError("the process was started with both pipes")
    return pipe
