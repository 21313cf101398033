"""
Random worlds: dossiers, live records, sources, a policy and a few askers. Many documents are asked of each.

Rules:
    - The same seed makes the same world.
    - A world is *odd* once in a while: it holds values that intake would have refused, so both executors fail alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from msgspec.structs import replace as changed

from hub.identity.caller import Caller
from hub.ingest.live_content import LiveContent
from hub.store.dossiers import Dossier
from hub.store.sources import Freshness, SourceState
from hub.store.subjects import FormerName
from hub.store.timeline import TimelineEvent
from schema.catalogue import KINDS, Registration
from schema.catalogue.model import fields_of
from schema.identifiers.uscc import compose
from schema.plan.decider import Decider
from schema.policy.model import Standing
from schema.records import PublicityState, Severity, SeverityBasis, StoredRecord
from schema.rules.book import RuleBook
from schema.tiers import Tier
from tests.equality.standings import REGIONS, SOURCES, random_asker, random_policy
from tests.equality.values import DAYS, INSTANTS, INTEGERS, NAMES, Values
from tests.support.people import GROUP
from tests.support.worlds import NOON, TODAY, Ground, dossier, stored

SPECS = {name: fields_of(kind) for name, kind in KINDS.items()}
FIRST_SEEN = "seen"
CONFIDENCES = (1.0, 1, 0.95, 0.1, 1 / 3, 0.1 + 0.2, 0.0001, 0.99999)
ODD_CONFIDENCES = (1e-5, 1e-7, 5e-324)


def dice_of(*seed: object) -> Random:
    """Dice that fall the same way for the same *seed*."""
    return Random(repr(seed))  # noqa: S311  a test's dice keep no secret


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asker:
    """A caller with its standing, and the decisions that follow from it, made once."""

    caller: Caller
    standing: Standing
    decider: Decider


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    A world and who asks in it.

    Attributes:
        seed: What it was made from.
        is_odd: It may hold values that intake refuses.
        ground: Schema, rules, and the place's own policy.
        dossiers, live: By subject code.
        moments: Live source and subject -> the times of its answer.
        sources: Status of the sources, by id.
        askers: Who asks; at least one.
    """

    seed: int
    is_odd: bool
    ground: Ground
    dossiers: Mapping[str, Dossier]
    live: Mapping[str, Sequence[LiveContent]]
    moments: Mapping[tuple[str, str], tuple[str, str]]
    sources: Mapping[str, SourceState]
    askers: tuple[Asker, ...]


def build_place(ground: Ground, seed: int) -> Place:
    """Make the world of *seed*."""
    dice = dice_of("place", seed)
    is_odd = dice.random() < 0.05
    policy = random_policy(dice, ground.policy)
    ground = replace(ground, policy=policy)
    maker = _Maker(dice, ground.rules, is_odd=is_odd)
    codes = [compose("91510100", f"MA6CK{number:03d}") for number in dice.sample(range(1000), dice.randint(2, 5))]
    live = {code: maker.live(code) for code in codes if dice.random() < 0.4}
    askers = [random_asker(dice, policy, codes) for _ in range(3)]
    return Place(
        seed=seed,
        is_odd=is_odd,
        ground=ground,
        dossiers={code: maker.dossier(code) for code in codes},
        live=live,
        moments={(each.source, each.subject): maker.moment() for said in live.values() for each in said},
        sources={name: maker.source(name) for name in SOURCES if dice.random() < 0.8},
        askers=tuple(
            Asker(caller=caller, standing=standing, decider=Decider(policy, standing, ground.table))
            for caller, standing in askers
        ),
    )


class _Maker:
    def __init__(self, dice: Random, rules: RuleBook, *, is_odd: bool) -> None:
        self._dice = dice
        self._is_odd = is_odd
        today = rules.on(TODAY)
        self._values = Values(dice, today)
        self._lists = [*today.list_types, "X99", "L", "", None]
        self._made = 0

    def dossier(self, code: str) -> Dossier:
        dice = self._dice
        count = dice.choices((0, dice.randint(1, 6), dice.randint(7, 18), dice.randint(19, 40)), (1, 5, 6, 2))[0]
        records = [self.record(code, dice.choice(list(KINDS))) for _ in range(count)]
        if dice.random() < 0.75:
            records.append(self._registration(code))
        bare = dossier(code=code, known=False)
        facts = replace(bare.subject, name=self._values.text(), former_names=self._former_names())
        ordered = sorted(records, key=lambda record: (record.kind, record.key))
        return replace(bare, subject=facts, records=tuple(ordered), timeline=self._timeline())

    def live(self, code: str) -> tuple[LiveContent, ...]:
        return tuple(self._content(code, source) for source in self._dice.sample(SOURCES, self._dice.randint(0, 3)))

    def _content(self, code: str, source: str) -> LiveContent:
        # Nobody has proved the types of a live answer yet: the archive's reader proves those of a stored record.
        kinds = [self._dice.choice(list(KINDS)) for _ in range(self._dice.randint(0, 3))]
        made = [self.record(code, kind, mistyped=self._is_odd) for kind in kinds]
        return LiveContent(
            source=source,
            subject=code,
            day=TODAY,
            records=tuple(
                changed(record, provenance=changed(record.provenance, source=source, batch=None, version=1))
                for record in made
            ),
            undated=tuple(self._dice.random() < 0.5 for _ in made),
        )

    def moment(self) -> tuple[str, str]:
        return self._dice.choice(INSTANTS), self._dice.choice(INSTANTS)

    def record(
        self, code: str, kind: str, *, mistyped: bool = False, known: Mapping[str, object] | None = None
    ) -> StoredRecord:
        dice = self._dice
        self._made += 1
        given = {spec.name: self._values.of(spec, mistyped=mistyped) for spec in SPECS[kind]} | dict(known or {})
        record = stored(
            KINDS[kind](**given),
            f"{dice.getrandbits(32):08x}-{self._made}",
            subject=code,
            source=dice.choice(SOURCES),
            state=dice.choice([PublicityState.PUBLISHED] * 20 + list(PublicityState)),
            severity=dice.choice((None, *Severity)),
            severity_basis=dice.choice((None, *SeverityBasis)),
            list_code=dice.choice(self._lists) if kind == "ListEntry" else None,
            tier=dice.choice(list(Tier)) if dice.random() < 0.1 else None,
            owner=dice.choice((None, GROUP, code)),
            authority=dice.choice((None, GROUP)),
            region=dice.choice((None, *REGIONS[1:])),
            published=dice.random() < 0.5,
            objected=dice.random() < 0.3,
            publicity_from=self._day(),
            publicity_to=self._day(),
            repairable_from=self._day(),
            decided_on=self._day(),
        )
        return self._placed(record)

    def _placed(self, record: StoredRecord) -> StoredRecord:
        dice = self._dice
        most = 2**31 - 1 + (dice.random() < 0.1 and self._is_odd)
        origin = changed(
            record.provenance,
            batch=dice.choice((None, "B-1", "")),
            version=dice.choice((*INTEGERS, most)),
            as_of=dice.choice(INSTANTS),
        )
        confidence = dice.choice(ODD_CONFIDENCES if self._is_odd and dice.random() < 0.05 else CONFIDENCES)
        link = dice.choice(("uscc", "name", self._values.text()))
        return changed(record, provenance=origin, link_method=link, link_confidence=confidence)

    def _registration(self, code: str) -> StoredRecord:
        name = self._dice.choice((*NAMES[:3], None))
        record = self.record(code, Registration.KIND, known={"name": name, "code": code})
        return changed(record, state=PublicityState.PUBLISHED, publicity_to=None, tier=None)

    def _day(self) -> str | None:
        return self._dice.choice((None, *DAYS))

    def _former_names(self) -> tuple[FormerName, ...]:
        dice = self._dice
        return tuple(
            FormerName(
                name=self._values.text(), valid_from=self._day(), valid_to=self._day(), source=dice.choice(SOURCES)
            )
            for _ in range(dice.choice((0, 0, 1, 3, 6)))
        )

    def _timeline(self) -> tuple[TimelineEvent, ...]:
        dice = self._dice
        return tuple(
            TimelineEvent(
                event=dice.choice((FIRST_SEEN, "renamed", "注销", "")), day=self._day(), source=dice.choice(SOURCES)
            )
            for _ in range(dice.choice((0, 0, 1, 3, 6)))
        )

    def source(self, name: str) -> SourceState:
        dice = self._dice
        return SourceState(
            id=name,
            name_zh=self._values.text(),
            name_en=self._values.text(),
            connector="service",
            owner_code=None,
            region=None,
            rank=1,
            live=dice.random() < 0.5,
            max_age_s=dice.choice((1, 3600, 2**31 - 1)),
            state=dice.choice(list(Freshness)),
            last_tried_at=dice.choice((None, NOON)),
            last_succeeded_at=dice.choice((None, NOON)),
            last_error=None,
        )
