"""The shrinker is held to its promises on differences that are made up: what stays is small and still differs."""

from collections import Counter
from dataclasses import replace

import pytest
from graphql import parse, validate

from tests.equality.compare import difference, fault_of
from tests.equality.documents import Grower, Map
from tests.equality.pools import WorldPools
from tests.equality.road import CompiledSide, HandedOver, Question, ReferenceSide, Told
from tests.equality.runs import Difference
from tests.equality.shrink import Case, case_of, cut_place, explained, shrunk, told_apart
from tests.equality.tree import plain
from tests.equality.worlds import build_place, dice_of
from tests.support.worlds import Ground

ANSWER = Told(plain=b'{"a":1}', canonical=b'{"a":1}', served=frozenset({"Penalty.facts"}))


def found(ground: Ground, place_seed: int, number: int) -> Difference:
    place = build_place(ground, place_seed)
    pools = WorldPools(place)
    made = Grower(Map(ground.exchange.schema), pools, dice_of("shrink", place_seed, number), Counter()).grow()
    variables = {name: plain(value) for name, value in made.draw().items()}
    question = Question(text=made.document.text(), operation_name=made.operation_name, variables=variables)
    return Difference(place=place, asker=place.askers[0], made=made, question=question, told="data at byte 0: made up")


class TestShrunk:
    def test_only_what_the_difference_needs_stays(self, ground: Ground) -> None:
        """Of a large document that differs wherever `holdings` is selected, little more than `holdings` is left."""
        case = next(
            case for number in range(50) if "holdings" in (case := case_of(found(ground, 1, number))).document.text()
        )

        def still(smaller: Case) -> bool:
            return "holdings" in smaller.document.text()

        small = shrunk(case, still)

        assert still(small)
        assert len(small.document.text()) < 250
        assert [] == validate(ground.exchange.schema, parse(small.document.text()))
        assert not small.variables
        assert not small.place.live
        assert all(not dossier.records for dossier in small.place.dossiers.values())

    def test_records_that_the_difference_needs_stay(self, ground: Ground) -> None:
        """A difference that one record makes keeps that record, and no other."""
        case = case_of(found(ground, 2, 0))
        code, dossier = max(case.place.dossiers.items(), key=lambda pair: len(pair[1].records))
        wanted = dossier.records[-1].key

        def still(smaller: Case) -> bool:
            held = smaller.place.dossiers.get(code)
            return held is not None and any(record.key == wanted for record in held.records)

        small = shrunk(case, still)

        assert {code: [wanted]} == {
            name: [record.key for record in held.records] for name, held in small.place.dossiers.items()
        }

    def test_cut_that_breaks_is_no_cut(self, ground: Ground) -> None:
        """If asking the smaller question fails for another reason, the larger one is kept."""
        case = case_of(found(ground, 3, 0))

        def still(smaller: Case) -> bool:
            raise ValueError("something else")

        assert case is shrunk(case, still)


class TestExplained:
    def test_difference_is_told_with_a_test_to_keep(self, ground: Ground) -> None:
        """A report names the world and holds a test that builds the same world and asks the same question."""
        told = explained(found(ground, 4, 0))

        assert "world 4" in told
        assert "def test_world_4_is_answered_alike" in told
        assert "told_apart(place, place.askers[0], question)" in told

    def test_kept_world_holds_only_the_records_named(self, ground: Ground) -> None:
        """A kept test runs on the cut world: it stays small when the generator is enlarged."""
        place = build_place(ground, 5)
        code = next(code for code, dossier in place.dossiers.items() if dossier.records)
        key = place.dossiers[code].records[0].key

        cut = cut_place(place, keep={code: [key]}, live=False)

        assert {code: [key]} == {name: [each.key for each in held.records] for name, held in cut.dossiers.items()}
        assert not cut.live


class TestDifference:
    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"plain": b'{"a":2}'}, "data"),
            ({"plain": b'{"a":1 }'}, "data"),
            ({"canonical": b"{}"}, "canonical"),
            ({"errors": [{"message": "x", "extensions": {"code": "BAD_USER_INPUT"}}]}, "errors"),
            ({"served": frozenset()}, "served"),
            ({"masked": {"Penalty.facts": "m4"}}, "masked"),
            ({"denied": {"Penalty.facts": 1}}, "denied"),
            ({"refusal": "BadInputError"}, "refusal"),
        ],
    )
    def test_nothing_that_is_promised_may_differ(self, changed: dict[str, object], named: str) -> None:
        """Bytes, canonical bytes, errors, and every word for the log: a change in any one is a difference."""
        told = difference(ANSWER, replace(ANSWER, **changed))  # type: ignore[arg-type]  # one field each

        assert told is not None
        assert told.startswith(named)

    def test_errors_count_each(self) -> None:
        """Two equal errors are not one, and a path's indexes tell places apart."""
        error = {"message": "x", "path": ["a", 0], "extensions": {"code": "BAD_USER_INPUT"}}
        other = {**error, "path": ["a", 1]}

        assert difference(replace(ANSWER, errors=[error, error]), replace(ANSWER, errors=[error])) is not None
        assert difference(replace(ANSWER, errors=[error]), replace(ANSWER, errors=[other])) is not None
        assert difference(replace(ANSWER, errors=[error, other]), replace(ANSWER, errors=[other, error])) is None

    def test_answer_alike_is_no_difference(self) -> None:
        assert difference(ANSWER, ANSWER) is None

    def test_fault_of_ours_is_told_though_both_sides_agree(self) -> None:
        """An exception inside the reference executor is no answer to agree on, unless the world was made odd."""
        faulty = replace(ANSWER, faults=("KeyError",))

        assert fault_of(faulty, is_odd=False) is not None
        assert fault_of(faulty, is_odd=True) is None
        assert fault_of(replace(ANSWER, canonical=b"{}"), is_odd=True) is not None


class TestToldApart:
    def test_introspection_is_handed_over(self, ground: Ground) -> None:
        """What the compiled executor does not serve is no difference."""
        place = build_place(ground, 6)
        question = Question(text="{ __schema { queryType { name } } }", operation_name=None, variables={})

        assert isinstance(CompiledSide(place).ask(place.askers[0], question), HandedOver)
        assert told_apart(place, place.askers[0], question) is None

    def test_both_sides_refuse_alike(self, ground: Ground) -> None:
        """A cursor that no search gave refuses the operation on either side."""
        place = build_place(ground, 6)
        question = Question(
            text='{ searchSubjects(name: "x", after: "AAAA") { __typename } }', operation_name=None, variables={}
        )

        assert "BadInputError" == ReferenceSide(place).ask(place.askers[0], question).refusal
        assert told_apart(place, place.askers[0], question) is None
