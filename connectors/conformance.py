"""
The suite that every connector passes, given nothing but a way to open one.

A test module makes a `Specimen` and awaits `conform(specimen)`; the checks are plain functions, so a newcomer can
run one alone. A failure is a `ConformanceError` that names the rule broken, never a record's value.

Rules:
    - `check` never raises; `close` is idempotent; what is not declared is refused with `SourceError`.
    - `discover` lists kinds of the catalogue.
    - Every cursor resumes exactly: what follows cursor k is what followed it the first time. Rows that came before may
      come again (a declared overlap); nothing else may, and nothing is left out.
    - The same cursor gives the same batch identifiers.
    - Rows have places, only catalogue fields, only known extras, only text.
    - A lookup answers every asked code, only the asked kinds and only the asked fields.
    - Under every fault of the source: `SourceError` or the truth. What is brought is the beginning of what a good read
      brings, never something else, and a read that ends has brought all of it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from connectors.errors import SourceError
from connectors.port import EXTRA_COLUMNS, Batch, Capability, Connector, Found, Outcome, Row
from schema.catalogue import KINDS
from schema.catalogue.model import fields_of

_T = TypeVar("_T")
_UNKNOWN_CODE = "91510000MA0000000X"
_DEADLINE_S = 10.0


class ConformanceError(AssertionError):
    """A rule of the port that the connector breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """
    A connector under test.

    Attributes:
        open: Opens a fresh connector on the same, unchanging source.
        codes: Subject codes worth asking live; empty where it does not answer live.
        broken: Opens a connector whose source is unreachable; None where nothing can be unreachable.
        faults: Name -> (turn on, turn off), each a fault of the source.
        longest: At most so many cursors are resumed from, spread evenly over the stream.
    """

    open: Callable[[], Connector]
    codes: Sequence[str] = ()
    broken: Callable[[], Connector] | None = None
    faults: Mapping[str, tuple[Callable[[], object], Callable[[], object]]] = field(default_factory=dict)
    longest: int = 6


@dataclass(frozen=True, slots=True)
class Findings:
    """What the suite saw, for a test that wants to know that it saw something."""

    batches: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


async def conform(specimen: Specimen) -> Findings:
    """Run every check that fits the connector's capabilities. Raises `ConformanceError`."""
    await check_health(specimen)
    await check_discovery(specimen)
    await check_refusals(specimen)
    seen: dict[str, list[Batch]] = {}
    if Capability.READ in await _capabilities(specimen):
        seen = await check_reading(specimen)
    if Capability.LOOKUP in await _capabilities(specimen):
        await check_lookup(specimen)
    for name, (turn_on, turn_off) in specimen.faults.items():
        turn_on()
        try:
            await check_fault(specimen, name, seen)
        finally:
            turn_off()
    return Findings(
        batches={name: len(batches) for name, batches in seen.items()},
        rows={name: sum(len(batch.rows) for batch in batches) for name, batches in seen.items()},
    )


async def check_health(specimen: Specimen) -> None:
    """`check` answers when all is well and when the source is away; `close` may be called twice."""
    connector = specimen.open()
    health = await connector.check()
    _hold(health.reachable and health.code == "OK", f"check says {health.code} of a healthy source")
    _hold(health.latency_s >= 0, "latency is negative")
    await connector.close()
    await connector.close()
    if specimen.broken is not None:
        connector = specimen.broken()
        health = await connector.check()
        await connector.close()
        _hold(not health.reachable and health.code != "OK", "check says OK of a source that is away")


async def check_discovery(specimen: Specimen) -> None:
    """`discover` lists at least one stream, each of a catalogue kind, with both labels and a name of its own."""
    streams = await _with(specimen.open, lambda connector: connector.discover())
    _hold(bool(streams), "discover lists nothing")
    _hold(len({each.name for each in streams}) == len(streams), "two streams bear one name")
    for each in streams:
        _hold(each.kind in KINDS, f"{each.name}: {each.kind} is no catalogue kind")
        _hold(bool(each.label_zh and each.label_en), f"{each.name}: a label is missing")


async def check_refusals(specimen: Specimen) -> None:
    """What is not declared, an unknown stream and a foreign cursor are refused with `SourceError`, nothing else."""
    can = await _capabilities(specimen)
    stream = (await _with(specimen.open, lambda connector: connector.discover()))[0].name
    await _refused(specimen, lambda connector: _collect(connector, "no such stream", None), "an unknown stream")
    if Capability.READ in can:
        await _refused(specimen, lambda connector: _collect(connector, stream, "{"), "a foreign cursor")
    else:
        await _refused(specimen, lambda connector: _collect(connector, stream, None), "an undeclared read")
    if Capability.LOOKUP not in can:
        await _refused(
            specimen, lambda connector: connector.lookup([_UNKNOWN_CODE], {}, _DEADLINE_S), "an undeclared lookup"
        )
    if Capability.REPORT not in can:
        await _refused(specimen, lambda connector: connector.report(_outcome(stream)), "an undeclared report")
    if specimen.broken is not None and Capability.READ in can:
        await _refused(
            specimen, lambda connector: _collect(connector, stream, None), "a read of a source away", away=True
        )


async def check_reading(specimen: Specimen) -> dict[str, list[Batch]]:
    """Every stream: rows are in order, twice the same, and exactly resumed from its cursors."""
    seen: dict[str, list[Batch]] = {}
    for stream in await _with(specimen.open, lambda connector: connector.discover()):
        batches = await _read(specimen, stream.name, None)
        again = await _read(specimen, stream.name, None)
        _hold([each.batch_id for each in batches] == [each.batch_id for each in again], "identifiers are not stable")
        _hold(_keys(batches) == _keys(again), "two reads of one source differ")
        for batch in batches:
            _hold(batch.stream == stream.name and batch.kind == stream.kind, f"{stream.name}: a foreign batch")
            _check_rows(batch)
        await _check_resumption(specimen, stream.name, batches)
        seen[stream.name] = batches
    return seen


async def _check_resumption(specimen: Specimen, stream: str, batches: Sequence[Batch]) -> None:
    step = max(1, len(batches) // specimen.longest)
    chosen = sorted({*range(0, len(batches), step), len(batches) - 1} - {-1})
    for index in chosen:
        before = _keys(batches[: index + 1])
        tail = _keys(batches[index + 1 :])
        resumed = await _read(specimen, stream, batches[index].cursor)
        known = set(before)
        fresh = [key for key in _keys(resumed) if key not in known]
        _hold(fresh == [key for key in tail if key not in known], f"{stream}: cursor {index} does not resume exactly")
        _hold(
            _is_suffix([each.batch_id for each in batches[index + 1 :]], [each.batch_id for each in resumed])
            or len(fresh) < len(_keys(resumed)),
            f"{stream}: cursor {index} gives other identifiers",
        )


async def check_lookup(specimen: Specimen) -> None:
    """Every asked code is answered, also an unknown one; only asked kinds and fields are in the answer."""
    kinds = {each.kind for each in await _with(specimen.open, lambda connector: connector.discover())}
    codes = [*specimen.codes, _UNKNOWN_CODE]
    for kind in sorted(kinds):
        every = [spec.name for spec in fields_of(KINDS[kind])]
        for names in (every[:1], every[-1:], every[::2], every):
            found = await _with(specimen.open, partial(_ask, codes, {kind: names}))
            _hold(set(found.rows) == set(codes), "an asked code is missing, or one that was not asked is there")
            _hold(found.as_of.utcoffset() is not None, "as_of has no zone")
            for by_kind in found.rows.values():
                _hold(set(by_kind) <= {kind}, "a kind that was not asked")
                for row in (row for rows in by_kind.values() for row in rows):
                    _hold(set(row.values) <= set(names), "a field that was not asked")
                    _check_row(kind, row)


async def check_fault(specimen: Specimen, name: str, truth: Mapping[str, Sequence[Batch]]) -> None:
    """While the fault *name* is on: typed errors or the truth, from `check`, `read` and `lookup`."""
    try:
        await _with(specimen.open, lambda connector: connector.check())
        for stream, batches in truth.items():
            taken, whole = await _with(specimen.open, partial(_taken, stream))
            rows = _keys(taken)
            _hold(rows == _keys(batches)[: len(rows)], f"{name}: {stream} brings what a good read does not")
            _hold(not whole or len(rows) == len(_keys(batches)), f"{name}: {stream} ends as if it were whole")
        if specimen.codes and Capability.LOOKUP in await _capabilities(specimen):
            await _answered(specimen, name)
    except SourceError as error:
        raise ConformanceError(f"{name}: {error.code} where no error may be raised") from error
    except ConformanceError:
        raise
    except Exception as error:
        raise ConformanceError(f"{name}: {type(error).__name__}, not SourceError") from error


async def _taken(stream: str, connector: Connector) -> tuple[list[Batch], bool]:
    found: list[Batch] = []
    try:
        async for batch in connector.read(stream, None):
            found.append(batch)  # noqa: PERF401  what came before the error counts
    except SourceError:
        return found, False
    return found, True


async def _answered(specimen: Specimen, name: str) -> None:
    streams = await _with(specimen.open, lambda connector: connector.discover())
    fields = {each.kind: [fields_of(KINDS[each.kind])[0].name] for each in streams}
    try:
        found = await _with(specimen.open, partial(_ask, specimen.codes, fields))
    except SourceError:
        return
    _hold(set(found.rows) == set(specimen.codes), f"{name}: a lookup answers another question")


def _check_rows(batch: Batch) -> None:
    _hold(bool(batch.batch_id and batch.cursor), "a batch without identifier or cursor")
    _hold(batch.fault is None or batch.fault == "DG17", "a batch fault other than DG17")
    names = {spec.name for spec in fields_of(KINDS[batch.kind])}
    _hold(set(batch.columns) <= names, "a column that is no catalogue field")
    for row in batch.rows:
        _check_row(batch.kind, row)
        _hold(set(row.values) <= set(batch.columns) or row.fault is not None, "a field without its column's label")


def _check_row(kind: str, row: Row) -> None:
    names = {spec.name for spec in fields_of(KINDS[kind])}
    _hold(bool(row.place.part) and (row.place.row is not None or row.place.path is not None), "a row without place")
    _hold(row.place.row is None or row.place.row > 0, "rows are counted from 1")
    _hold(set(row.values) <= names, "a field that is not in the catalogue")
    _hold(set(row.extra) <= EXTRA_COLUMNS, "an extra column that the hub does not know")
    _hold(all(value is None or isinstance(value, str) for value in row.values.values()), "a value that is not text")
    _hold(all(isinstance(value, str) for value in row.extra.values()), "an extra value that is not text")
    _hold(row.as_of is None or row.as_of.utcoffset() is not None, "as_of has no zone")


def _keys(batches: Sequence[Batch]) -> list[tuple[object, ...]]:
    return [
        (row.op, row.as_of, row.row_id, row.fault, tuple(sorted(row.values.items())), tuple(sorted(row.extra.items())))
        for batch in batches
        for row in batch.rows
    ]


def _is_suffix(tail: Sequence[str], whole: Sequence[str]) -> bool:
    return not tail or list(whole[-len(tail) :]) == list(tail)


async def _read(specimen: Specimen, stream: str, cursor: str | None) -> list[Batch]:
    return await _with(specimen.open, lambda connector: _collect(connector, stream, cursor))


async def _collect(connector: Connector, stream: str, cursor: str | None) -> list[Batch]:
    found: list[Batch] = []
    async for batch in connector.read(stream, cursor):
        found.append(batch)  # noqa: PERF401  one by one, as the hub takes them
    return found


async def _ask(codes: Sequence[str], fields: Mapping[str, Sequence[str]], connector: Connector) -> Found:
    return await connector.lookup(codes, fields, _DEADLINE_S)


async def _capabilities(specimen: Specimen) -> frozenset[Capability]:
    connector = specimen.open()
    try:
        return connector.capabilities
    finally:
        await connector.close()


async def _with(open_one: Callable[[], Connector], ask: Callable[[Connector], Awaitable[_T]]) -> _T:
    connector = open_one()
    try:
        return await ask(connector)
    finally:
        await connector.close()


async def _refused(
    specimen: Specimen, ask: Callable[[Connector], Awaitable[object]], what: str, *, away: bool = False
) -> None:
    source = specimen.broken if away and specimen.broken else specimen.open
    try:
        await _with(source, ask)
    except SourceError as error:
        _hold(bool(error.source and error.code), f"{what} is refused without a code")
    except Exception as error:
        raise ConformanceError(f"{what} gives {type(error).__name__}, not SourceError") from error
    else:
        raise ConformanceError(f"{what} is not refused")


def _outcome(stream: str) -> Outcome:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Outcome(
        batch_id="x",
        stream=stream,
        received=0,
        accepted=0,
        rejected=0,
        fault=None,
        findings=(),
        accepted_row_ids=(),
        at=moment,
    )


def _hold(fact: bool, rule: str) -> None:
    if not fact:
        raise ConformanceError(rule)
