"""
The world both hubs hold before one of them is changed: the random dossiers of `tests.equality`, with names to search.

Rules:
    - The same seed makes the same world.
    - Names are alike: what is searched for finds subjects that an asker may know of and others that it may not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from msgspec.structs import replace as changed

from hub.store.dossiers import Dossier
from hub.store.subjects import FormerName
from schema.catalogue import KINDS, Registration
from schema.identifiers.names import name_key
from schema.identifiers.uscc import compose
from schema.records import PublicityState, StoredRecord
from tests.equality.worlds import Place, build_place, dice_of
from tests.support.people import GROUP
from tests.support.worlds import Ground

OWNER, STRANGER = compose("91510100", "MA6JJ000"), compose("91110000", "MA0YY000")
TRUSTED = compose("91110000", "MA0XX000")
OWNERS: Mapping[str, str | None] = {"national": None, "jinjiang": OWNER, "wuhou": STRANGER}
"""Source -> who owns it; a record's fourth source, `unheard-of`, has no row."""
FAULTS: Mapping[str, tuple[str, str]] = {"jinjiang": ("Penalty", "SRC_TIMEOUT"), "wuhou": ("Grade", "SRC_SCHEMA")}
"""Source -> a kind whose last reading failed: who asks for that kind is told."""
PLACES = 3
STEMS = ("锦江", "天府", "岷江", "青城", "都江", "龙泉", "金沙", "白鹤")
SUBJECTS_HIDDEN = 14
"""Subjects with nothing but rows that few may see: more than a search reads past at once."""
NO_CODE = compose("91510100", "MA6CX999")
"""Never on file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """
    What is on file.

    Attributes:
        seed: What it was made from.
        places: What it was put together from; random documents take their values from these.
        dossiers: By subject code.
    """

    seed: int
    places: tuple[Place, ...]
    dossiers: Mapping[str, Dossier]


def build_world(ground: Ground, seed: int) -> World:
    """Make the world of *seed*."""
    dice = dice_of("interference", seed)
    places: list[Place] = []
    number = seed * 100
    while len(places) < PLACES:
        place = build_place(ground, number)
        number += 1
        if not place.is_odd:
            places.append(place)
    found = {code: held for place in places for code, held in place.dossiers.items()}
    dossiers = {code: _settled(dice, held) for code, held in found.items()}
    dossiers |= {held.subject.code: held for held in _shadows(dice, list(found.values()))}
    return World(seed=seed, places=tuple(places), dossiers=dossiers)


def _settled(dice: Random, held: Dossier) -> Dossier:
    """As a store can hold it: owners by source, a batch for every record; and with a name to search for."""
    name = name_of(dice)
    records = tuple(_kept(record, name if dice.random() < 0.7 else None) for record in held.records)
    return replace(
        held,
        subject=replace(held.subject, name=name, former_names=former_names(dice)),
        records=records,
    )


def _kept(record: StoredRecord, name: str | None) -> StoredRecord:
    body = record.body
    if name is not None and getattr(body, KINDS[record.kind].NAME_FIELD) is not None:
        body = changed(body, **{KINDS[record.kind].NAME_FIELD: name})
    origin = record.provenance
    return changed(
        record,
        body=body,
        owner=OWNERS.get(origin.source),
        authority=OWNER if record.authority == GROUP else record.authority,
        # PostgreSQL keeps no NUL in a text.
        link_method=record.link_method.replace("\0", "0"),
        provenance=changed(origin, batch=origin.batch or "B-0", version=max(1, origin.version)),
    )


def name_of(dice: Random) -> str:
    return f"{dice.choice(STEMS)}{dice.choice(STEMS)}电力{dice.choice(('', '设备', '工程'))}有限公司"


def former_names(dice: Random) -> tuple[FormerName, ...]:
    """Former names, each key once: some are a whole query."""
    made = [
        FormerName(
            name=dice.choice((name_of(dice), "电力", "锦江")),
            valid_from=dice.choice((None, "2020-01-01", "2023-05-06")),
            valid_to=dice.choice((None, "2024-01-01")),
            source=dice.choice(list(OWNERS)),
        )
        for _ in range(dice.choice((0, 1, 1, 3)))
    ]
    return tuple({name_key(each.name): each for each in made}.values())


def _shadows(dice: Random, held: list[Dossier]) -> list[Dossier]:
    """Subjects known by repaired, withdrawn or expired rows alone: most askers may not know of them."""
    rows = [record for each in held for record in each.records if record.kind != Registration.KIND]
    made = []
    for number in range(SUBJECTS_HIDDEN):
        code = compose("91510100", f"MA6CH{number:03d}")
        name = name_of(dice)
        gone = (PublicityState.REPAIRED, PublicityState.WITHDRAWN, PublicityState.EXPIRED)
        records = [
            changed(_kept(record, name), subject=code, key=f"{record.key}-{number}", state=dice.choice(gone))
            for record in dice.sample(rows, min(len(rows), dice.randint(1, 12)))
        ]
        records.sort(key=lambda record: (record.kind, record.key))
        bare = dice.choice(held)
        facts = replace(bare.subject, code=code, name=name, former_names=former_names(dice))
        made.append(replace(bare, subject=facts, records=tuple(records), timeline=bare.timeline))
    return made
