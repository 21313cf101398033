"""
Several processes behind one address: starts them, replaces those that die, ends them together.

Rules:
    - The first worker starts alone: what a hub does once (keys, the first policy), one process does. The others follow.
    - A worker that cannot start while the hub starts ends the whole, with its one line. Once the hub is up, one that
      cannot be replaced is tried again after a pause that grows: the others go on answering meanwhile.
    - A worker that dies is replaced at once. Workers are forked from a process that has imported the hub and done
      nothing else, so a new one needs a fraction of a second; connections that come meanwhile wait at the listening
      socket, which all share, and none of them is lost with a worker.
    - SIGTERM and SIGINT end all: each finishes what is under way. A second one ends them at once.
    - A worker whose supervisor is gone ends as if told to: nobody would replace it.
"""

import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import FrameType

from structlog.typing import FilteringBoundLogger

from hub.gateway.metrics import bury

Work = Callable[[Connection, socket.socket, Path], None]
"""
What a worker does: serve at the socket, and count in the folder with the others. It sends `READY` when it takes
requests, or its one line of why it cannot; its end of the connection shows when the supervisor is gone.
"""
READY = ""
_END_S = 5.0  # what a worker gets beyond the time for questions under way
_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True, kw_only=True)
class _Worker:
    process: ForkServerProcess
    post: Connection
    ready: bool = False
    fault: str | None = None


@dataclass(slots=True, kw_only=True)
class Workers:
    """
    The supervisor. Runs in the main thread; the listening socket and the folder are the caller's to close.

    Attributes:
        count: Processes.
        work: A function of a module, as it is called in another process.
        preload: Modules that are imported before the first worker is forked.
        listener: Listens already.
        common: Folder in which workers leave their counts.
        shutdown_s: Time for questions under way to end.
        log: Where it reports.
        ready: Called once, when all workers take requests.
    """

    count: int
    work: Work
    preload: Sequence[str]
    listener: socket.socket
    common: Path
    shutdown_s: float
    log: FilteringBoundLogger
    ready: Callable[[], None]
    _workers: list[_Worker] = field(default_factory=list)
    _told_to_end: int = 0
    _is_up: bool = False
    _failures: int = 0
    _next_try: float = 0.0
    _fault: str | None = None

    def run(self) -> str | None:
        """Keep the workers running until told to end; the line of the worker that could not start, None if all did."""
        with _signals(self._end) as told:
            while not self._told_to_end and self._fault is None:
                self._fill()
                self._hear(told)
            self._end_all(told)
        return self._fault

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_end += 1

    def _fill(self) -> None:
        if time.monotonic() < self._next_try:
            return
        context = get_context("forkserver")
        context.set_forkserver_preload(list(self.preload))
        wanted = self.count if self._is_up or any(each.ready for each in self._workers) else 1
        while len(self._workers) < wanted:
            ours, theirs = context.Pipe()
            process = context.Process(target=self.work, args=(theirs, self.listener, self.common))
            process.start()
            theirs.close()
            self._workers.append(_Worker(process=process, post=ours))

    def _hear(self, told: socket.socket) -> None:
        missing = len(self._workers) < self.count
        pause = max(0.0, self._next_try - time.monotonic()) if missing else None
        posts = [each.post for each in self._workers if not each.post.closed]
        heard = wait([told, *posts, *(each.process.sentinel for each in self._workers)], pause)
        if told in heard:
            told.recv(64)
        for worker in list(self._workers):
            if not worker.post.closed and worker.post in heard:
                self._read(worker)
            if worker.process.sentinel in heard:
                self._lose(worker)

    def _read(self, worker: _Worker) -> None:
        try:
            word = worker.post.recv()
        except (EOFError, OSError):
            worker.post.close()  # its end is closed: the sentinel will say the same
            return
        if word != READY:
            worker.fault = word
            return
        worker.ready = True
        self._failures = 0
        self.log.info("worker ready", worker=worker.process.pid)
        if not self._is_up and sum(each.ready for each in self._workers) == self.count:
            self._is_up = True
            self.ready()

    def _lose(self, worker: _Worker) -> None:
        while not worker.post.closed and worker.post.poll():
            self._read(worker)
        worker.process.join()
        self._workers.remove(worker)
        worker.post.close()
        if worker.process.pid is not None:
            bury(self.common, worker.process.pid)
        if self._told_to_end:
            return
        if worker.ready:
            self.log.error("worker died", worker=worker.process.pid, code=_ending(worker))
        elif self._is_up:
            pause = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
            self._failures += 1
            self._next_try = time.monotonic() + pause
            self.log.error("worker did not start", worker=worker.process.pid, code=_ending(worker))
        else:
            self._fault = worker.fault or f"a worker ended before it was ready ({_ending(worker)})"

    def _end_all(self, told: socket.socket) -> None:
        for worker in self._workers:
            worker.process.terminate()
        at = time.monotonic() + self.shutdown_s + _END_S
        before = self._told_to_end
        while self._workers and self._told_to_end <= max(1, before) and time.monotonic() < at:
            sentinels = [each.process.sentinel for each in self._workers]
            if told in wait([told, *sentinels], max(0.0, at - time.monotonic())):
                told.recv(64)
            self._workers = [each for each in self._workers if each.process.is_alive()]
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()


def _ending(worker: _Worker) -> str:
    code = worker.process.exitcode
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[socket.socket]:
    """Handle the signals that end a process; what is yielded can be read when one came."""
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        there.setblocking(False)
        wakeup = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, handler) for number in _SIGNALS}
        try:
            yield here
        finally:
            for number, earlier in before.items():
                signal.signal(number, earlier)
            signal.set_wakeup_fd(wakeup)


def listen(host: str, port: int) -> socket.socket:
    """
    Listen at *host* and *port* (0: a free one).

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def address_of(listener: socket.socket) -> str:
    """`http://host:port` as bound."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
