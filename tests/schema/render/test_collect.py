"""Field collection and merging: what a selection says is what is shown, once, in the order of its first mention."""

import pytest

from schema.catalogue import Grade, Licence, Penalty
from schema.records import Severity
from tests.schema.render.stage import Stage, nodes, records, subject
from tests.support.worlds import SUBJECT, dossier, stored

PENALTY = stored(
    Penalty(document_no="D-1", facts="某事", decided_on="2026-05-01"), "k1", severity=Severity.GENERAL, region="510100"
)
LICENCE = stored(Licence(document_no="L-1", content="许可", decided_on="2025-01-01"), "k2")
GRADE = stored(Grade(scheme="CEC", grade="AA", issued_on="2025-03-01"), "k3")


@pytest.fixture
def stage(ground) -> Stage:
    return Stage(ground, {SUBJECT: dossier(PENALTY, LICENCE, GRADE)})


class TestMerging:
    def test_key_that_is_named_twice_is_answered_once_where_it_was_first_named(self, stage):
        said = stage.both(subject("code name code: code ... { name status }"))

        assert ["code", "name", "status"] == list(said.data["subject"])

    def test_key_from_several_fragments_is_answered_once(self, stage):
        document = subject("...a ...b") + " fragment a on CreditSubject { name } fragment b on Node { id }"
        document += " fragment c on CreditSubject { name }"

        said = stage.both(document.replace("...b", "...b ...c ...a"))

        assert ["name", "id"] == list(said.data["subject"])

    def test_nested_selections_of_one_key_are_merged(self, stage):
        said = stage.both(
            subject(
                "records { totalCount } records { nodes { id } } ... on CreditSubject { records { nodes { kind } } }"
            )
        )

        found = said.data["subject"]["records"]
        assert ["totalCount", "nodes"] == list(found)
        assert {("id", "kind")} == {tuple(node) for node in found["nodes"]}

    def test_merged_selections_are_merged_for_each_kind_apart(self, stage):
        said = stage.both(records("kind ... on Penalty { documentNo } ... on Licence { no: documentNo }"))

        shown = {node["kind"]: list(node) for node in nodes(said)}
        assert ["kind", "documentNo"] == shown["Penalty"]
        assert ["kind", "no"] == shown["Licence"]
        assert ["kind"] == shown["Grade"]

    def test_aliases_of_one_field_are_answered_apart(self, stage):
        said = stage.both(subject("a: name b: name c: records(first: 1) { totalCount } d: records { totalCount }"))

        assert ["a", "b", "c", "d"] == list(said.data["subject"])
        assert said.data["subject"]["a"] == said.data["subject"]["b"]

    def test_alias_that_is_named_like_another_field_shows_what_it_was_given(self, stage):
        said = stage.both(subject("name: code code: status"))

        assert {"name": SUBJECT, "code": "存续"} == said.data["subject"]

    def test_root_key_that_is_named_twice_is_answered_once(self, stage):
        said = stage.both(
            f'{{ subject(code: "{SUBJECT}") {{ code }} ...more }}'
            f' fragment more on Query {{ subject(code: "{SUBJECT}") {{ name }} }}'
        )

        assert ["code", "name"] == list(said.data["subject"])


class TestConditions:
    def test_interface_that_the_object_bears_matches(self, stage):
        said = stage.both(records("... on Node { id } ... on CreditRecord { kind ... on Node { id } }"))

        assert {("id", "kind")} == {tuple(node) for node in nodes(said)}

    def test_fragment_on_another_kind_does_not_match(self, stage):
        said = stage.both(records("... on Penalty { facts } ...grade") + " fragment grade on Grade { grade }")

        assert [["facts"], ["grade"], [], []] == [list(node) for node in nodes(said)]

    def test_fragment_within_a_fragment_that_does_not_match_is_not_reached(self, stage):
        said = stage.both(records("... on Licence { ... on CreditRecord { ... on Penalty { facts } kind } }"))

        assert [["kind"]] == [list(node) for node in nodes(said) if node]

    def test_union_of_entities_matches_its_one_member(self, stage):
        document = (
            "query($r: [_Any!]!) { _entities(representations: $r)"
            " { __typename ... on CreditSubject { code } ... on Node { id } } }"
        )

        said = stage.both(document, r=[{"__typename": "CreditSubject", "code": SUBJECT}])

        assert ["__typename", "code", "id"] == list(said.data["_entities"][0])

    def test_fragment_that_matches_nothing_leaves_an_empty_object(self, stage):
        said = stage.both(records("... on Arrears { remark }"))

        assert [{}] * 4 == nodes(said)


class TestTypeNames:
    def test_every_object_tells_its_type(self, stage):
        said = stage.both(
            "{ __typename me { __typename } sources { __typename } _service { __typename }"
            f' node(id: "x") {{ __typename }} subject(code: "{SUBJECT}") {{ __typename registration {{ __typename }}'
            " holdings { __typename } records { __typename edges { __typename node { __typename } }"
            " nodes { __typename provenance { __typename } } pageInfo { __typename } } } }"
        )

        names = {"Query", "Me", "SourceStatus", "_Service", "CreditSubject", "Registration", "Holding", "PageInfo"}
        names |= {"CreditRecordConnection", "CreditRecordEdge", "Penalty", "Licence", "Grade", "Provenance"}
        assert all(f'"__typename":"{name}"' in said.text for name in names)

    def test_type_name_has_aliases_like_any_field(self, stage):
        said = stage.both("{ a: __typename __typename me { actor: __typename } }")

        assert {"a": "Query", "__typename": "Query", "me": {"actor": "Me"}} == said.data

    def test_type_name_is_told_of_what_is_not_read(self, stage):
        assert stage.both("{ __typename }").data == {"__typename": "Query"}


class TestDirectives:
    @pytest.mark.parametrize(
        ("directives", "shown"),
        [
            ("@skip(if: true)", False),
            ("@skip(if: false)", True),
            ("@include(if: true)", True),
            ("@include(if: false)", False),
            ("@skip(if: false) @include(if: false)", False),
            ("@skip(if: true) @include(if: true)", False),
            ("@skip(if: false) @include(if: true)", True),
        ],
    )
    @pytest.mark.parametrize(
        "form", ["status {}", "... {} {{ status }}", "... on CreditSubject {} {{ status }}", "...more {}"]
    )
    def test_literals_decide(self, stage, directives, shown, form):
        document = subject(f"code {form.format(directives)}")
        if "...more" in form:
            document += " fragment more on CreditSubject { status }"

        assert shown is ("status" in stage.both(document).data["subject"])

    @pytest.mark.parametrize("value", [True, False])
    def test_variables_decide(self, stage, value):
        said = stage.both(
            subject("code status @skip(if: $v) name @include(if: $v)", head="query($v: Boolean!)"), v=value
        )

        assert ["code", "name" if value else "status"] == list(said.data["subject"])

    @pytest.mark.parametrize(("sent", "shown"), [({}, True), ({"v": True}, True), ({"v": False}, False)])
    def test_defaults_decide_where_nothing_was_sent(self, stage, sent, shown):
        said = stage.both(subject("code status @include(if: $v)", head="query($v: Boolean! = true)"), **sent)

        assert shown is ("status" in said.data["subject"])

    def test_selection_that_is_left_out_decides_nothing(self, stage):
        """
        What is skipped is not told to the log, neither as served nor as denied.
        """
        said = stage.both(
            records("... on Penalty { documentNo @skip(if: true) legalRepresentativeIdNo @include(if: false) }")
        )

        assert ((), {}) == (said.served, said.denied)

    def test_skipped_spread_may_still_come_in_elsewhere(self, stage):
        said = stage.both(subject("...a @skip(if: true) ...a") + " fragment a on CreditSubject { name }")

        assert ["name"] == list(said.data["subject"])

    def test_whole_selection_may_be_left_out(self, stage):
        assert {"subject": {}} == stage.both(subject("name @skip(if: true)")).data

    def test_mention_that_is_left_out_does_not_take_the_others_with_it(self, stage):
        said = stage.both(subject("name @skip(if: true) name"))

        assert ["name"] == list(said.data["subject"])
