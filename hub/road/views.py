"""
Step 7 of the road: judge every row, and make views of the ones the asker may list.

Rules:
    - A subject is known to an asker through its rows: with no row that may be listed or counted, it is not on file.
    - What is told of the subject itself (name, state, former names, timeline) is told by a listed registration, under
      that registration's own label; a hidden one tells nothing. Without one, a listed record tells the name it bears.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

import msgspec

from hub.access.pseudonyms import Pseudonyms
from hub.ingest.live_content import LiveContent
from hub.store.dossiers import Dossier
from hub.store.subjects import FormerName
from hub.store.timeline import TimelineEvent
from schema.catalogue import KINDS, Registration
from schema.catalogue.model import Mask
from schema.graph.ids import NodeId
from schema.graph.views import shown
from schema.plan.decider import Decider, RowClass, is_listed
from schema.plan.guarded import SUBJECT_KIND
from schema.plan.judge import labelled, row_class, subject_class
from schema.plan.judged import UNPROVED, Holding, JudgedRecord, JudgedSubject, Span, Step
from schema.policy.model import Clear, Denied, Masked
from schema.publicity.placement import Placement, place_record
from schema.records import PublicityState, StoredRecord
from schema.rules.book import Rules

REGISTRATION = Registration.KIND
TOLD = ("name", "status", "region", "sector", "parent_code")
"""What a listed registration tells of its subject in its own words."""
SEEN = "seen"
"""The timeline's event of a code that came by for the first time, on whatever record: never told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    What judging depends on besides rows and standing.

    Attributes:
        today: Day in Asia/Shanghai.
        rules: Rules in force on it.
        pseudonyms: Names records on the wire.
    """

    today: date
    rules: Rules
    pseudonyms: Pseudonyms


class Judge:
    """Judges rows for one standing on one day."""

    def __init__(self, decider: Decider, setting: Setting) -> None:
        self._decider = decider
        self._setting = setting

    def subject(
        self,
        dossier: Dossier,
        records: Iterable[StoredRecord],
        contents: Iterable[LiveContent] = (),
    ) -> JudgedSubject | None:
        """
        Judge a subject with its records.

        Args:
            dossier: What is kept of the subject.
            records: Those of its records that were asked for.
            contents: What live sources said of it.

        Returns:
            None if the asker may not know of it.
        """
        listed: list[tuple[JudgedRecord, RowClass]] = []
        counted: Counter[RowClass] = Counter()
        live = (pair for content in contents for pair in zip(content.records, content.undated, strict=True))
        for record, undated in chain(((record, False) for record in records), live):
            placement = place_record(record, self._setting.today, self._setting.rules)
            label = dossier.labels.get((record.kind, record.key)) if dossier.labels else None
            if label is not None and label.holds_on(self._setting.today):
                placement = labelled(placement, label, self._decider.standing)
            judged = self._classify(record, placement, dossier.subject.sector)
            if judged is None:
                continue
            counted[judged] += 1
            if is_listed(self._decider.row(judged)):
                listed.append((self._record(record, judged, placement.state, undated=undated), judged))
        if not counted:
            return None
        return self._subject(dossier, listed, counted)

    def _subject(
        self,
        dossier: Dossier,
        listed: Sequence[tuple[JudgedRecord, RowClass]],
        counted: Counter[RowClass],
    ) -> JudgedSubject:
        code = dossier.subject.code
        registered = next((pair for pair in listed if pair[0].stored.kind == REGISTRATION), None)
        witness, basis = registered or (listed[0] if listed else (None, next(iter(counted))))
        values: dict[str, object] = dict.fromkeys(self._decider.table.kinds[SUBJECT_KIND])
        if registered is not None:
            values |= _registered(registered[0], dossier.subject.former_names, dossier.timeline)
        elif witness is not None:
            values["name"] = witness.readable(KINDS[witness.stored.kind].NAME_FIELD)
        told_as = subject_class(self._decider.policy, basis)
        return JudgedSubject(
            code=code,
            node_id=str(NodeId(kind=SUBJECT_KIND, code=code)),
            values=values,
            cells=self._decider.cells(told_as),
            manner=self._decider.manner(told_as),
            records=[record for record, _ in listed],
            holdings=self._holdings(counted),
            is_sealed=any(record.stored.sealed is not None for record, _ in listed),
        )

    def _classify(self, record: StoredRecord, placement: Placement, sector: str | None) -> RowClass | None:
        decider = self._decider
        if placement.category not in decider.table.categories[record.kind]:
            # Not a category the plan decided for this kind: its coordinates were never asked about, so it is denied.
            return None
        try:
            judged = row_class(decider.policy, decider.standing, record, placement, sector)
        except KeyError:
            # The policy has no tier for this category: unclassified is denied.
            return None
        return None if isinstance(decider.row(judged), Denied) else judged

    def _record(self, record: StoredRecord, judged: RowClass, state: PublicityState, *, undated: bool) -> JudgedRecord:
        cells = self._decider.cells(judged)
        main_day = KINDS[record.kind].MAIN_DAY
        # The publicity days follow from the main day: whoever may not read it whole reads none of them.
        is_day_clear = isinstance(cells[main_day], Clear)
        name = self._setting.pseudonyms.of(record.kind, record.subject, record.key)
        return JudgedRecord(
            stored=record,
            name=name,
            cells=cells,
            manner=self._decider.manner(judged) if is_proved(record) else UNPROVED,
            undated=undated,
            state_name=state.name,
            severity_name=record.severity.name if record.severity else None,
            basis_name=record.severity_basis.name if record.severity_basis else None,
            open={
                "id": str(NodeId(kind=record.kind, code=record.subject, name=name)),
                "kind": record.kind,
                "category": judged.category.value,
                "subject_code": record.subject,
                "publicity_state": state,
                "severity": record.severity,
                "severity_basis": record.severity_basis,
                "day": shown(cells[main_day], getattr(record.body, main_day)),
                "publicity_from": record.publicity_from if is_day_clear else None,
                "publicity_to": record.publicity_to if is_day_clear else None,
                "repairable_from": record.repairable_from if is_day_clear else None,
                "objected": record.objected,
            },
        )

    def _holdings(self, counted: Counter[RowClass]) -> Sequence[Holding]:
        totals: dict[tuple[str, str], tuple[int, bool]] = {}
        for judged, count in counted.items():
            decision = self._decider.row(judged)
            only_told = isinstance(decision, Masked) and decision.mask is Mask.M7
            key = (judged.kind, judged.category.value)
            total, told = totals.get(key, (0, False))
            totals[key] = (total + count, told or only_told)
        return [
            Holding(kind=kind, category=category, count=None if told else total)
            for (kind, category), (total, told) in sorted(totals.items())
        ]


def is_proved(record: StoredRecord) -> bool:
    """Whether every value of *record* has the type its field declares: the archive's reader proves it by decoding."""
    if record.provenance.batch is not None:
        return True
    try:
        msgspec.convert(msgspec.to_builtins(record.body), type(record.body), strict=True)
    except msgspec.ValidationError:
        return False
    return True


def _registered(
    registration: JudgedRecord,
    former_names: Iterable[FormerName],
    timeline: Iterable[TimelineEvent],
) -> dict[str, object]:
    """What a listed registration tells of its subject: its own words, and the history its source told."""
    source = registration.stored.provenance.source
    told = {name: registration.readable(name) for name in TOLD}
    return {
        **told,
        "registration": registration,
        "former_names": tuple(
            Span(name=span.name, valid_from=span.valid_from, valid_to=span.valid_to, source=span.source)
            for span in former_names
            if span.source == source
        ),
        "timeline": tuple(
            Step(event=event.event, day=event.day, source=event.source)
            for event in timeline
            if event.source == source and event.event != SEEN
        ),
    }
