"""The plan: what a document is compiled to before anything is fetched."""

import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLString

from schema.plan.errors import DeniedReferenceError, UnknownCoordinateError
from schema.policy.model import ActorKind, Clear, Denied, Masked
from tests.support.people import GROUP, TENDER, standing
from tests.support.worlds import SUBJECT, World

PUBLIC = standing()
BUYER = standing(ActorKind.GC, purpose="PROCUREMENT_CHECK", context=TENDER, organisation=GROUP)


def uses(plan):
    return {use.coordinate: use for use in plan.uses}


def subject(selection: str) -> str:
    return f'{{ subject(code: "{SUBJECT}") {{ {selection} }} }}'


def records(selection: str, arguments: str = "") -> str:
    return subject(f"records{arguments} {{ nodes {{ {selection} }} }}")


@pytest.fixture
def world(ground):
    return World(ground)


class TestDecisions:
    def test_each_coordinate_is_decided_once_with_its_first_path(self, world):
        plan = world.plan(
            PUBLIC,
            subject(
                "a: name b: name records { nodes { ... on Penalty { facts } }"
                " edges { node { ... on Penalty { facts } } } }"
            ),
        )

        assert ("subject", "a") == uses(plan)["CreditSubject.name"].path
        assert ("subject", "records", "nodes", "@", "facts") == uses(plan)["Penalty.facts"].path
        assert 2 == len(plan.uses)

    def test_public_reads_clear_masked_and_denied(self, world):
        plan = world.plan(PUBLIC, records("... on Penalty { documentNo facts legalRepresentativeIdNo }"))

        assert isinstance(uses(plan)["Penalty.documentNo"].decision, Clear)
        assert isinstance(uses(plan)["Penalty.facts"].decision, Masked)
        assert isinstance(uses(plan)["Penalty.legalRepresentativeIdNo"].decision, Denied)

    def test_interface_fields_that_hold_no_catalogued_value_are_open(self, world):
        plan = world.plan(PUBLIC, records("id kind day severity publicityState provenance { source asOf }"))

        assert () == plan.uses

    def test_field_without_catalogue_entry_stops_the_plan(self, world):
        """
        A field that somebody adds to a guarded type without cataloguing it is not served to anyone.
        """
        penalty = world.ground.exchange.schema.type_map["Penalty"]
        assert isinstance(penalty, GraphQLObjectType)
        penalty.fields["stray"] = GraphQLField(GraphQLString)
        try:
            with pytest.raises(UnknownCoordinateError, match=r"Penalty\.stray"):
                world.plan(PUBLIC, records("... on Penalty { stray }"))
        finally:
            del penalty.fields["stray"]


class TestFetching:
    def test_denied_fields_are_not_fetched(self, world):
        plan = world.plan(PUBLIC, records("... on Penalty { documentNo legalRepresentativeIdNo }"))

        assert {"Penalty": ("document_no",)} == plan.fields

    def test_kinds_nobody_like_this_may_know_of_are_not_fetched(self, world):
        plan = world.plan(PUBLIC, records("id"))

        assert {"SupplierSanction", "Performance", "Arrears"}.isdisjoint(plan.kinds)
        assert {"Registration", "Licence", "Penalty", "ListEntry"} <= plan.kinds

    def test_kinds_argument_narrows_what_is_fetched(self, world):
        plan = world.plan(PUBLIC, records("id", "(kinds: [LICENCE])"))

        assert {"Licence"} == plan.kinds

    def test_kinds_by_variable_narrow_as_well(self, world):
        document = f"query($k: [RecordKind!]) {records('id', '(kinds: $k)')}"

        assert {"Penalty"} == world.plan(PUBLIC, document, {"k": ["PENALTY"]}).kinds

    def test_kind_that_was_denied_is_not_fetched_even_when_named(self, world):
        plan = world.plan(PUBLIC, records("... on SupplierSanction { cause }", "(kinds: [SUPPLIER_SANCTION])"))

        assert frozenset() == plan.kinds
        assert {} == plan.fields

    def test_name_alone_fetches_no_records(self, world):
        assert frozenset() == world.plan(PUBLIC, subject("name")).kinds

    def test_registration_fetches_registrations_only(self, world):
        assert {"Registration"} == world.plan(PUBLIC, subject("registration { name }")).kinds

    def test_holdings_fetch_every_kind_that_may_be_counted(self, world):
        assert "SupplierSanction" in world.plan(BUYER, subject("holdings { kind }")).kinds


class TestDirectives:
    def test_skipped_fields_are_not_planned(self, world):
        document = f"query($yes: Boolean!) {subject('name @skip(if: $yes) status')}"

        assert ["CreditSubject.status"] == [use.coordinate for use in world.plan(PUBLIC, document, {"yes": True}).uses]

    def test_fields_not_included_are_not_planned(self, world):
        document = f"query($no: Boolean!) {subject('... @include(if: $no) { name } status')}"

        assert ["CreditSubject.status"] == [use.coordinate for use in world.plan(PUBLIC, document, {"no": False}).uses]

    def test_fragment_on_interface_reaches_the_objects(self, world):
        document = records("...all") + " fragment all on CreditRecord { id ...deep } fragment deep on Penalty { facts }"

        assert {"Penalty.facts"} == set(uses(world.plan(PUBLIC, document)))


class TestReferences:
    @pytest.mark.parametrize(
        "arguments",
        [
            '(where: {fields: [{field: SUPPLIER_SANCTION_SANCTION_NO, equals: "S"}]})',
            "(orderBy: {field: SUPPLIER_SANCTION_STARTS_ON})",
        ],
    )
    def test_denied_coordinate_in_an_argument_refuses_the_operation(self, world, arguments):
        with pytest.raises(DeniedReferenceError) as refusal:
            world.plan(PUBLIC, records("id", arguments))

        assert refusal.value.coordinate.startswith("SupplierSanction.")
        assert ("subject", "records") == refusal.value.path

    def test_denied_coordinate_by_variable_refuses_as_well(self, world):
        document = f"query($w: RecordFilter) {records('id', '(where: $w)')}"
        where = {"fields": [{"field": "SUPPLIER_SANCTION_SANCTION_NO", "equals": "S"}]}

        with pytest.raises(DeniedReferenceError):
            world.plan(PUBLIC, document, {"w": where})

    def test_readable_coordinate_in_an_argument_passes(self, world):
        arguments = (
            '(where: {fields: [{field: PENALTY_DOCUMENT_NO, equals: "D"}]}, orderBy: {field: PENALTY_DECIDED_ON})'
        )

        assert "Penalty" in world.plan(PUBLIC, records("id", arguments)).kinds


class TestBounds:
    def test_fragment_bomb_is_walked_once(self, world):
        """
        Fragments that spread each other twice double a naive walk's work at each level; ours enters each once.
        """
        layers = 24
        bomb = "".join(
            f"fragment f{n} on CreditSubject {{ ...f{n + 1} ... on CreditSubject {{ ...f{n + 1} }} }} "
            for n in range(layers)
        )
        document = subject("...f0") + bomb + f"fragment f{layers} on CreditSubject {{ name }}"

        assert ["CreditSubject.name"] == [use.coordinate for use in world.plan(PUBLIC, document).uses]
