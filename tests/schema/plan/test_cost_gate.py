"""What a document may not be before it is validated, and that validation itself stays the specification's."""

import pytest
from graphql import parse, specified_rules, validate

from schema.plan.gate import MAX_FRAGMENTS, MAX_OPERATIONS, RULES, find_fault


def operations(count):
    return " ".join(f"query q{number} {{ me {{ actor }} }}" for number in range(count))


def fragments(count):
    return "{ me { ...f0 } } " + " ".join(f"fragment f{number} on Me {{ actor }}" for number in range(count))


class TestFindFault:
    @pytest.mark.parametrize("document", [operations(MAX_OPERATIONS), fragments(MAX_FRAGMENTS)])
    def test_document_at_its_bounds_is_validated(self, document):
        assert find_fault(parse(document)) is None

    @pytest.mark.parametrize(
        ("document", "what"),
        [(operations(MAX_OPERATIONS + 1), "operations"), (fragments(MAX_FRAGMENTS + 1), "fragments")],
    )
    def test_document_above_a_bound_is_told_which_and_where(self, document, what):
        fault = find_fault(parse(document))

        assert what in fault.message
        assert 1 == len(fault.locations)


class TestRules:
    def test_every_rule_of_the_specification_is_kept(self):
        assert len(specified_rules) == len(RULES)
        assert all(any(issubclass(ours, rule) for ours in RULES) for rule in specified_rules)

    @pytest.mark.parametrize(
        "document",
        [
            "{ me { a: actor a: partner } }",
            '{ subject(code: "A") { records(first: 1) { totalCount } records(first: 2) { totalCount } } }',
            "{ me { ...f ...g } } fragment f on Me { a: actor } fragment g on Me { a: partner }",
        ],
    )
    def test_fields_that_cannot_merge_are_refused(self, ground, document):
        [error] = validate(ground.exchange.schema, parse(document), RULES)

        assert "conflict" in error.message

    def test_fullest_document_of_this_schema_is_compared_to_its_end(self, ground):
        """
        Every field of every kind written under each kind, as nodes and as edges: nobody can need more.
        """
        types = ground.exchange.schema.type_map
        plain = [
            f"... on {kind.name} {{ {' '.join(name for name in kind.fields if name != 'provenance')}"
            " provenance { source batch version asOf receivedAt freshness } }"
            for kind in ground.exchange.schema.get_possible_types(types["CreditRecord"])
        ]
        whole = " ".join(plain)
        document = f'{{ subject(code: "A") {{ records {{ nodes {{ {whole} }} edges {{ node {{ {whole} }} }} }} }} }}'

        assert [] == validate(ground.exchange.schema, parse(document), RULES)

    @pytest.mark.parametrize("document", ["{ " + "me { actor } " * 600 + "}", "{ me { " + "actor " * 2_500 + "} }"])
    def test_comparing_ends_at_its_bound(self, ground, document):
        [error] = validate(ground.exchange.schema, parse(document), RULES)

        assert "aborted" in error.message
