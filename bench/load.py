"""
The load generator: one process of its own, keep-alive connections, prebuilt requests, nothing parsed twice.

    python -m bench.load    reads one JSON command per line on stdin, prints one JSON result per line

Rules:
    - Every answer must be 200 and at least as long as the data it must carry; the first on each connection is read
      whole and its `data` compared. One that differs ends the run: what is wrong is not counted.
    - A connection has one request under way at a time, and asks the subjects in turn.
"""

import asyncio
import base64
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop

_PATIENCE_S = 30.0


class WrongAnswerError(Exception):
    """An answer was not the one that all must give."""


@dataclass(slots=True, kw_only=True)
class Job:
    """
    One run.

    Attributes:
        requests: Whole HTTP requests, asked in turn.
        data: Of each, the `data` it must be answered with; None: only the length is looked at.
        lengths: Of each, the fewest bytes of a body.
        until: When to send no more, on `time.perf_counter`.
        took: Seconds of each answer.
    """

    requests: Sequence[bytes]
    data: Sequence[Any]
    lengths: Sequence[int]
    until: float = 0.0
    done: "asyncio.Future[None] | None" = None
    open: int = 0
    next: int = 0
    last: float = 0.0
    took: list[float] = field(default_factory=list)

    def fail(self, why: str) -> None:
        """End the run."""
        if self.done is not None and not self.done.done():
            self.done.set_exception(WrongAnswerError(why))

    def closed(self) -> None:
        """One connection is through."""
        self.open -= 1
        if self.open == 0 and self.done is not None and not self.done.done():
            self.done.set_result(None)


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._length: int | None = None
        self._place = 0
        self._asked = 0.0
        self._seen = False
        self._through = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._through:
            self._job.fail(f"the server closed a connection ({exc})")

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self._length is None and not self._read_head():
            return
        if self._length == -1:
            if not self._buffer.endswith(b"0\r\n\r\n"):
                return
            self._buffer = dechunked(self._buffer)
        elif len(self._buffer) < (self._length or 0):
            return
        self._answered(self._buffer)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head, self._buffer = self._buffer[:end].lower(), self._buffer[end + 4 :]
        if not head.startswith(b"http/1.1 200"):
            self._job.fail(f"{head[:60]!r} {self._buffer[:300]!r}")
            return False
        start = head.find(b"\r\ncontent-length:")
        if start >= 0:
            self._length = int(head[start + 17 :].split(b"\r\n", 1)[0])
        else:
            self._length = -1
        return True

    def _answered(self, body: bytes) -> None:
        job = self._job
        now = time.perf_counter()
        job.took.append(now - self._asked)
        job.last = now
        if len(body) < job.lengths[self._place]:
            job.fail(f"an answer of {len(body)} bytes, expected at least {job.lengths[self._place]}: {body[:200]!r}")
            return
        if not self._seen:
            self._seen = True
            expected = job.data[self._place]
            if expected is not None and orjson.loads(body).get("data") != expected:
                job.fail("an answer's data differs from the data all must give")
                return
        if now < job.until:
            self._ask()
            return
        self._through = True
        job.closed()
        if self._transport is not None:
            self._transport.close()

    def _ask(self) -> None:
        job = self._job
        self._place = job.next
        job.next = (job.next + 1) % len(job.requests)
        self._buffer, self._length = b"", None
        self._asked = time.perf_counter()
        if self._transport is not None:
            self._transport.write(job.requests[self._place])


def dechunked(data: bytes) -> bytes:
    """Join the chunks of a chunked body."""
    parts, at = [], 0
    while True:
        line = data.index(b"\r\n", at)
        size = int(data[at:line].split(b";", 1)[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[line + 2 : line + 2 + size])
        at = line + 4 + size


async def run(url: str, job: Job, *, connections: int, seconds: float) -> Mapping[str, float]:
    """Load the server at *url*; answers, seconds, median latency in ms."""
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    job.done, job.open, job.took = loop.create_future(), connections, []
    started = time.perf_counter()
    job.until = started + seconds
    # The future is waited for below, also when a connection cannot be made.
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(job), address.hostname, address.port)
    async with asyncio.timeout(seconds + _PATIENCE_S):
        await job.done
    ordered = sorted(job.took)
    return {
        "answers": len(ordered),
        "seconds": job.last - started,
        "median_ms": statistics.median(ordered) * 1e3,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
    }


def load_job(path: str) -> Job:
    """Read the requests that the bench wrote."""
    told = json.loads(Path(path).read_text())
    return Job(
        requests=[base64.b64decode(text) for text in told["requests"]],
        data=told["data"],
        lengths=told["lengths"],
    )


def main() -> None:
    """Serve commands until stdin ends."""
    jobs: dict[str, Job] = {}
    print("ready", flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if command["job"] not in jobs:
            jobs[command["job"]] = load_job(command["job"])
        job = jobs[command["job"]]
        try:
            found = uvloop.run(run(command["url"], job, connections=command["connections"], seconds=command["seconds"]))
        except (WrongAnswerError, OSError, TimeoutError) as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
