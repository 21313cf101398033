"""The plan: what a document is compiled to before anything is fetched."""

from dataclasses import replace

import pytest
from graphql import GraphQLError, GraphQLField, GraphQLObjectType, GraphQLString, SelectionSetNode, parse

from schema.catalogue.model import Category, Mask
from schema.plan.arguments import NO_VARIABLES
from schema.plan.compile import CONDITIONS_MAX, blueprint_of
from schema.plan.decider import Decider
from schema.plan.errors import DeniedReferenceError, UnknownCoordinateError
from schema.policy.model import ActorKind, Clear, Denied, Masked
from tests.schema.render.stage import open_to_all
from tests.support.people import GROUP, TENDER, standing
from tests.support.worlds import SUBJECT, World

PUBLIC = standing()
PENALTIES_BUT_C05 = frozenset({Category.C06, Category.C07, Category.C08})
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

    def test_selection_that_two_ways_lead_to_is_walked_once(self, world):
        document = f'{{ a: subject(code: "{SUBJECT}") {{ ...f }} b: subject(code: "{SUBJECT}") {{ ...f }} }}'

        plan = world.plan(PUBLIC, document + " fragment f on CreditSubject { records { nodes { id } } }")

        assert (1, 2) == (plan.lists, len(plan.roots))

    def test_selections_that_a_document_shares_are_entered_once(self, world):
        """A document that was put together, not parsed, may hold one selection set twice."""
        document = parse(f'{{ a: subject(code: "{SUBJECT}") {{ name }} b: subject(code: "{SUBJECT}") {{ code }} }}')
        one, other = document.definitions[0].selection_set.selections
        roots = SelectionSetNode(selections=(one, replace(other, selection_set=one.selection_set)))
        operation = replace(document.definitions[0], selection_set=roots)

        uses = unchecked(world, replace(document, definitions=(operation,))).uses
        assert ["CreditSubject.name"] == [use.coordinate for use in uses]

    def test_field_on_a_union_is_no_field(self, world):
        """Validation refuses it; the walk does not rely on that."""
        blueprint = unchecked(world, parse("{ _entities(representations: []) { code name } }"))

        assert ((), ()) == (blueprint.uses, blueprint.lists)


def unchecked(world, document):
    """The blueprint of a document that nobody validated."""
    decider = Decider(world.ground.policy, PUBLIC, world.ground.table)
    return blueprint_of(world.ground.exchange.schema, document, document.definitions[0], NO_VARIABLES, decider)


class TestRoots:
    @pytest.mark.parametrize(
        ("document", "guarded"),
        [
            ("{ me { actor } sources { id } _service { sdl } __typename }", False),
            (f'{{ subject(code: "{SUBJECT}") {{ code }} }}', True),
            ("{ subjects(codes: []) { code } }", True),
            ('{ node(id: "x") { id } }', True),
            ("{ _entities(representations: []) { __typename } }", True),
            ('{ searchSubjects(name: "x") { nodes { code } } }', True),
        ],
    )
    def test_answers_that_touch_a_subject_are_attested(self, world, document, guarded):
        assert guarded is world.plan(PUBLIC, document).is_guarded

    def test_node_may_be_of_any_kind(self, world):
        assert {"Registration", "Penalty", "Licence"} <= world.plan(PUBLIC, '{ node(id: "x") { id } }').kinds

    def test_roots_are_called_in_the_order_of_the_document(self, world):
        plan = world.plan(
            PUBLIC, f'{{ b: me {{ actor }} a: subject(code: "{SUBJECT}") {{ code }} b: me {{ partner }} }}'
        )

        assert [("b", "me"), ("a", "subject")] == [(call.key, call.name) for call in plan.roots]
        assert {"code": SUBJECT} == plan.roots[1].arguments

    def test_operation_without_a_root_type_is_unknown(self, world):
        with pytest.raises(UnknownCoordinateError, match="mutation"):
            unchecked(world, parse("mutation { x }"))


class TestSettled:
    """A blueprint that is kept works out ahead what no variable changes."""

    def blueprint(self, world, document, variables=None, who=PUBLIC):
        ground = world.ground
        prepared = ground.documents.prepare(document, None, variables or {})
        decider = Decider(ground.policy, who, ground.table)
        made = blueprint_of(
            ground.exchange.schema, prepared.document, prepared.operation, prepared.variables, decider
        )  # fmt: skip
        return made, prepared.variables

    @pytest.mark.parametrize(
        "document",
        [
            records("id ... on Penalty { facts }"),
            records("id", "(kinds: [PENALTY, SUPPLIER_SANCTION])"),
            subject("a: records(kinds: [GRADE]) { totalCount } b: records(kinds: [LICENCE]) { totalCount } name"),
            records("id", '(where: {fields: [{field: PENALTY_DOCUMENT_NO, equals: "D"}]})'),
            "{ me { actor } }",
        ],
    )
    def test_settled_one_binds_to_the_same_plan(self, world, document):
        blueprint, variables = self.blueprint(world, document)

        settled = blueprint.settled()
        assert settled.constant is not None
        assert blueprint.bind(variables) == settled.bind(variables)

    def test_list_by_a_variable_is_worked_out_per_question(self, world):
        document = f"query($k: [RecordKind!]) {records('id', '(kinds: $k)')}"
        blueprint, first = self.blueprint(world, document, {"k": ["PENALTY"]})
        second = self.blueprint(world, document, {"k": ["GRADE"]})[1]

        settled = blueprint.settled()
        assert [{"Penalty"}, {"Grade"}] == [settled.bind(values).kinds for values in (first, second)]

    def test_refusal_is_left_to_the_question(self, world):
        document = records("id", '(where: {fields: [{field: SUPPLIER_SANCTION_SANCTION_NO, equals: "S"}]})')
        blueprint, variables = self.blueprint(world, document)

        with pytest.raises(DeniedReferenceError):
            blueprint.settled().bind(variables)

    def test_masked_coordinate_may_not_be_referenced_either(self, world, ground):
        """An order by what is shown as a month would tell the day inside its month."""
        world = World(open_to_all(ground, {Category.C05: frozenset({Mask.M5})}, hidden=PENALTIES_BUT_C05))
        document = records("id", "(orderBy: {field: PENALTY_DECIDED_ON})")
        blueprint, variables = self.blueprint(world, document)

        with pytest.raises(DeniedReferenceError, match=r"Penalty\.decidedOn.*C05\.PU"):
            blueprint.bind(variables)


class TestWhatIsReferredTo:
    @pytest.mark.parametrize(
        "arguments",
        ["(where: null)", "(where: {})", "(where: {fields: null})", "(where: {fields: []})",
         "(orderBy: {direction: ASC})", "(orderBy: {field: null})", "(orderBy: null)"],
    )  # fmt: skip
    def test_arguments_that_name_no_coordinate_refer_to_none(self, world, arguments):
        assert {} == world.plan(PUBLIC, records("id", arguments)).fields

    def test_what_is_referred_to_is_fetched(self, world):
        arguments = (
            '(where: {fields: [{field: PENALTY_DOCUMENT_NO, equals: "D"}]}, orderBy: {field: PENALTY_DECIDED_ON})'
        )

        assert {"Penalty": ("decided_on", "document_no")} == world.plan(PUBLIC, records("id", arguments)).fields

    @pytest.mark.parametrize("arguments", ["where: $w", "where: $w, orderBy: {field: PENALTY_DECIDED_ON}"])
    def test_filter_of_more_than_fifty_conditions_is_refused(self, world, arguments):
        document = f"query($w: RecordFilter) {records('id', f'({arguments})')}"
        most = [{"field": "PENALTY_DOCUMENT_NO", "equals": "D"}] * CONDITIONS_MAX

        assert "Penalty" in world.plan(PUBLIC, document, {"w": {"fields": most}}).fields
        with pytest.raises(GraphQLError, match="at most 50 conditions, got 51"):
            world.plan(PUBLIC, document, {"w": {"fields": [*most, most[0]]}})

    def test_filter_that_many_lists_share_is_read_once_and_every_order_of_theirs(self, world):
        document = "query($w: RecordFilter) " + subject(
            "a: records(where: $w) { totalCount }"
            " b: records(where: $w, orderBy: {field: PENALTY_DECIDED_ON}) { totalCount }"
        )
        where = {"fields": [{"field": "PENALTY_DOCUMENT_NO", "equals": "D"}]}

        assert {"Penalty": ("decided_on", "document_no")} == world.plan(PUBLIC, document, {"w": where}).fields

    def test_denied_order_is_refused_although_the_filter_beside_it_was_read_before(self, world):
        document = "query($w: RecordFilter) " + subject(
            "a: records(where: $w) { totalCount }"
            " b: records(where: $w, orderBy: {field: SUPPLIER_SANCTION_STARTS_ON}) { totalCount }"
        )
        where = {"fields": [{"field": "PENALTY_DOCUMENT_NO", "equals": "D"}]}
        with pytest.raises(DeniedReferenceError) as refusal:
            world.plan(PUBLIC, document, {"w": where})

        assert "SupplierSanction.startsOn" == refusal.value.coordinate
