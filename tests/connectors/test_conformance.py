"""Every connector that ships keeps the port's promises against the platform it was written for."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pytest

from connectors.conformance import ConformanceError, Specimen, conform
from connectors.errors import RetryLater
from connectors.port import Batch, Capability, Connector, Found, Health, Outcome, Place, Row, Stream
from connectors.sandbox import Sandbox
from connectors.sandbox.faults import Faults
from connectors.streams import NoLookup, NoReport
from tests.connectors.conftest import Open

SMALL_PAGES = ("size = 1000", "size = 7")


def http_faults(faults: Faults):
    kinds = ("down", "error", "html", "half", "cut", "skew", "replay")
    return {kind: (partial(faults.on, kind), faults.off) for kind in kinds}


class TestShippedConnectors:
    async def test_national(self, sandbox: Sandbox, opener: Open):
        edits = (SMALL_PAGES, ('rate = "50/s"\n', ""))
        found = await conform(
            Specimen(
                open=lambda: opener("national", *edits),
                broken=lambda: opener("national", *edits, NATIONAL_URL="http://127.0.0.1:9"),
                faults=http_faults(sandbox.national.faults),
                longest=3,
            )
        )

        assert {"registration", "licence", "penalty", "list_entry", "grade", "commitment"} == set(found.rows)
        assert found.batches["grade"] > 20

    async def test_provincial_files(self, sandbox: Sandbox, opener: Open):
        found = await conform(
            Specimen(
                open=lambda: opener("cn-51-files"),
                broken=lambda: opener("cn-51-files", CN51_PACKAGES="/nowhere/at/all"),
            )
        )

        assert {"licence", "penalty", "list_entry", "commitment"} == set(found.rows)
        assert found.batches["licence"] > 2

    async def test_provincial_database(self, sandbox: Sandbox, opener: Open):
        found = await conform(
            Specimen(
                open=lambda: opener("cn-51-db", SMALL_PAGES, ('timeout = "10s"', 'timeout = "1s"')),
                broken=lambda: opener("cn-51-db", CN51_DATABASE_URL="sqlite:////nowhere/at/all.db"),
                faults={
                    "lock": (sandbox.front.lock, sandbox.front.unlock),
                    "hide": (sandbox.front.hide, sandbox.front.show),
                },
            )
        )

        assert {"licence", "penalty", "arrears"} == set(found.rows)
        assert found.batches["licence"] > 3

    async def test_group(self, sandbox: Sandbox, opener: Open):
        await conform(
            Specimen(
                open=lambda: opener("jinjiang"),
                broken=lambda: opener("jinjiang", JINJIANG_URL="http://127.0.0.1:9/graphql"),
                codes=sandbox.world.showcase(),
                faults=http_faults(sandbox.group.faults),
            )
        )


class Honest(NoLookup, NoReport):
    """Three batches of one row, and every promise kept; the liars below break one each."""

    source = "honest"
    capabilities = frozenset({Capability.READ})
    kind = "Penalty"

    async def check(self) -> Health:
        return Health(reachable=True, code="OK", latency_s=0.0)

    async def discover(self) -> Sequence[Stream]:
        return [Stream(name="s", kind=self.kind, label_zh="处罚", label_en="Penalty")]

    async def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        if stream != "s" or (cursor and not cursor.isdecimal()):
            raise RetryLater(self.source, "SRC_NO_STREAM")
        for number in range(int(cursor or 0) + 1, 4):
            yield self.batch(number)

    def batch(self, number: int) -> Batch:
        row = Row(values={"document_no": str(number)}, place=Place(part="s", row=number))
        return Batch(
            batch_id=f"b{number}",
            stream="s",
            kind=self.kind,
            rows=[row],
            cursor=str(number),
            columns={"document_no": "wsh"},
        )

    async def close(self) -> None:
        await asyncio.sleep(0)


class RaisesFromCheck(Honest):
    async def check(self) -> Health:
        raise RetryLater(self.source, "SRC_DOWN")


class UnknownKind(Honest):
    kind = "Weather"


class SkipsOne(Honest):
    def batch(self, number: int) -> Batch:
        return replace(super().batch(number), cursor=str(number + 1))


class RepeatsItself(Honest):
    async def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        if stream != "s" or cursor == "{":
            raise RetryLater(self.source, "SRC_NO_STREAM")
        for number in (1, 2, 3) if cursor != "2" else (3, 4):
            yield self.batch(number)


class NewIdEachTime(Honest):
    count = 0

    def batch(self, number: int) -> Batch:
        NewIdEachTime.count += 1
        return replace(super().batch(number), batch_id=f"b{NewIdEachTime.count}")


class NoPlace(Honest):
    def batch(self, number: int) -> Batch:
        whole = super().batch(number)
        return replace(whole, rows=[replace(whole.rows[0], place=Place(part="s"))])


class ForeignField(Honest):
    def batch(self, number: int) -> Batch:
        whole = super().batch(number)
        return replace(whole, rows=[replace(whole.rows[0], values={"weather": "fine"})])


class ForeignExtra(Honest):
    def batch(self, number: int) -> Batch:
        whole = super().batch(number)
        return replace(whole, rows=[replace(whole.rows[0], extra={"weather": "fine"})])


class KeyErrorForUnknownStream(Honest):
    async def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        if stream != "s":
            raise KeyError(stream)
        async for batch in super().read(stream, cursor):
            yield batch


class SwallowsForeignCursor(Honest):
    async def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        async for batch in super().read(stream, None if cursor == "{" else cursor):
            yield batch


class Live(Honest):
    capabilities = frozenset({Capability.READ, Capability.LOOKUP})

    async def lookup(self, codes: Sequence[str], fields: Mapping[str, Sequence[str]], deadline_s: float) -> Found:
        moment = await _health_moment()
        return Found(rows={code: {} for code in codes}, as_of=moment)


class ForgetsACode(Live):
    async def lookup(self, codes: Sequence[str], fields: Mapping[str, Sequence[str]], deadline_s: float) -> Found:
        return Found(rows={}, as_of=await _health_moment())


class TellsMoreThanAsked(Live):
    async def lookup(self, codes: Sequence[str], fields: Mapping[str, Sequence[str]], deadline_s: float) -> Found:
        row = Row(values={"document_no": "1", "facts": "x"}, place=Place(part="s", row=1))
        return Found(rows={code: {"Penalty": [row]} for code in codes}, as_of=await _health_moment())


class SecondCloseFails(Honest):
    closed = False

    async def close(self) -> None:
        if self.closed:
            raise RuntimeError
        self.closed = True


class AcceptsUndeclaredReport(Honest):
    async def report(self, outcome: Outcome) -> None:
        await asyncio.sleep(0)


class EndsEarly(Honest):
    faulty = False

    async def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        async for batch in super().read(stream, cursor):
            yield batch
            if self.faulty:
                return


class InventsARow(Honest):
    faulty = False

    def batch(self, number: int) -> Batch:
        return super().batch(number * 7 if self.faulty else number)


class RaisesKeyErrorUnderFault(Honest):
    faulty = False

    def batch(self, number: int) -> Batch:
        if self.faulty:
            raise KeyError(number)
        return super().batch(number)


async def _health_moment():
    from datetime import UTC, datetime

    await asyncio.sleep(0)
    return datetime(2026, 1, 1, tzinfo=UTC)


class TestConform:
    @pytest.mark.parametrize("kind", [Honest, Live])
    async def test_an_honest_connector_passes(self, kind: type[Connector]):
        found = await conform(Specimen(open=kind))

        assert {"s": 3} == found.rows

    @pytest.mark.parametrize(
        "kind",
        [
            UnknownKind, SkipsOne, RepeatsItself, NewIdEachTime, NoPlace, ForeignField, ForeignExtra,
            KeyErrorForUnknownStream, SwallowsForeignCursor, ForgetsACode, TellsMoreThanAsked, AcceptsUndeclaredReport,
        ],
    )  # fmt: skip
    async def test_each_broken_promise_is_found(self, kind: type[Connector]):
        with pytest.raises(ConformanceError):
            await conform(Specimen(open=kind))

    @pytest.mark.parametrize("kind", [EndsEarly, InventsARow, RaisesKeyErrorUnderFault])
    async def test_a_lie_under_a_fault_is_found(self, kind: type[Honest]):
        def switch(*, on: bool) -> None:
            kind.faulty = on

        faults = {"lie": (partial(switch, on=True), partial(switch, on=False))}
        with pytest.raises(ConformanceError, match="lie"):
            await conform(Specimen(open=kind, faults=faults))

        assert not kind.faulty

    async def test_a_check_that_raises_is_found(self):
        with pytest.raises(RetryLater):
            await conform(Specimen(open=RaisesFromCheck))

    async def test_a_close_that_fails_the_second_time_is_found(self):
        with pytest.raises(RuntimeError):
            await conform(Specimen(open=SecondCloseFails))

    async def test_a_healthy_answer_of_a_source_away_is_found(self):
        with pytest.raises(ConformanceError):
            await conform(Specimen(open=Honest, broken=Honest))
