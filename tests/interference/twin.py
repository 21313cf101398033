"""
The twin of a world: changed in cells that one standing may not read, and in nothing else.

What may not be read is found by the policy's own decision on every row and every cell, never by asking a hub.

Rules, for the standing that must not notice:
    - A row that is denied may be changed, taken away, or be joined by others; also the whole subject, where no row of
      it may be listed or counted.
    - A row that is counted keeps its class; a row that is only told of may go, if another of its category stays.
    - A listed row keeps its class. Its denied fields may change freely, its masked fields within the same image.
    - What the subject's own columns, former names and timeline say may change unless a listed registration tells it.
    - Provenance and the open fields of a listed row are cells it may read (docs/access.md).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace as changed

from hub.store.dossiers import Dossier
from hub.store.timeline import TimelineEvent
from schema.catalogue import KINDS, Registration
from schema.catalogue.model import FieldSpec, Mask, fields_of
from schema.graph.views import shown
from schema.identifiers.names import name_key
from schema.plan.decider import Decider, RowClass, is_listed
from schema.plan.judge import row_class
from schema.policy.model import Clear, Decision, Denied, Masked
from schema.publicity.placement import place_record
from schema.records import PublicityState, StoredRecord
from schema.rules.book import Rules
from tests.equality.standings import REGIONS
from tests.equality.values import AMOUNTS, DAYS, Values
from tests.interference.world import OWNER, World, former_names, name_of

SPECS = {name: fields_of(kind) for name, kind in KINDS.items()}
TRIES = 12
_DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Change:
    """
    One change: the subject, the row if it is one of a row, the coordinate or envelope field, and both values.

    `listed`: of a row that the standing may list.
    """

    code: str
    row: tuple[str, str] | None
    what: str
    before: object = None
    after: object = None
    listed: bool = False

    def __str__(self) -> str:
        return f"{self.code} {':'.join(self.row or ())} {self.what}: {self.before!r} -> {self.after!r}"


@dataclass(slots=True, kw_only=True)
class Twin:
    """
    What differs.

    Attributes:
        dossiers: Code -> the dossier as the twin has it, for the subjects that were changed.
        gone: Codes that only the first world has.
        changes: What was done.
    """

    dossiers: dict[str, Dossier] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)


class Seen(NamedTuple):
    """A row as the standing meets it; `judged` None: unclassified, so denied."""

    record: StoredRecord
    state: PublicityState
    judged: RowClass | None
    existence: Decision | None

    @property
    def is_denied(self) -> bool:
        return self.existence is None or isinstance(self.existence, Denied)

    @property
    def is_listed(self) -> bool:
        return self.existence is not None and is_listed(self.existence)

    @property
    def told_as(self) -> tuple[str, str] | None:
        return (self.judged.kind, self.judged.category.value) if self.judged else None


class Eye:
    """How one standing meets rows on one day."""

    def __init__(self, decider: Decider, rules: Rules, today: date) -> None:
        self.decider = decider
        self._rules = rules
        self._today = today

    def see(self, record: StoredRecord) -> Seen:
        placement = place_record(record, self._today, self._rules)
        decider = self.decider
        if placement.category not in decider.table.categories[record.kind]:
            return Seen(record, placement.state, None, None)
        if placement.category not in decider.policy.tiers:
            return Seen(record, placement.state, None, None)
        judged = row_class(decider.policy, decider.standing, record, placement)
        return Seen(record, placement.state, judged, decider.row(judged))


class Concealer:
    """Makes twins of one world for one standing."""

    def __init__(self, world: World, eye: Eye, dice: Random, rules: Rules) -> None:
        self._world = world
        self._eye = eye
        self._dice = dice
        self._values = Values(dice, rules)

    def twin(self, share: float) -> Twin:
        """Change about *share* of what may be changed."""
        twin = Twin()
        for code, held in self._world.dossiers.items():
            if self._dice.random() > max(share, 0.3):
                continue
            self._subject(code, held, share, twin)
        return twin

    def _subject(self, code: str, held: Dossier, share: float, twin: Twin) -> None:
        dice = self._dice
        seen = [self._eye.see(record) for record in held.records]
        changes: list[Change] = []
        if all(each.is_denied for each in seen):
            if dice.random() < 0.5:
                twin.gone.add(code)
                twin.changes.append(Change(code, None, "subject", held.subject.name, None))
                return
            after = replace(held, subject=self._renamed(held, changes))
        else:
            after = held
        records = list(self._records(code, seen, share, changes))
        told_by = next(
            (
                each.record.provenance.source
                for each in seen
                if each.is_listed and each.record.kind == Registration.KIND
            ),
            None,
        )
        after = self._history(replace(after, records=tuple(records)), told_by, changes)
        if changes:
            twin.dossiers[code] = replace(after, memo={})
            twin.changes += changes

    def _renamed(self, held: Dossier, changes: list[Change]) -> Any:
        dice = self._dice
        name = name_of(dice)
        changes.append(Change(held.subject.code, None, "subject.name", held.subject.name, name))
        return replace(held.subject, name=name, status=dice.choice(("存续", "注销")), region=dice.choice(REGIONS[1:]))

    def _records(self, code: str, seen: Sequence[Seen], share: float, changes: list[Change]) -> Iterator[StoredRecord]:
        dice = self._dice
        told = Counter(each.told_as for each in seen if _is_told(each))
        made: list[StoredRecord] = []
        for each in seen:
            record = each.record
            row = (record.kind, record.key)
            if dice.random() > share:
                made.append(record)
                continue
            may_go = each.is_denied or (_is_told(each) and told[each.told_as] > 1)
            if may_go and dice.random() < 0.25:
                told[each.told_as] -= 1
                changes.append(Change(code, row, "row", "there", "gone"))
                continue
            made.append(self._row(each, changes))
            if may_go and dice.random() < 0.3:
                made += self._sibling(each, changes)
        yield from sorted(made, key=lambda record: (record.kind, record.key))

    def _sibling(self, each: Seen, changes: list[Change]) -> list[StoredRecord]:
        """Another row like *each*, with a key of its own."""
        record = changed(self._row(each, []), key=f"{self._dice.getrandbits(40):010x}")
        if not _is_alike(each, self._eye.see(record)):
            return []
        changes.append(Change(record.subject, (record.kind, record.key), "row", "absent", "there"))
        return [record]

    def _row(self, each: Seen, changes: list[Change]) -> StoredRecord:
        """Change what may be changed of a row, one thing after the other, each only if the row is met as before."""
        record = each.record
        row = (record.kind, record.key)
        cells = self._eye.decider.cells(each.judged) if each.judged and each.is_listed else {}
        for spec in SPECS[record.kind]:
            before = getattr(record.body, spec.name)
            after = self._other(spec, cells.get(spec.name), before)
            if after == before:
                continue
            candidate = changed(record, body=changed(record.body, **{spec.name: after}))
            if _is_alike(each, self._eye.see(candidate)):
                record = candidate
                changes.append(Change(record.subject, row, spec.coordinate, before, after, each.is_listed))
        for name, after in self._envelope(each, cells):
            before = getattr(record, name)
            candidate = changed(record, **{name: after})
            if after != before and _is_alike(each, self._eye.see(candidate)):
                record = candidate
                changes.append(Change(record.subject, row, f"envelope.{name}", before, after, each.is_listed))
        return record

    def _other(self, spec: FieldSpec, decision: Decision | None, before: object) -> object:
        """Another value that looks the same under *decision*; None: nothing of the row is shown."""
        if isinstance(decision, Clear) or self._dice.random() < 0.2:
            return before
        if not isinstance(decision, Masked):
            return self._values.of(spec)
        image = shown(decision, before)
        for _ in range(TRIES):
            candidate = self._near(decision.mask, before) if self._dice.random() < 0.8 else self._values.of(spec)
            if candidate != before and shown(decision, candidate) == image:
                return candidate
        return before

    def _near(self, mask: Mask, value: object) -> object:
        """A value that has a chance to look like *value* under *mask*."""
        dice = self._dice
        if isinstance(value, tuple):
            return tuple(self._near(mask, part) for part in value)
        if not isinstance(value, str) or not value:
            return value
        match mask:
            case Mask.M1:
                return value[: dice.choice((1, 2))] + dice.choice("甲乙丙丁") + dice.choice(("", "戊"))
            case Mask.M3:
                return dice.choice((*AMOUNTS, "2", "3.5", "15", "22", "55", "77.7", "150", "0.4"))
            case Mask.M5:
                return value[:8] + f"{dice.randint(1, 28):02d}" + value[10:]
            case _:
                return "".join(
                    str(dice.randint(0, 9)) if letter.isdigit() and letter.isascii() else letter for letter in value
                )

    def _envelope(self, each: Seen, cells: Mapping[str, Decision]) -> Iterator[tuple[str, object]]:
        """Columns beside the body that a listed row does not tell; of any other row, all of them."""
        dice = self._dice
        record = each.record
        tells_days = each.is_listed and isinstance(cells[KINDS[record.kind].MAIN_DAY], Clear)
        choices: dict[str, Sequence[object]] = {
            "decided_on": DAYS,
            "authority": (None, OWNER),
            "region": REGIONS[1:],
            "published": (True, False),
            "list_code": (record.list_code, "X98"),
        }
        if not tells_days:
            choices |= {"publicity_from": DAYS, "publicity_to": DAYS, "repairable_from": DAYS}
        if not each.is_listed:
            choices |= {"objected": (True, False), "link_confidence": (0.5, 0.75), "link_method": ("uscc", "name")}
        for name, values in choices.items():
            if dice.random() < 0.5:
                yield name, dice.choice(values)
        if not each.is_listed:
            origin = record.provenance
            moved = changed(origin, version=origin.version % 1000 + 1, batch=f"B-{dice.randint(1, 9)}")
            yield "provenance", moved

    def _history(self, held: Dossier, told_by: str | None, changes: list[Change]) -> Dossier:
        """Former names and steps of the timeline that no listed registration's source told."""
        dice = self._dice
        code = held.subject.code
        if dice.random() < 0.5:
            kept = [span for span in held.subject.former_names if span.source == told_by]
            keys = {name_key(span.name) for span in kept}
            others = [span for span in former_names(dice) if span.source != told_by and name_key(span.name) not in keys]
            spans = (*kept, *others)
            if spans != held.subject.former_names:
                changes.append(Change(code, None, "formerNames", held.subject.former_names, spans))
                held = replace(held, subject=replace(held.subject, former_names=spans))
        if dice.random() < 0.5:
            steps = [step for step in held.timeline if step.source == told_by]
            if told_by != "unheard-of":
                steps.append(TimelineEvent(event="renamed", day=dice.choice(DAYS), source="unheard-of"))
            if tuple(steps) != held.timeline:
                changes.append(Change(code, None, "timeline", held.timeline, tuple(steps)))
                held = replace(held, timeline=tuple(steps))
        return held


def _is_told(each: Seen) -> bool:
    return isinstance(each.existence, Masked) and each.existence.mask is Mask.M7


def _is_alike(before: Seen, after: Seen) -> bool:
    """Whether a standing that met *before* may not notice *after* in its place."""
    if before.is_denied:
        return after.is_denied
    if not before.is_listed:
        return after.told_as == before.told_as and after.existence == before.existence
    return after.judged == before.judged and after.state == before.state
