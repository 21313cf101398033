"""The cost of a question: predicted from the document alone, before anything is fetched."""

import pytest
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    get_named_type,
    is_composite_type,
    parse,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.language import Visitor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.catalogue import KINDS
from schema.plan.cost import BYTES_MAX, COMPARISONS_MAX, ROWS_MAX, CostError, Estimate, check, estimate, quote_of
from schema.plan.sizes import Profile

THIN = Profile(records={"Licence": 2, "Penalty": 0.5, "Registration": 1, "Grade": 0}, holdings=2)
CODES = {"c": ["A", "B", "C"]}
WIDEST = 12
"""A selection is looked at once per type it can stand on: nine kinds, their interface's place, the subject."""


@pytest.fixture
def cost(ground):
    def predict(document, variables=None, profile=THIN):
        prepared = ground.documents.prepare(document, None, variables or {})
        return estimate(ground.exchange.schema, prepared.document, prepared.operation, prepared.variables, profile)

    return predict


@pytest.fixture
def quote(ground):
    def make(document, variables=None, profile=THIN):
        prepared = ground.documents.prepare(document, None, variables or {})
        made = quote_of(ground.exchange.schema, prepared.document, prepared.operation, prepared.variables, profile)
        return made, prepared

    return make


@pytest.fixture
def full_profile(ground):
    types = ground.exchange.schema.type_map

    def fields(kind, without=()):
        chosen = [(name, get_named_type(each.type)) for name, each in types[kind].fields.items() if name not in without]
        return " ".join(f"{name} {{ {fields(of.name)} }}" if is_composite_type(of) else name for name, of in chosen)

    common = types["CreditRecord"].fields
    own = " ".join(f"... on {kind} {{ {fields(kind, common)} }}" for kind in KINDS)
    page = f"records(first: 200) {{ totalCount pageInfo {{ endCursor }} nodes {{ {fields('CreditRecord')} {own} }} }}"
    return f"{{ {fields('CreditSubject', ('records',))} {page} }}"


def subject(selection):
    return f'{{ subject(code: "A") {{ {selection} }} }}'


def subjects(selection, more=""):
    return f"query($c: [ID!]!{more}) {{ subjects(codes: $c) {{ {selection} }} }}"


class TestRows:
    def test_subjects_are_counted_by_mention(self, cost):
        assert (3, 3) == (cost(subjects("name"), CODES).rows, cost(subjects("name"), CODES).subjects)

    def test_one_code_is_a_list_of_one(self, cost):
        assert 1 == cost(subjects("name"), {"c": "A"}).rows

    def test_references_count_as_they_come(self, cost):
        document = "query($r: [_Any!]!) { _entities(representations: $r) { ... on CreditSubject { name } } }"

        assert 2 == cost(document, {"r": [{"__typename": "CreditSubject", "code": "A"}, 1]}).subjects

    def test_records_are_those_expected_of_a_subject(self, cost):
        rows = cost(subject("records { nodes { id } }")).rows

        # The subject, the page, two licences, a registration, half a penalty; one each of the kinds not told of.
        assert 2 + 4 + 5 == rows

    @pytest.mark.parametrize(
        ("arguments", "records"),
        [
            ("(kinds: [LICENCE])", 2),
            ("(kinds: [LICENCE, REGISTRATION])", 3),
            ("(kinds: [GRADE])", 0),
            ("(kinds: [])", 0),
            ("(first: 1)", 1),
            ("(first: 0)", 0),
            ("(first: -7)", 0),
            ("(first: 2000000000, kinds: [LICENCE])", 2),
            ('(where: {fields: [{field: LICENCE_LICENCE_NO, equals: "L"}]})', 2),
            ('(kinds: [GRADE], where: {fields: [{field: LICENCE_LICENCE_NO, equals: "L"}]})', 0),
            ('(where: {fields: [{field: LICENCE_STATE}, {field: PENALTY_DOCUMENT_NO, equals: "D"}]})', 0),
            ("(where: {fields: []}, kinds: [LICENCE])", 2),
            ('(where: {dayFrom: "2026-01-01"}, kinds: [LICENCE])', 2),
        ],
    )
    def test_arguments_bound_the_list(self, cost, arguments, records):
        assert 2 + records == cost(subject(f"records{arguments} {{ nodes {{ id }} }}")).rows

    def test_edges_hold_a_node_each(self, cost):
        assert 2 + 4 == cost(subject("records(kinds: [LICENCE]) { edges { cursor node { id } } }")).rows
        assert 2 + 2 == cost(subject("records(kinds: [LICENCE]) { edges { cursor } }")).rows

    def test_only_the_kinds_asked_for_weigh(self, cost):
        asked = "{ nodes { ... on Penalty { provenance { source } } } }"

        assert cost(subject(f"records(kinds: [LICENCE]) {asked}")).rows + 2 == (
            cost(subject(f"records(kinds: [LICENCE, PENALTY]) {asked}")).rows + 1
        )

    def test_lists_of_a_subject_are_those_of_the_profile(self, cost):
        assert 1 + 2 == cost(subject("holdings { kind }")).rows
        assert 1 + 1 == cost(subject("timeline { event }")).rows
        assert 1 + 1 == cost(subject("formerNames { name }")).rows

    @pytest.mark.parametrize(("first", "found"), [(50, 50), (0, 0), (-3, 0), (2_000_000_000, 200)])
    def test_search_finds_what_it_may(self, cost, first, found):
        document = f'{{ searchSubjects(name: "x", first: {first}) {{ nodes {{ name }} pageInfo {{ endCursor }} }} }}'

        assert (2 + found, found) == (cost(document).rows, cost(document).subjects)

    def test_edges_of_a_search_hold_a_subject_each(self, cost):
        document = '{ searchSubjects(name: "x", first: 5) { edges { matchedBy node { name } } } }'

        assert 1 + 10 == cost(document).rows

    def test_node_costs_what_its_dearest_type_does(self, cost):
        narrow = cost('{ node(id: "x") { id } }')
        wide = cost('{ node(id: "x") { id ... on CreditSubject { records { nodes { id } } } } }')

        assert (1, 1) == (narrow.rows, narrow.subjects)
        assert wide.rows > 5

    def test_sources_and_the_asker_are_no_subjects(self, cost):
        told = cost("{ sources { id } me { actor } __typename }")

        assert (6, 0) == (told.rows, told.subjects)


class TestBytes:
    def test_keys_weigh_with_their_values(self, cost):
        short, long = cost(subject("name")), cost(subject("aVeryLongAliasOfName: name"))

        assert short.bytes + len("aVeryLongAliasOfName") - len("name") == long.bytes

    def test_sdl_weighs_what_the_profile_says(self, cost):
        assert cost("{ _service { sdl } }", profile=Profile(sdl_bytes=7_000)).bytes in range(7_000, 7_050)

    def test_same_key_is_one_field(self, cost):
        once = cost(subject("name records { nodes { id kind } }"))

        assert once == cost(subject("name name records { nodes { id } } records { nodes { kind id } } ... { name }"))

    def test_fragment_spread_once_is_as_good_as_written_there(self, cost):
        written = cost(subject("name records { nodes { id kind } }"))
        spread = subject("...a ...b ...c") + (
            "fragment a on CreditSubject { name records { nodes { id } } }"
            " fragment b on CreditSubject { records { nodes { kind } } } fragment c on Node { ...d }"
            " fragment d on Penalty { facts }"
        )

        assert written == cost(spread)

    def test_fragment_spread_often_is_counted_where_it_is_spread(self, cost):
        document = "{ a: me { ...f } b: me { ...f ...f } } fragment f on Me { actor }"

        assert cost("{ a: me { actor } b: me { actor } }") == cost(document)

    def test_fragment_of_the_root_is_spread_once(self, cost):
        document = "{ ...f ...g } fragment f on Query { ...g me { actor } } fragment g on Query { me { purpose } }"

        assert cost("{ me { actor purpose } }") == cost(document)

    def test_typename_weighs_its_own_length(self, cost):
        assert 2 + len('"__typename":"Query",') == cost("{ __typename }").bytes

    def test_questions_about_the_schema_cost_too(self, cost):
        one = cost("{ __schema { types { name fields { name } } } }")
        many = cost("{ __schema { types { name " + " ".join(f"a{n}: fields {{ name }}" for n in range(50)) + "} } }")
        named = cost('{ __type(name: "Penalty") { fields { name } } }')

        assert many.rows > 40 * one.rows // 2
        assert 45 <= named.rows < 100

    def test_full_profiles_of_1000_subjects_pass(self, cost, full_profile):
        document = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on CreditSubject {full_profile} }} }}"
        whole = cost(document, {"r": [{"__typename": "CreditSubject", "code": "A"}] * 1_000}, Profile())

        check(whole, ROWS_MAX, BYTES_MAX)
        assert 7_000 < whole.bytes / 1_000 < 10_000
        assert 1_000 == whole.subjects


class TestComparisons:
    def test_every_record_of_a_subject_is_held_against_every_condition(self, cost):
        plain = cost(subject("records { totalCount }")).comparisons
        where = "(where: {fields: [{field: LICENCE_STATE}, {field: LICENCE_STATE}]})"
        filtered = cost(subject(f"records{where} {{ totalCount }}")).comparisons

        assert 3 * plain == filtered > 0

    def test_one_variable_may_filter_many_lists(self, cost):
        lists = "a: records(where: $w) { totalCount } b: records(where: $w) { totalCount }"
        document = f"query($w: RecordFilter) {subject(lists)}"
        plain = cost(subject("records { totalCount }")).comparisons

        assert 2 * 10 * plain == cost(document, {"w": {"fields": [{"field": "LICENCE_STATE"}] * 9}}).comparisons

    def test_many_conditions_on_many_lists_are_too_many(self, cost):
        where = {"fields": [{"field": "LICENCE_STATE", "equals": "1"}] * 900}
        told = cost(subjects("records(where: $w) { totalCount }", ", $w: RecordFilter"), {"c": ["A"] * 250, "w": where})

        with pytest.raises(CostError) as refusal:
            check(told, ROWS_MAX, BYTES_MAX)
        assert "comparisons" == refusal.value.exceeded


class TestDirectives:
    @pytest.mark.parametrize("directive", ["@skip(if: $v)", "@include(if: $w)"])
    @pytest.mark.parametrize("place", ["status %s", "... %s { status }", "...f %s"])
    def test_what_is_left_out_costs_nothing(self, cost, directive, place):
        selection = f"name {place % directive}"
        selection += " x: name @skip(if: $v) y: name @include(if: $w)"
        document = f"query($v: Boolean!, $w: Boolean!) {subject(selection)}"
        if "...f" in place:
            document += " fragment f on CreditSubject { status }"

        assert cost(subject("name")) == cost(document, {"v": True, "w": False})
        assert cost(subject("name status x: name y: name")) == cost(document, {"v": False, "w": True})

    def test_what_is_skipped_is_not_asked_whether_it_is_included(self, cost):
        document = "query($w: Boolean = true) " + subject("name status @include(if: $w) @skip(if: true)")

        assert cost(subject("name")) == cost(document, {"w": None})

    def test_variable_that_is_null_where_none_may_be_is_the_askers_fault(self, cost):
        document = "query($n: Int = 5) " + subject("records(first: $n) { totalCount }")

        with pytest.raises(GraphQLError):
            cost(document, {"n": None})


class TestOnlyValidQueries:
    @pytest.mark.parametrize("document", ["mutation { a }", "{ stray }", "{ me { stray } }"])
    def test_what_was_not_validated_is_not_priced(self, ground, document):
        parsed = parse(document)

        with pytest.raises(LookupError):
            estimate(ground.exchange.schema, parsed, parsed.definitions[0], VariableValues({}, {}), THIN)


class TestQuotes:
    def test_quote_is_kept_for_other_subjects(self, cost, quote):
        document = subjects("name records { nodes { id } }")
        made, _ = quote(document, CODES)

        for codes in ([], ["A"], ["A"] * 400):
            assert cost(document, {"c": codes}) == made.estimate({"subjects": {"codes": codes}})

    def test_quote_names_the_variables_it_was_read_from(self, quote):
        document = subjects(
            "a: name @skip(if: $s) records(first: $n, kinds: [$k], where: {fields: [{field: PENALTY_DOCUMENT_NO,"
            " equals: $t}]}) { totalCount }",
            ", $s: Boolean!, $n: Int!, $k: RecordKind!, $t: String",
        )
        made, _ = quote(document, {**CODES, "s": False, "n": 3, "k": "PENALTY", "t": "D"})

        assert {"s", "n", "k", "t"} == made.depends

    def test_root_without_arguments_has_no_items(self, quote):
        made, _ = quote(subjects("name"), CODES)

        assert 0 == made.estimate({}).subjects
        assert 0 == quote('{ searchSubjects(name: "x") { nodes { id } } }')[0].estimate({}).subjects


class TestCheck:
    COST = Estimate(rows=10, bytes=100, subjects=1, comparisons=5)

    def test_cost_at_its_limits_passes(self):
        assert check(self.COST, 10, 100, 5) is None

    @pytest.mark.parametrize(
        ("limits", "exceeded"), [((9, 100, 5), "rows"), ((10, 99, 5), "bytes"), ((10, 100, 4), "comparisons")]
    )
    def test_cost_above_a_limit_is_refused_with_both_numbers(self, limits, exceeded):
        with pytest.raises(CostError, match=exceeded) as refusal:
            check(self.COST, *limits)

        assert (self.COST, exceeded) == (refusal.value.estimate, refusal.value.exceeded)
        assert dict(zip(("rowsMax", "bytesMax", "comparisonsMax"), limits, strict=True)) == refusal.value.limits


class TestBombs:
    def test_bomb_is_priced_exactly_and_in_few_steps(self, quote):
        """
        Two fragments that each spread two others predict 2 to the power of their depth; it costs some hundred steps.
        """
        layers = 30
        document = subject("...a0 ...b0") + "".join(
            f" fragment {name}{n} on CreditSubject {{ ...a{n + 1} ...b{n + 1} }}"
            for n in range(layers)
            for name in "ab"
        )
        document += f" fragment a{layers} on CreditSubject {{ x }} fragment b{layers} on CreditSubject {{ x }}".replace(
            "x", "name"
        )
        made, _ = quote(document)
        told = made.estimate({"subject": {}})

        assert 2 ** (layers + 1) * len('"name":') < told.bytes < 2 ** (layers + 7)
        assert made.steps < 10 * layers
        with pytest.raises(CostError):
            check(told, ROWS_MAX, BYTES_MAX, COMPARISONS_MAX)


LEAVES = ("id", "code", "name", "status", "region")
RECORD_LEAVES = ("id", "kind", "day", "severity")
ITEMS = st.lists(
    st.one_of(
        st.sampled_from(RECORD_LEAVES),
        st.sampled_from(RECORD_LEAVES).map(lambda name: f"x_{name}: {name}"),
        st.sampled_from(("Penalty", "Licence", "Grade"))
        .map(lambda kind: f"... on {kind} {{ documentTitle }}")
        .filter(lambda text: "Licence" in text),
        st.just("... on Penalty { facts fineAmount }"),
        st.just("provenance { source batch }"),
        st.just("...r"),
    ),
    min_size=1,
    max_size=6,
).map(" ".join)
LISTS = st.builds(
    lambda first, items, shape: (
        f"l{first}: records(first: {first}) {{ totalCount "
        + (f"nodes {{ {items} }} }}" if shape else f"edges {{ node {{ {items} }} }} }}")
    ),
    st.integers(1, 9),
    ITEMS,
    st.booleans(),
)
SELECTIONS = st.lists(
    st.one_of(
        st.sampled_from(LEAVES),
        LISTS,
        st.just("holdings { kind }"),
        st.just("...s"),
        LISTS.map(lambda text: f"... on CreditSubject {{ {text} }}"),
        st.just("registration { name address }"),
    ),
    min_size=1,
    max_size=8,
)
FRAGMENTS = (
    " fragment s on CreditSubject { name l1: records(first: 1) { nodes { ...r } } }"
    " fragment r on CreditRecord { id provenance { source } ... on Penalty { facts } }"
    ' query unused { me { actor } subject(code: "A") { ...s records { nodes { ...r } } } }'
)
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.fixture
def priced(ground):
    def make(selections):
        document = "query q " + subject(" ".join(selections)) + FRAGMENTS
        prepared = ground.documents.prepare(document, "q", {})
        made = quote_of(ground.exchange.schema, prepared.document, prepared.operation, prepared.variables, THIN)
        return made, made.estimate({"subject": {}}), prepared

    return make


class TestForEveryDocument:
    @RELAXED
    @given(SELECTIONS)
    def test_work_is_linear_in_the_document(self, priced, selections):
        made, _, prepared = priced(selections)

        assert made.steps <= WIDEST * selections_of(prepared.document)

    @RELAXED
    @given(SELECTIONS, SELECTIONS)
    def test_adding_a_selection_never_makes_it_cheaper(self, priced, selections, more):
        _, less, _ = priced(selections)
        _, all_of_it, _ = priced([*selections, *more])

        assert less.rows <= all_of_it.rows
        assert less.bytes <= all_of_it.bytes
        assert less.comparisons <= all_of_it.comparisons

    @RELAXED
    @given(SELECTIONS, st.integers(2, 9))
    def test_aliases_multiply(self, cost, selections, times):
        one = f'subject(code: "A") {{ {" ".join(selections)} }}'
        one = without_fragments(one)
        once = cost(f"{{ a0: {one} }}")
        often = cost("{ " + " ".join(f"a{n}: {one}" for n in range(times)) + " }")

        assert times * once.rows == often.rows
        assert times * (once.bytes - 2) == often.bytes - 2
        assert times * once.comparisons == often.comparisons

    @RELAXED
    @given(SELECTIONS, SELECTIONS)
    def test_skipped_is_as_good_as_not_written(self, priced, selections, more):
        # Without named fragments: what is skipped still tells which of them are spread at several places.
        plain = [without_fragments(each) for each in selections]
        skipped = f"... @skip(if: true) {{ {without_fragments(' '.join(more))} }}"

        assert priced(plain)[1] == priced([*plain, skipped])[1]


def without_fragments(text):
    return text.replace("...s", "name").replace("...r", "id")


def selections_of(document):
    class Counting(Visitor):
        count = 0

        def enter(self, node, *_):
            self.count += isinstance(node, FieldNode | InlineFragmentNode | FragmentSpreadNode)

    counting = Counting()
    visit(document, counting)
    return counting.count
