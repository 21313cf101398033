"""Step 7 of the road: judge every row, and make views of the ones the asker may list."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from hub.store.dossiers import Dossier
from hub.store.subjects import FormerName
from hub.store.timeline import TimelineEvent
from schema.catalogue import KINDS
from schema.catalogue.model import Mask
from schema.graph.ids import NodeId
from schema.graph.scalars import Freshness
from schema.graph.views import Guard, Plain, RecordView, SubjectView, shown
from schema.plan.decider import RowClass, is_listed
from schema.plan.guarded import SUBJECT_KIND
from schema.plan.judge import row_class, subject_class
from schema.policy.model import Clear, Denied, Masked
from schema.publicity.placement import Placement, place_record
from schema.records import PublicityState, StoredRecord
from schema.rules.book import Rules


class Judge:
    """Judges rows for one operation, on one day."""

    def __init__(self, guard: Guard, today: date, rules: Rules, freshness: Mapping[str, str]) -> None:
        self._guard = guard
        self._decider = guard.decider
        self._today = today
        self._rules = rules
        self._freshness = freshness

    def subject(
        self,
        dossier: Dossier,
        live: Iterable[StoredRecord],
        timeline: Sequence[TimelineEvent],
    ) -> SubjectView | None:
        """Make the view of a subject with its records, None if the asker may not know of it."""
        facts = dossier.subject
        own_class = subject_class(self._decider.policy, self._decider.standing, facts.code, facts.region)
        if not is_listed(self._decider.row(own_class)):
            return None
        views: list[RecordView] = []
        counted: Counter[RowClass] = Counter()
        for record in (*dossier.records, *live):
            placement = place_record(record, self._today, self._rules)
            judged = self._classify(record, placement)
            if judged is None:
                continue
            counted[judged] += 1
            if is_listed(self._decider.row(judged)):
                views.append(self._record(record, judged, placement.state))
        return SubjectView(
            code=facts.code,
            node_id=str(NodeId(kind=SUBJECT_KIND, code=facts.code)),
            values={
                "name": facts.name,
                "status": facts.status,
                "region": facts.region,
                "sector": facts.sector,
                "parent_code": facts.parent_code,
                "former_names": [_name_span(name) for name in facts.former_names],
                "timeline": [_event(event) for event in timeline],
                "registration": next((view for view in views if view.stored.kind == "Registration"), None),
            },
            cells=self._decider.cells(own_class),
            records=views,
            holdings=self._holdings(counted),
            guard=self._guard,
        )

    def _classify(self, record: StoredRecord, placement: Placement) -> RowClass | None:
        try:
            judged = row_class(self._decider.policy, self._decider.standing, record, placement)
        except KeyError:
            # The policy has no tier for this category: unclassified is denied.
            return None
        return None if isinstance(self._decider.row(judged), Denied) else judged

    def _record(self, record: StoredRecord, judged: RowClass, state: PublicityState) -> RecordView:
        cells = self._decider.cells(judged)
        main_day = KINDS[record.kind].MAIN_DAY
        # The publicity days follow from the main day: whoever may not read it whole reads none of them.
        is_day_clear = isinstance(cells[main_day], Clear)
        return RecordView(
            stored=record,
            cells=cells,
            open={
                "id": str(NodeId(kind=record.kind, code=record.subject, key=record.key)),
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
                "provenance": self._provenance(record),
            },
            guard=self._guard,
        )

    def _provenance(self, record: StoredRecord) -> Plain:
        origin = record.provenance
        return Plain(
            type_name="Provenance",
            values={
                "source": origin.source,
                "batch": origin.batch,
                "version": origin.version,
                "as_of": origin.as_of,
                "received_at": origin.received_at,
                "catalogue_version": origin.catalogue_version,
                "freshness": Freshness(self._freshness.get(origin.source, "STALE")),
                "link_method": record.link_method,
                "link_confidence": record.link_confidence,
            },
        )

    def _holdings(self, counted: Counter[RowClass]) -> Sequence[Plain]:
        totals: dict[tuple[str, str], tuple[int, bool]] = {}
        for judged, count in counted.items():
            decision = self._decider.row(judged)
            only_told = isinstance(decision, Masked) and decision.mask is Mask.M7
            key = (judged.kind, judged.category.value)
            total, told = totals.get(key, (0, False))
            totals[key] = (total + count, told or only_told)
        return [
            Plain(
                type_name="Holding",
                values={"kind": kind, "category": category, "exists": True, "count": None if told else total},
            )
            for (kind, category), (total, told) in sorted(totals.items())
        ]


def _name_span(name: FormerName) -> Plain:
    return Plain(
        type_name="SubjectNameSpan",
        values={"name": name.name, "valid_from": name.valid_from, "valid_to": name.valid_to, "source": name.source},
    )


def _event(event: TimelineEvent) -> Plain:
    return Plain(
        type_name="SubjectTimelineEvent",
        values={"event": event.event, "day": event.day, "source": event.source},
    )
