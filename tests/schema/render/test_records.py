"""The records of a subject: filtered, sorted, cut into pages, and the same from both executors."""

import pytest

from schema.catalogue import Grade, Licence, Penalty
from schema.policy.model import ActorKind
from schema.records import PublicityState, Severity
from schema.render.runtime import HandOverError
from tests.schema.render.stage import PUBLIC, Stage, nodes, records, subject
from tests.support.people import GROUP, TENDER, standing
from tests.support.worlds import OTHER, SUBJECT, dossier, stored

BUYER = standing(ActorKind.GC, purpose="PROCUREMENT_CHECK", context=TENDER, organisation=GROUP)
SELF = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=SUBJECT)
PENALTIES = tuple(
    stored(
        Penalty(document_no=f"D-{n}", decided_on=f"2026-0{n}-01", fine_amount=f"{n * 7 % 5}.5", penalty_kinds=(kind,)),
        f"k{n}",
        severity=Severity.GENERAL,
        region="510100",
        publicity_to="2027-05-01",
    )
    for n, kind in ((1, "罚款"), (2, "警告"), (3, "罚款"), (4, "罚款"))
)
LICENCE = stored(Licence(document_no="L-1", decided_on="2025-01-01"), "k8")
GRADE = stored(Grade(scheme="CEC", grade="AA", issued_on="2025-03-01"), "k9")


@pytest.fixture
def stage(ground) -> Stage:
    return Stage(ground, {SUBJECT: dossier(*PENALTIES, LICENCE, GRADE), OTHER: dossier(code=OTHER)})


PAGE = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }"


def page(said):
    return said.data["subject"]["records"]


def numbers(said):
    return [node["documentNo"] for node in nodes(said) if "documentNo" in node]


class TestFilters:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ("(kinds: [PENALTY])", ["D-4", "D-3", "D-2", "D-1"]),
            ("(kinds: [LICENCE])", []),
            ("(kinds: [])", []),
            ('(where: {dayFrom: "2026-02-01", dayTo: "2026-03-01"})', ["D-3", "D-2"]),
            ("(where: {severity: [GENERAL]})", ["D-4", "D-3", "D-2", "D-1"]),
            ("(where: {severity: []})", []),
            ("(where: {state: [WITHDRAWN]})", []),
            ('(where: {fields: [{field: PENALTY_DOCUMENT_NO, equals: "D-2"}]})', ["D-2"]),
            ('(where: {fields: [{field: PENALTY_PENALTY_KINDS, equals: "警告"}]})', ["D-2"]),
            ('(where: {fields: [{field: PENALTY_DECIDED_ON, atMost: "2026-02-01"}]})', ["D-2", "D-1"]),
            ("(kinds: [PENALTY], orderBy: {direction: ASC})", ["D-1", "D-2", "D-3", "D-4"]),
            ("(orderBy: {field: PENALTY_DECIDED_ON, direction: ASC}, first: 2)", ["D-1", "D-2"]),
            ("(where: null, orderBy: null, kinds: null, after: null)", ["D-4", "D-3", "D-2", "D-1"]),
        ],
    )
    def test_arguments_say_which_and_in_what_order(self, stage, arguments, expected):
        assert expected == numbers(stage.both(records("... on Penalty { documentNo }", arguments)))

    @pytest.mark.parametrize(("kinds", "count"), [(["PENALTY"], 4), ([], 0), (None, 7), (["GRADE", "LICENCE"], 2)])
    def test_variables_say_which(self, stage, kinds, count):
        document = subject("records(kinds: $k) { totalCount }", head="query($k: [RecordKind!])")

        assert count == page(stage.both(document, k=kinds))["totalCount"]

    def test_variable_that_was_not_sent_is_no_argument(self, stage):
        document = subject(
            "records(kinds: $k, first: $f) { totalCount }", head="query($k: [RecordKind!], $f: Int! = 1)"
        )

        assert 7 == page(stage.both(document))["totalCount"]

    def test_one_code_serves_other_values_of_its_variables(self, stage):
        """What a filter said in one question is not remembered for the next."""
        document = subject("records(where: $w) { totalCount }", head="query($w: RecordFilter)")
        first = stage.code(document, w={"dayFrom": "2026-03-01"})
        second = stage.code(document, w={"dayFrom": "2026-04-01"})

        answers = [first.run(question).data.plain for question in (first, second, first)]
        assert [b'"totalCount":2', b'"totalCount":1', b'"totalCount":2'] == [
            next(part for part in (b'"totalCount":2', b'"totalCount":1') if part in answer) for answer in answers
        ]

    def test_each_selection_has_its_own_list(self, stage):
        said = stage.both(
            subject("a: records(kinds: [GRADE]) { totalCount } b: records(kinds: [PENALTY], first: 1) { totalCount }")
        )

        assert {"a": {"totalCount": 1}, "b": {"totalCount": 4}} == said.data["subject"]

    def test_selection_within_a_fragment_is_the_same_for_every_way_to_it(self, stage):
        document = (
            f'{{ a: subject(code: "{SUBJECT}") {{ ...r }} b: subject(code: "{OTHER}") {{ ...r }} }}'
            " fragment r on CreditSubject { records(first: 1) { totalCount nodes { id } } }"
        )

        said = stage.both(document)

        assert (7, 1) == (said.data["a"]["records"]["totalCount"], said.data["b"]["records"]["totalCount"])


class TestPages:
    @pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 200])
    def test_pages_of_any_size_are_the_whole_list_once(self, stage, size):
        document = subject(f"records(first: $f, after: $a) {{ {PAGE} }}", head="query($f: Int!, $a: String)")
        found, after = [], None
        for _ in range(10):
            shown = page(stage.both(document, f=size, a=after))
            found += [edge["node"]["id"] for edge in shown["edges"]]
            assert (after is not None) is shown["pageInfo"]["hasPreviousPage"]
            after = shown["pageInfo"]["endCursor"]
            if not shown["pageInfo"]["hasNextPage"]:
                break

        assert 7 == shown["totalCount"] == len(found) == len(set(found))

    def test_cursors_of_edges_are_those_of_the_page(self, stage):
        shown = page(stage.both(subject(f"records(first: 3) {{ {PAGE} }}")))

        cursors = [edge["cursor"] for edge in shown["edges"]]
        assert (cursors[0], cursors[-1]) == (shown["pageInfo"]["startCursor"], shown["pageInfo"]["endCursor"])

    def test_empty_list_has_no_cursors(self, stage):
        shown = page(stage.both(subject(f"records(kinds: []) {{ {PAGE} }}")))

        expected = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
        assert {"totalCount": 0, "pageInfo": expected, "edges": []} == shown

    @pytest.mark.parametrize("first", [0, -1, 201])
    def test_page_size_out_of_bounds_is_handed_over(self, stage, first):
        assert "argument" == stage.reason(records("id", f"(first: {first})"))
        assert "argument" == stage.reason(records("id", "(first: $f)", head="query($f: Int!)"), f=first)

    @pytest.mark.parametrize("after", ["", "x", "AAAA", "%%%", "é"])
    def test_cursor_that_was_not_made_here_is_handed_over(self, stage, after):
        assert "argument" == stage.reason(records("id", "(after: $a)", head="query($a: String)"), a=after)

    def test_cursor_of_another_list_is_handed_over(self, stage):
        cursor = page(stage.both(subject("records(first: 1) { pageInfo { endCursor } }")))["pageInfo"]["endCursor"]

        assert stage.reason(records("id", f'(after: "{cursor}")')) is None
        assert "argument" == stage.reason(records("id", f'(kinds: [PENALTY], after: "{cursor}")'))
        other = records("id", f'(after: "{cursor}")').replace(SUBJECT, OTHER)
        assert "argument" == stage.reason(other)

    def test_null_size_by_a_variable_is_handed_over(self, stage):
        """`bind` refuses it before; the code does not rely on that."""
        document = records("id", "(first: $f)", head="query($f: Int = 5)")
        code = stage.code(document)
        code.variables.coerced["f"] = None

        with pytest.raises(HandOverError, match="argument"):
            code.run()

    def test_wrong_argument_of_a_list_that_nobody_reaches_does_not_matter(self, stage):
        said = stage.both(records("id", "(first: 0)").replace(SUBJECT, SUBJECT[:8] + "MA6CK00C" + "2"))

        assert {"subject": None} == said.data


class TestShapes:
    def test_nodes_and_edges_are_one_page(self, stage):
        said = stage.both(subject("records(first: 2) { nodes { id } edges { node { id } } }"), BUYER)

        found = page(said)
        assert found["nodes"] == [edge["node"] for edge in found["edges"]]

    def test_count_alone_shows_no_row(self, stage):
        said = stage.both(subject("records { totalCount }"), SELF)

        assert (7, ()) == (page(said)["totalCount"], said.served)

    def test_holdings_are_counted(self, stage):
        said = stage.both(subject("holdings { kind category exists count }"))

        penalties = next(one for one in said.data["subject"]["holdings"] if one["kind"] == "Penalty")
        assert {"kind": "Penalty", "category": "C05", "exists": True, "count": 4} == penalties

    def test_holdings_that_are_only_told_of_have_no_count(self, ground):
        ended = stored(
            Penalty(document_no="D", decided_on="2024-06-01"),
            "k",
            severity=Severity.GENERAL,
            publicity_to="2025-06-01",
            region="510100",
        )
        department = standing(
            ActorKind.LD, purpose="SUPERVISION", context=(("task", "T"),), organisation="X", regions=frozenset({"51"})
        )

        said = Stage(ground, {SUBJECT: dossier(ended)}).both(subject("holdings { kind count exists }"), department)

        assert {"kind": "Penalty", "count": None, "exists": True} in said.data["subject"]["holdings"]

    def test_open_fields_of_a_record(self, stage):
        said = stage.both(
            records(
                "id kind category subjectCode publicityState severity severityBasis day publicityFrom publicityTo"
                " repairableFrom objected",
                "(kinds: [PENALTY], first: 1)",
            )
        )

        (node,) = nodes(said)
        assert ("Penalty", "C05", SUBJECT, "PUBLISHED", "GENERAL", None, "2026-04-01", False) == (
            node["kind"], node["category"], node["subjectCode"], node["publicityState"], node["severity"],
            node["severityBasis"], node["day"], node["objected"],
        )  # fmt: skip
        assert (None, "2027-05-01", None) == (node["publicityFrom"], node["publicityTo"], node["repairableFrom"])

    def test_row_in_another_state_says_so(self, ground):
        repaired = stored(Penalty(document_no="D", decided_on="2026-06-01"), "k", state=PublicityState.REPAIRED)

        said = Stage(ground, {SUBJECT: dossier(repaired)}).both(records("publicityState", "(kinds: [PENALTY])"), SELF)

        assert [{"publicityState": "REPAIRED"}] == nodes(said)

    def test_asker_of_another_kind_gets_its_own_answer(self, stage):
        said = [stage.both(records("... on Penalty { documentNo facts }"), who) for who in (PUBLIC, BUYER, SELF)]

        assert [{"Penalty.facts": "m4"}, {}, {}] == [each.masked for each in said]
