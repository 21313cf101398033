"""Arguments: what is constant is read once, what variables say is read per question."""

import pytest
from graphql import GraphQLError, parse
from graphql.execution.values import VariableValues

from schema.plan.arguments import NO_VARIABLES, Arguments, switches_of
from tests.support.worlds import SUBJECT


def arguments(ground, field: str, on: str = "CreditSubject") -> Arguments:
    document = parse(f"{{ {field} }}")
    node = document.definitions[0].selection_set.selections[0]
    return Arguments(ground.exchange.schema.type_map[on].fields[node.name.value], node)


def variables(**values) -> VariableValues:
    return VariableValues(sources={}, coerced=values)


class TestArguments:
    @pytest.mark.parametrize(
        "field",
        [
            "records", "records(first: 3)", "records(kinds: [PENALTY, GRADE])", "records(kinds: [])",
            'records(where: {fields: [{field: PENALTY_DOCUMENT_NO, equals: "D"}]})', "records(where: null)",
        ],
    )  # fmt: skip
    def test_arguments_without_a_variable_are_the_same_object_every_time(self, ground, field):
        found = arguments(ground, field)

        assert found.is_constant
        assert found.values(NO_VARIABLES) is found.values(variables(v=1))

    @pytest.mark.parametrize(
        "field",
        [
            "records(first: $v)", "records(kinds: $v)", "records(kinds: [PENALTY, $v])",
            "records(where: {dayFrom: $v})",
            "records(where: {fields: [{field: PENALTY_DOCUMENT_NO, equals: $v}]})", "records(first: 3, after: $v)",
        ],
    )  # fmt: skip
    def test_variable_at_any_depth_makes_them_depend(self, ground, field):
        assert not arguments(ground, field).is_constant

    def test_defaults_of_the_schema_are_there(self, ground):
        assert 20 == arguments(ground, "records").values(NO_VARIABLES)["first"]

    def test_value_of_the_variable_is_read_per_question(self, ground):
        found = arguments(ground, "records(first: $v)")

        assert (3, 4) == (found.values(variables(v=3))["first"], found.values(variables(v=4))["first"])

    def test_variable_that_was_not_sent_leaves_the_default(self, ground):
        assert 20 == arguments(ground, "records(first: $v)").values(NO_VARIABLES)["first"]

    def test_null_where_none_is_taken_is_an_error(self, ground):
        with pytest.raises(GraphQLError):
            arguments(ground, "records(first: $v)").values(variables(v=None))


class TestSwitches:
    @pytest.mark.parametrize(
        ("document", "expected"),
        [
            ("{ me { actor } }", ()),
            ("{ me @skip(if: true) { actor } }", ()),
            ("query($a: Boolean!) { me @skip(if: $a) { actor } }", ("a",)),
            ("query($a: Boolean!, $b: Boolean!) { me @skip(if: $a) @include(if: $b) { actor @skip(if: $a) } }",
             ("a", "b")),
            ("query($c: ID!) { subject(code: $c) { code } }", ()),
            ("query($a: Boolean!) { ... @include(if: $a) { me { actor } } }", ("a",)),
            ("query($a: Boolean!) { ...f @include(if: $a) } fragment f on Query { me { actor } }", ("a",)),
            ("{ ...f } fragment f on Query { me { actor @skip(if: $a) } }", ("a",)),
            ("query A($a: Boolean!) { me @skip(if: $a) { actor } } query B($b: Boolean!) { me @skip(if: $b) { id } }",
             ("a", "b")),
            ("query($a: Boolean!) { me @other(if: $a) { actor } }", ()),
            ("{ me { actor } } scalar X", ()),
        ],
    )  # fmt: skip
    def test_variables_that_decide_on_selections_are_listed_once(self, document, expected):
        assert expected == switches_of(parse(document))

    def test_deep_ones_are_found(self):
        document = (
            f'query($z: Boolean!) {{ subject(code: "{SUBJECT}") {{ records {{ nodes {{ id @skip(if: $z) }} }} }} }}'
        )

        assert ("z",) == switches_of(parse(document))
