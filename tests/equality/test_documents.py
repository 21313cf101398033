"""The generator is held to its promises: its documents are valid, rich, and the same for the same seed."""

from collections import Counter
from itertools import pairwise

import pytest
from graphql import GraphQLField, GraphQLObjectType, parse, validate

from tests.equality.documents import Grower, Made, Map
from tests.equality.pools import WorldPools
from tests.equality.scopes import Scope, entry_of
from tests.equality.tree import Field, Selection, walk
from tests.equality.worlds import build_place, dice_of
from tests.support.worlds import Ground

SHARDS = 4
DOCUMENTS = 2_000


def grown(ground: Ground, place_seed: int, number: int, seen: Counter[str] | None = None) -> Made:
    place = build_place(ground, place_seed)
    pools = WorldPools(place)
    pools.turn_to(place.askers[0])
    dice = dice_of("valid", place_seed, number)
    return Grower(Map(ground.exchange.schema), pools, dice, Counter() if seen is None else seen).grow()


class TestGrow:
    @pytest.mark.parametrize("shard", range(SHARDS))
    def test_every_document_is_valid(self, ground: Ground, shard: int) -> None:
        """Whatever is grown passes the validation of graphql-core: all rules, no exceptions."""
        map_ = Map(ground.exchange.schema)
        each = DOCUMENTS // SHARDS // 10
        for seed in range(shard * 10, shard * 10 + 10):
            place = build_place(ground, seed)
            pools = WorldPools(place)
            for number in range(each):
                pools.turn_to(place.askers[number % len(place.askers)])
                text = Grower(map_, pools, dice_of("valid", seed, number), Counter()).grow().document.text()

                assert [] == validate(ground.exchange.schema, parse(text)), text

    def test_same_dice_make_the_same_document(self, ground: Ground) -> None:
        """A seed names a document: a difference can be met again."""
        for number in range(20):
            one, other = grown(ground, 3, number), grown(ground, 3, number)

            assert one.document.text() == other.document.text()
            assert one.draw() == other.draw()

    def test_most_documents_are_rich(self, ground: Ground) -> None:
        """Half of all documents select forty fields or more; none is so large that it stops a run."""
        sizes = sorted(
            sum(isinstance(node, Field) for body in _bodies(grown(ground, seed, number)) for node in walk(body))
            for seed in range(5)
            for number in range(20)
        )

        assert 40 <= sizes[len(sizes) // 2]
        assert sizes[-1] < 600

    def test_fragments_that_cannot_match_are_grown_too(self, ground: Ground) -> None:
        """A fragment on a type that the object at its place is not stands in valid documents, and shows nothing."""
        seen: Counter[str] = Counter()
        for number in range(100):
            grown(ground, 5, number, seen)

        assert all(seen[f"inline on {kind}"] for kind in ("Node", "_Entity", "CreditRecord", "Penalty", "nothing"))
        assert seen["fragment again"]
        assert seen["same key, same arguments"]

    def test_every_document_stays_valid_when_it_is_cut(self, ground: Ground) -> None:
        """The shrinker may drop any root selection: fragments and variables that fall away go with it."""
        for number in range(40):
            made = grown(ground, 7, number)
            selections = made.operation.selections
            while len(selections) > 1:
                selections.pop(0)

                assert [] == validate(ground.exchange.schema, parse(made.document.text()))


def _bodies(made: Made) -> list[list[Selection]]:
    document = made.document
    return [each.selections for each in document.operations] + [each.selections for each in document.fragments.values()]


def fields_of(ground: Ground, name: str) -> dict[str, GraphQLField]:
    kind = ground.exchange.schema.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return dict(kind.fields)


class TestScope:
    def test_one_key_has_one_field_on_one_type(self, ground: Ground) -> None:
        """Two fields that could both apply may not share a key, nor one field with two sets of arguments."""
        fields = fields_of(ground, "CreditSubject")
        name = entry_of("CreditSubject", "name", {}, fields["name"].type, is_object=True)
        status = entry_of("CreditSubject", "status", {}, fields["status"].type, is_object=True)
        lists = [
            entry_of("CreditSubject", "records", {"first": first}, fields["records"].type, is_object=True)
            for first in (1, 2)
        ]
        scope = Scope()
        scope.put("a", name)
        scope.put("b", lists[0])

        assert scope.takes("a", name)
        assert not scope.takes("a", status)
        assert not scope.takes("b", lists[1])

    def test_types_that_exclude_each_other_share_a_key_of_one_shape(self, ground: Ground) -> None:
        """A penalty's text and a grade's may stand under one key; a text and a list of texts may not."""
        facts = entry_of("Penalty", "facts", {}, fields_of(ground, "Penalty")["facts"].type, is_object=True)
        kinds = entry_of(
            "Penalty", "penaltyKinds", {}, fields_of(ground, "Penalty")["penaltyKinds"].type, is_object=True
        )
        grade = entry_of("Grade", "grade", {}, fields_of(ground, "Grade")["grade"].type, is_object=True)
        scope = Scope()
        scope.put("a", grade)

        assert scope.takes("a", facts)
        assert not scope.takes("a", kinds)

    def test_a_fragment_that_does_not_fit_is_not_merged(self, ground: Ground) -> None:
        """What a fragment puts under a key counts where it is spread."""
        fields = fields_of(ground, "Me")
        entries = [entry_of("Me", name, {}, fields[name].type, is_object=True) for name in ("actor", "ceiling")]
        place, fragment = Scope(), Scope()
        place.put("a", entries[0])
        fragment.put("a", entries[1])

        assert not place.takes_all(fragment)
        assert all(one != other for one, other in pairwise(entries))
