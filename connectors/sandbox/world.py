"""
The world: everything the platforms know, computed from the seed when asked, and edited on top.

Rules:
    - Same seed, size, day and edits: same rows, byte for byte. One subject costs no memory, a million neither.
    - Rows of a platform and kind stand in the order (time of change, row id). Untouched rows follow the order of the
      subjects through the years before `today`; the showcase's come last, in the two days before it; edits after that.
    - The world's clock stands at the midnight that begins `today` until someone moves it; an edit takes a second.

Like tuf's repository simulator: a world you edit, then ask.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Final

from connectors.sandbox import dealings, decisions, standing
from connectors.sandbox.dealings import Json
from connectors.sandbox.dealt import HOMES, Dealt
from connectors.sandbox.dirt import Fate, fate, soil
from connectors.sandbox.draws import Draws
from connectors.sandbox.edits import Edits
from connectors.sandbox.names import NAMES
from connectors.sandbox.rows import SHANGHAI, Platform, WorldRow, row_id_of
from connectors.sandbox.showcase import showcase
from connectors.sandbox.subjects import SHOWCASE, Subject, Subjects

REFERENCE_DAY: Final = date(2026, 11, 20)
"""The day the domain notes were written; the world's day unless another is given."""

_SPAN_DAYS: Final = {"Grade": 330}
_SPAN_DAYS_USUAL: Final = 1095
_SHOWCASE_DAYS: Final = 2

_REVOKED: Final = "原处罚决定被撤销"

Place = tuple[datetime, str]


class World:
    """
    A world of *size* subjects.

    Attributes:
        seed, size, today: What it is made from.
        begin: The midnight that begins `today`, aware, Asia/Shanghai: no untouched row is later.
        now: The world's clock, same form.
        edits: What was changed on top, in order.
        is_soiled: Whether dirt falls on its rows.
    """

    def __init__(self, seed: int = 7, size: int = 200, *, today: date = REFERENCE_DAY, dirt: bool = True) -> None:
        if not SHOWCASE <= size <= NAMES:
            raise ValueError(f"size of the world: expected {SHOWCASE} to {NAMES}, got {size}")
        self.seed = seed
        self.size = size
        self.today = today
        self.now = datetime.combine(today, time(), SHANGHAI)
        self.edits = Edits()
        self.is_soiled = dirt
        self.begin = self.now
        self._subjects = Subjects(seed, size, today)
        self._showcase = showcase(today)
        self._dealt = Dealt(seed, size, self._showcase)

    def showcase(self) -> tuple[str, ...]:
        """Give the codes of the showcase subjects, `connectors.sandbox.showcase` says who they are."""
        return tuple(self.subject(index).code for index in range(SHOWCASE))

    def subject(self, index: int) -> Subject:
        """
        Give the subject at *index*.

        Raises:
            IndexError: the world has no such index.
        """
        if not 0 <= index < self.size:
            raise IndexError(f"subject {index}: expected 0 <= index < {self.size}")
        return self._subjects.at(index)

    def index_of(self, code: str) -> int | None:
        """Find the index of the subject with *code*."""
        return self._subjects.index_of(code)

    def rows(self, platform: Platform, kind: str, *, since: Place | None = None) -> Iterator[WorldRow]:
        """Iterate the rows of *kind* on *platform* as they stand now, in order, from *since* on (inclusive)."""
        edited = self.edits.of(platform, kind)
        untouched = (row for row in self._base(platform, kind, since) if row.row_id not in edited)
        return chain(
            untouched, (row for row in self.edits.in_order(platform, kind) if since is None or row.place >= since)
        )

    def page(self, platform: Platform, kind: str, *, since: Place | None, skip: int, take: int) -> list[WorldRow]:
        """Give *take* rows of *kind* on *platform* from *since* on, after skipping *skip*."""
        page: list[WorldRow] = []
        position, _ = self._edge(kind, since)
        edited = self.edits.of(platform, kind)
        if not edited:
            position, skip = self._leap(platform, kind, position, since, skip)
        for row in self.rows(platform, kind, since=since) if edited else self._base(platform, kind, since, position):
            if skip:
                skip -= 1
                continue
            page.append(row)
            if len(page) == take:
                break
        return page

    def count(self, platform: Platform, kind: str, *, since: Place | None = None) -> int:
        """Count the rows of *kind* on *platform* from *since* on."""
        position, sure = self._edge(kind, since)
        edges = sum(since is None or row.place >= since for row in self._between(platform, kind, position, sure))
        after = self._count_positions(platform, kind, sure)
        replaced = sum(since is None or place >= since for place in self.edits.replaced(platform, kind))
        added = sum(since is None or row.place >= since for row in self.edits.in_order(platform, kind))
        return edges + after - replaced + added

    def of(self, platform: Platform, kind: str, code: str) -> list[WorldRow]:
        """Give the rows of *kind* on *platform* about the subject with *code*, as they stand now; none if unknown."""
        index = self.index_of(code)
        edited = self.edits.of(platform, kind)
        base = [] if index is None else self._of(platform, kind, index)
        return [row for row in base if row.row_id not in edited] + [
            row for row in self.edits.in_order(platform, kind) if row.code == code
        ]

    def put(self, platform: Platform, kind: str, code: str, changes: Mapping[str, Json] | None = None) -> WorldRow:
        """
        Put a new record about the subject with *code* on *platform*: a drawn one with *changes* (column to value).

        Raises:
            KeyError: the world has no such subject.
        """
        platform = Platform(platform)
        index = self.index_of(code)
        if index is None:
            raise KeyError(f"no subject has the code {code!r}")
        number = 50 + len(self.edits.journal)
        made = self._make(kind, self.subject(index), number, self._tick().date())
        row = WorldRow(
            platform=platform,
            kind=kind,
            row_id=f"{row_id_of(kind, index, number)}-new",
            code=code,
            values={**made, **(changes or {})},
            updated=self.now,
        )
        return self.edits.add(row)

    def correct(self, row: WorldRow, changes: Mapping[str, Json]) -> WorldRow:
        """Change *row* where it stands."""
        self._tick()
        changed = replace(row, values={**row.values, **changes}, updated=self.now, op="U", dirt=None)
        return self.edits.add(changed, instead_of=row)

    def withdraw(self, row: WorldRow, reason: str = _REVOKED) -> WorldRow:
        """Withdraw *row*: it stays as a tombstone with its reason."""
        self._tick()
        return self.edits.add(replace(self.tombstone_of(row, reason), updated=self.now), instead_of=row)

    def untouched(self, platform: Platform, kind: str) -> Iterator[WorldRow]:
        """Iterate the rows of *kind* on *platform* as they were before any edit, in order."""
        return self._base(platform, kind, None)

    def fate_of(self, row: WorldRow) -> Fate:
        """Tell whether untouched *row* of the files or the front database was changed after its first delivery."""
        return fate((self.seed, row.row_id)) if self.is_soiled and not self.is_shown(row) else Fate.STAYS

    def is_shown(self, row: WorldRow) -> bool:
        """Whether *row* is about a subject of the showcase."""
        return int(row.row_id.split("-")[1]) < SHOWCASE

    def tombstone_of(self, row: WorldRow, reason: str = _REVOKED) -> WorldRow:
        """Give *row* as it stands when it was withdrawn for *reason*; its time is the caller's to set."""
        told = {"cutreason": reason, "publicstatus": "已撤销"} if row.kind == "Penalty" else {}
        return replace(row, values={**row.values, **told}, op="D")

    def advance(self, by: timedelta) -> None:
        """
        Move the world's clock forward by *by*.

        Raises:
            ValueError: *by* is negative.
        """
        if by < timedelta():
            raise ValueError("the world's clock: expected a forward step, got a negative one")
        self.now += by

    def live(self, days: int = 1) -> list[WorldRow]:
        """Let *days* pass: each changes 1 in 1,000 subjects (3 to 50): a new penalty, a correction or a withdrawal."""
        changed = []
        for _ in range(days):
            self.advance(timedelta(days=1))
            draws = Draws(self.seed, "day", self.now.date())
            for turn in range(max(3, min(50, self.size // 1000))):
                index = SHOWCASE + draws.below(max(1, self.size - SHOWCASE))
                changed.append(self._event(turn, min(index, self.size - 1)))
        return changed

    def _event(self, turn: int, index: int) -> WorldRow:
        platform = (Platform.NATIONAL, Platform.FILES, Platform.FRONT)[turn % 3]
        code = self.subject(index).code
        standing_now = self.of(platform, "Penalty", code) or self.of(platform, "Licence", code)
        alive = [row for row in standing_now if row.op != "D"]
        if not alive:
            return self.put(platform, "Penalty", code)
        if turn % 2:
            return self.withdraw(alive[0])
        return self.correct(alive[0], {"BZ": "更正"})

    def _base(
        self, platform: Platform, kind: str, since: Place | None, position: int | None = None
    ) -> Iterator[WorldRow]:
        start = self._edge(kind, since)[0] if position is None else position
        for row in self._between(platform, kind, start, self.size):
            if since is None or row.place >= since:
                yield row

    def _between(self, platform: Platform, kind: str, start: int, stop: int) -> Iterator[WorldRow]:
        for at in range(start, stop):
            index = self._at(at)
            if self._dealt.count_at(platform, kind, index):
                yield from self._of(platform, kind, index)

    def _leap(self, platform: Platform, kind: str, position: int, since: Place | None, skip: int) -> tuple[int, int]:
        """Pass over positions whose rows are all to be skipped, without making them."""
        if since is not None and skip:
            _, sure = self._edge(kind, since)
            first = sum(row.place >= since for row in self._between(platform, kind, position, sure))
            if first > skip:
                return position, skip
            position, skip = sure, skip - first
        low, high = position, self.size
        while low < high:
            middle = (low + high + 1) // 2
            if self._count_positions(platform, kind, position, middle) <= skip:
                low = middle
            else:
                high = middle - 1
        return low, skip - self._count_positions(platform, kind, position, low)

    def _count_positions(self, platform: Platform, kind: str, start: int, stop: int | None = None) -> int:
        stop = self.size if stop is None else stop
        ordinary = self.size - SHOWCASE
        total = 0
        if start < ordinary:
            total = self._dealt.count(platform, kind, start + SHOWCASE, min(stop, ordinary) + SHOWCASE)
        shown = range(max(start, ordinary) - ordinary, max(stop, ordinary) - ordinary)
        return total + sum(self._dealt.count_at(platform, kind, index) for index in shown)

    def _edge(self, kind: str, since: Place | None) -> tuple[int, int]:
        """Give the first position that may hold a row of *kind* at or after *since*, and the first that surely does."""
        if since is None:
            return 0, 0
        ordinary = self.size - SHOWCASE
        span = self._span(kind)
        passed = int((since[0] - (self.begin - timedelta(days=_SHOWCASE_DAYS, seconds=span))).total_seconds())
        if passed >= span:
            return ordinary, self.size
        # A step to either side: a subject's rows follow each other by a second each, and the division rounds down.
        position = max(0, passed * ordinary // span - 1)
        return position, min(self.size, max(0, passed * ordinary // span + 2))

    def _span(self, kind: str) -> int:
        return _SPAN_DAYS.get(kind, _SPAN_DAYS_USUAL) * 86_400

    def _at(self, position: int) -> int:
        """Index of the subject at *position*: the showcase comes last."""
        ordinary = self.size - SHOWCASE
        return position + SHOWCASE if position < ordinary else position - ordinary

    def _updated(self, kind: str, index: int, number: int) -> datetime:
        if index < SHOWCASE:
            return self.begin - timedelta(days=_SHOWCASE_DAYS) + timedelta(hours=index, minutes=number)
        span = self._span(kind)
        since_start = span * (index - SHOWCASE) // (self.size - SHOWCASE)
        return self.begin - timedelta(days=_SHOWCASE_DAYS, seconds=span - since_start - number)

    def _of(self, platform: Platform, kind: str, index: int) -> list[WorldRow]:
        plan = self._dealt.plan(kind, index)
        return [self._row(platform, kind, index, number) for number, home in enumerate(plan) if platform in HOMES[home]]

    def _row(self, platform: Platform, kind: str, index: int, number: int) -> WorldRow:
        subject = self.subject(index)
        updated = self._updated(kind, index, number)
        row_id = row_id_of(kind, index, number)
        values = self._make(kind, subject, number, updated.date())
        row = WorldRow(platform=platform, kind=kind, row_id=row_id, code=subject.code, values=values, updated=updated)
        return row if index < SHOWCASE or not self.is_soiled else self._dirty(row)

    def _dirty(self, row: WorldRow) -> WorldRow:
        if row.platform is Platform.GROUP:
            return row
        name = (self.seed, row.row_id)
        # Files and the front database deliver corrections and withdrawals as rows of their own: see `history`.
        if row.platform is Platform.NATIONAL and row.kind != "Registration" and fate(name) is Fate.WITHDRAWN:
            return self.tombstone_of(row)
        values = {column: row.text(column) for column in row.values}
        spoiled = soil(row.kind, values, name)
        return replace(row, values=values, dirt=spoiled)

    def _make(self, kind: str, subject: Subject, number: int, on: date) -> Mapping[str, Json]:
        draws = Draws(self.seed, kind, subject.index, number)
        shown = self._showcase.get((subject.index, kind), ())
        if number < len(shown):
            return shown[number].make(subject, number, on, draws)
        return self._drawn(kind, subject, number, on, draws)

    def _drawn(self, kind: str, subject: Subject, number: int, on: date, draws: Draws) -> Mapping[str, Json]:
        ordinary = subject.index >= SHOWCASE
        match kind:
            case "Penalty":
                return decisions.penalty(subject, number % 50, on, draws)
            case "Licence":
                return decisions.licence(subject, number % 50, on, draws)
            case "ListEntry":
                serious = number == 0 and ordinary and self._dealt.is_serious(subject.index)
                rolls = standing.SERIOUS_ROLLS if serious else standing.WATCH_ROLLS
                return standing.list_entry(subject, number, on, draws, rolls=rolls)
            case "Grade":
                worst = number == 0 and ordinary and self._dealt.is_serious(subject.index)
                return standing.grade(subject, number % 2, on, draws, "D" if worst else None)
            case "Supplier":
                return dealings.supplier(subject, draws)
        return _MAKERS[kind](subject, number, on, draws)

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


_MAKERS: Final[Mapping[str, Callable[[Subject, int, date, Draws], Mapping[str, Json]]]] = {
    "Registration": standing.registration,
    "Commitment": standing.commitment,
    "SupplierSanction": dealings.sanction,
    "Performance": dealings.performance,
    "Arrears": dealings.arrears,
}
