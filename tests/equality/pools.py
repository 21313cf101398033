"""Values for a document's arguments out of a world: codes that are there, cursors that were given, texts that match."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from graphql import GraphQLEnumType

from schema.graph.ids import NodeId
from schema.plan.guarded import SUBJECT_KIND
from schema.policy.model import Clear
from tests.equality.tree import Name, Value
from tests.equality.values import AMOUNTS, DAYS, INSTANTS, NAMES, TEXTS
from tests.equality.worlds import Asker, Place
from tests.support.worlds import PSEUDONYMS, UNKNOWN

BAD_CODES = ("", "91510100", "91510100MA6CK00A0X", "000000000000000000", "ＡＢＣ", "91510100MA6CKOOA1I", "x" * 18)
BAD_IDS = ("", "x", "====", "Q3JlZGl0U3ViamVjdA", "😀", "UGVuYWx0eToxOjI6Mw")
BAD_CURSORS = ("", "x", "AAAA", "😀", "A" * 600, "c2VhcmNo")


class WorldPools:
    """Pools of one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.codes = list(place.dossiers)
        self.cursors: Sequence[str] = ()
        self._is_given = False
        self._ids = self._node_ids()
        self._coordinates = _coordinates(place)
        self._clear: set[str] = set()
        self._clear_of: dict[Asker, set[str]] = {}
        self._bodies: dict[str, list[Any]] = {}
        for dossier in place.dossiers.values():
            for record in dossier.records:
                self._bodies.setdefault(record.kind, []).append(record.body)

    def turn_to(self, asker: Asker) -> None:
        """Make the next documents for *asker*: of what it may filter and sort by, mostly."""
        if asker not in self._clear_of:
            static = asker.decider.static
            self._clear_of[asker] = {
                member for member, name in self._coordinates.items() if isinstance(static(name), Clear)
            }
        self._clear = self._clear_of[asker]

    def offer(self, cursors: Sequence[str]) -> None:
        """Take *cursors* of an answer for the next question, which uses one: any other fails its list."""
        self.cursors = cursors
        self._is_given = False

    def scalar(  # noqa: PLR0911  one line per place
        self, coordinate: str, type_name: str, siblings: Mapping[str, Value], dice: Random
    ) -> Value:
        """Pick a value for the scalar at *coordinate*."""
        match coordinate:
            case "Query.subject(code:)" | "Query.subjects(codes:)":
                return self._code(dice)
            case "Query.node(id:)":
                return dice.choice(self._ids) if dice.random() < 0.9 else dice.choice(BAD_IDS)
            case "Query._entities(representations:)":
                return self._representation(dice)
            case "Query.searchSubjects(name:)":
                return dice.choice(NAMES) if dice.random() < 0.98 else dice.choice(("", "  ", "长" * 201))
            case "FieldMatchInput.equals" | "FieldMatchInput.atLeast" | "FieldMatchInput.atMost":
                return self._bound(siblings.get("field"), dice)
            case "Query.__type(name:)":
                return dice.choice((SUBJECT_KIND, "CreditRecord", "RecordKind", "RecordFilter", "Day", "Nothing"))
        if coordinate.endswith("(first:)"):
            return dice.choices((1, 2, 3, 5, 20, 200, 201, 0, -1), (10, 15, 20, 25, 20, 4, 0.4, 0.3, 0.3))[0]
        if coordinate.endswith("(after:)"):
            return self._cursor(dice)
        return _by_type(type_name, dice)

    def member(self, coordinate: str, members: Sequence[str], dice: Random) -> str:
        """Pick a member; one that names a field is mostly one the asker may read."""
        if self._clear and dice.random() < 0.93:
            clear = [member for member in members if member in self._clear]
            if clear:
                return dice.choice(clear)
        return dice.choice(members)

    def _code(self, dice: Random) -> Value:
        luck = dice.random()
        if luck < 0.87:
            return dice.choice(self.codes)
        if luck < 0.91:
            return dice.choice(self.codes).lower()
        if luck < 0.94:
            return UNKNOWN
        return 91510100 if luck < 0.95 else dice.choice(BAD_CODES)

    def _representation(self, dice: Random) -> Value:
        made: dict[str, Value] = {"__typename": SUBJECT_KIND, "code": self._code(dice)}
        luck = dice.random()
        if luck < 0.06:
            del made["code"]
        elif luck < 0.1:
            made["__typename"] = dice.choice(("Penalty", "", None, 1))
        elif luck < 0.25:
            made |= {"name": dice.choice(TEXTS), "nested": {"list": [1, None, True]}}
        elif luck < 0.28:
            return dice.choice(("text", 1, True, [], {}))
        return made

    def nulls(self, coordinate: str) -> float:
        """A bad cursor fails its list, or the whole search: mostly there is none."""
        if not coordinate.endswith("(after:)"):
            return 0.06
        if self.cursors and not self._is_given:
            return 0.1
        return 0.96 if coordinate.startswith("Query.") else 0.93

    def _cursor(self, dice: Random) -> str:
        if self.cursors and dice.random() < 0.9:
            self._is_given = True
            return dice.choice(self.cursors)
        return dice.choice(BAD_CURSORS)

    def _bound(self, field: Value, dice: Random) -> Value:
        if isinstance(field, Name) and dice.random() < 0.75:
            kind, _, name = self._coordinates.get(field.text, "").partition(".")
            bodies = self._bodies.get(kind)
            if bodies:
                held = getattr(dice.choice(bodies), _snake(name), None)
                held = dice.choice(held) if isinstance(held, tuple) and held else held
                if isinstance(held, str):
                    return held
        return dice.choice((*AMOUNTS, *DAYS, *TEXTS[:8]))

    def _node_ids(self) -> list[str]:
        ids = [str(NodeId(kind=SUBJECT_KIND, code=code)) for code in (*self.codes, *self.codes, UNKNOWN)]
        ids += [str(NodeId(kind="Nothing", code=self.codes[0], name="x"))]
        for code, dossier in self._place.dossiers.items():
            for record in (
                *dossier.records,
                *(each for said in self._place.live.get(code, ()) for each in said.records),
            ):
                name = PSEUDONYMS.of(record.kind, record.subject, record.key)
                ids.append(str(NodeId(kind=record.kind, code=code, name=name)))
        return ids


def _coordinates(place: Place) -> dict[str, str]:
    """Members of enumerations that name a field -> its coordinate."""
    exchange = place.ground.exchange
    found: dict[str, str] = {}
    for kind in exchange.schema.type_map.values():
        if isinstance(kind, GraphQLEnumType):
            for member, value in kind.values.items():
                name = str(getattr(value.value, "value", value.value))
                if name in exchange.specs:
                    found[member] = name
    return found


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def _by_type(type_name: str, dice: Random) -> Value:
    return dice.choice(_OF_TYPE.get(type_name, TEXTS))


_OF_TYPE: Mapping[str, Sequence[Value]] = {
    "Int": (0, 1, 5),
    "Float": (0.5, 1),
    "Boolean": (True, False),
    "Day": DAYS,
    "Instant": INSTANTS,
    "Amount": AMOUNTS,
}
