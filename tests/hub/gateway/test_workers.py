"""The supervisor: what dies is replaced, what cannot start is told once, all end together."""

import io
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.gateway.logs import make_log
from hub.gateway.workers import Workers, address_of, listen
from tests.hub.gateway import labour
from tests.hub.gateway.test_metrics import value


class Crew:
    """Workers under a supervisor that runs in the test's main thread, while `act` runs beside it."""

    def __init__(self, common: Path, listener: socket.socket, *, work=labour.answer, shutdown_s: float = 5) -> None:
        self.common = common
        self.listener = listener
        self.ready = threading.Event()
        self.written = io.StringIO()
        self.workers = Workers(
            count=2,
            work=work,
            preload=("tests.hub.gateway.labour",),
            listener=listener,
            common=common,
            shutdown_s=shutdown_s,
            log=make_log(self.written, "info"),
            ready=self.ready.set,
        )

    def run(self, act: Callable[[], None]) -> str | None:
        """Run the workers until *act* is done; the supervisor's verdict."""
        failed: list[BaseException] = []

        def beside() -> None:
            try:
                assert self.ready.wait(30)
                act()
            except BaseException as error:  # noqa: BLE001  raised again below, in the test's own thread
                failed.append(error)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=beside)
        thread.start()
        try:
            return self.workers.run()
        finally:
            self.ready.set()
            thread.join()
            if failed:
                raise failed[0]

    def who_answers(self) -> int:
        """Process id of the worker that takes the next connection."""
        for _ in range(100):
            with socket.create_connection(self.listener.getsockname()[:2], timeout=30) as connection:
                told = connection.recv(64)
            # One that dies takes with it the connection it has just taken; no connection is refused.
            if told:
                return int(told)
        pytest.fail("nobody answers")

    def pids(self) -> set[int]:
        return {int(path.stem) for path in self.common.glob("*.counts") if path.stem.isdigit()}

    def wait_for(self, told: str, times: int = 1) -> None:
        """Wait until the operator has been told *told* so many times."""
        waiting = threading.Event()
        for _ in range(3000):
            if self.written.getvalue().count(told) >= times:
                return
            waiting.wait(0.01)
        pytest.fail(f"was never told: {told}")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as opened:
        yield opened


@contextmanager
def handlers_kept() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    yield
    assert before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestRun:
    def test_told_to_end_all_end_and_it_was_no_fault(self, tmp_path, listener):
        crew = Crew(tmp_path, listener)
        seen: set[int] = set()
        with handlers_kept():
            fault = crew.run(lambda: seen.update(crew.pids()))

        assert fault is None
        assert 2 == len(seen)
        assert not any(is_alive(pid) for pid in seen)

    def test_worker_that_dies_is_replaced_and_no_connection_is_refused(self, tmp_path, listener):
        crew = Crew(tmp_path, listener)
        first: set[int] = set()
        last: set[int] = set()

        def act():
            first.update(crew.pids())
            for number, pid in enumerate(sorted(first)):
                os.kill(pid, signal.SIGKILL)
                assert crew.who_answers()
                crew.wait_for('"event":"worker ready"', 3 + number)
            last.update(crew.pids())

        assert crew.run(act) is None
        assert 2 == len(last)
        assert not first & last
        assert 2 == crew.written.getvalue().count('"code":"SIGKILL"')

    def test_worker_that_cannot_start_ends_the_whole_with_its_line(self, tmp_path, listener):
        """A bad setting is told once; it is not tried again and again."""
        (tmp_path / "broken").write_text("")
        crew = Crew(tmp_path, listener)
        with handlers_kept():
            fault = crew.workers.run()

        assert "nothing works" == fault
        assert "x" == (tmp_path / "tries").read_text()
        assert not crew.ready.is_set()

    def test_worker_that_dies_before_it_is_ready_is_told_by_its_end(self, tmp_path, listener):
        (tmp_path / "broken").write_text("silently")

        assert "exit code 3" in str(Crew(tmp_path, listener).workers.run())

    def test_worker_that_cannot_be_replaced_is_tried_again_while_the_other_answers(self, tmp_path, listener):
        """A store that is away for a moment costs no hub."""
        crew = Crew(tmp_path, listener)

        def act():
            (tmp_path / "broken").write_text("")
            lost, other = sorted(crew.pids())
            os.kill(lost, signal.SIGKILL)
            crew.wait_for('"event":"worker did not start"', 2)
            assert other == crew.who_answers()
            (tmp_path / "broken").unlink()
            crew.wait_for('"event":"worker ready"', 3)
            assert 2 == len(crew.pids())

        assert crew.run(act) is None

    def test_worker_that_does_not_end_is_ended(self, tmp_path, listener, monkeypatch):
        monkeypatch.setattr("hub.gateway.workers._END_S", 0.2)
        crew = Crew(tmp_path, listener, work=labour.stay, shutdown_s=0.1)
        seen: set[int] = set()

        assert crew.run(lambda: seen.update(crew.pids())) is None
        assert 2 == len(seen)
        assert not any(is_alive(pid) for pid in seen)

    def test_what_the_dead_were_doing_is_no_longer_counted(self, tmp_path, listener):
        crew = Crew(tmp_path, listener)
        text = []

        def act():
            os.kill(min(crew.pids()), signal.SIGKILL)
            crew.wait_for('"event":"worker ready"', 3)
            counting = labour.Metrics()
            counting.share(tmp_path, 1)
            text.append(counting.render())

        crew.run(act)

        assert 2 == value(text[0], "hub_requests_under_way")


class TestListen:
    def test_address_is_told_as_bound(self):
        with listen("127.0.0.1", 0) as bound:
            assert address_of(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"

    def test_taken_address_is_an_error(self, listener):
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", listener.getsockname()[1])
