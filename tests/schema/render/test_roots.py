"""The root fields: what is found, what is not, and what is said of an argument that is wrong."""

import orjson
import pytest
from graphql import GraphQLError

from schema.catalogue import Grade, Licence, Penalty
from schema.graph.ids import NodeId
from schema.graph.preview import AccessOutcome
from schema.graph.views import Plain
from schema.records import PublicityState, Severity
from tests.schema.render.stage import ME, PUBLIC, SOURCES, Stage, hits
from tests.support.worlds import NAME, OTHER, PSEUDONYMS, SUBJECT, UNKNOWN, dossier, stored

PENALTY = stored(
    Penalty(document_no="D-1", decided_on="2026-05-01"), "k1", severity=Severity.GENERAL, publicity_to="2027-05-01"
)
REPAIRED = stored(Penalty(document_no="D-2", decided_on="2026-05-01"), "k2", state=PublicityState.REPAIRED)
GRADE = stored(Grade(scheme="CEC", grade="AA", issued_on="2025-03-01"), "k3", subject=OTHER)
LICENCE = stored(Licence(document_no="L-1", decided_on="2025-01-01"), "k4", subject=OTHER)
BAD = ("x", "", SUBJECT[:-1] + "0", "9" * 18, "中" * 18, SUBJECT + "1")
ENTITIES = "query($r: [_Any!]!) { _entities(representations: $r) { ... on CreditSubject { code } } }"


@pytest.fixture
def stage(ground) -> Stage:
    return Stage(ground, {SUBJECT: dossier(PENALTY, REPAIRED), OTHER: dossier(GRADE, LICENCE, code=OTHER)})


def node_id(kind: str, code: str, key: str | None = None) -> str:
    name = None if key is None else PSEUDONYMS.of(kind, code, key)
    return str(NodeId(kind=kind, code=code, name=name))


class TestSubject:
    def test_subject_on_file_is_shown(self, stage):
        assert {"a": {"code": SUBJECT}} == stage.both(f'{{ a: subject(code: "{SUBJECT}") {{ code }} }}').data

    def test_code_is_normalised(self, stage):
        said = stage.both(f'{{ subject(code: " {SUBJECT.lower()} ") {{ code }} }}')

        assert SUBJECT == said.data["subject"]["code"]

    def test_code_by_variable(self, stage):
        said = stage.both("query($c: ID!) { subject(code: $c) { code } }", c=OTHER)

        assert OTHER == said.data["subject"]["code"]

    def test_code_by_default_of_a_variable(self, stage):
        said = stage.both(f'query($c: ID! = "{OTHER}") {{ subject(code: $c) {{ code }} }}')

        assert OTHER == said.data["subject"]["code"]

    def test_one_code_serves_another_question(self, stage):
        """Compiled once, asked of two subjects: nothing of the first answer is in the second."""
        stage.found = (SUBJECT, OTHER)
        first = stage.code("query($c: ID!) { subject(code: $c) { code } }", c=SUBJECT)
        second = stage.code("query($c: ID!) { subject(code: $c) { code } }", c=OTHER)

        answers = [first.run(question).data.plain for question in (first, second, first)]
        assert [SUBJECT, OTHER, SUBJECT] == [orjson.loads(each)["subject"]["code"] for each in answers]

    def test_unknown_subject_is_null_without_an_error(self, stage):
        said = stage.both(f'{{ subject(code: "{UNKNOWN}") {{ code }} }}')

        assert ({"subject": None}, []) == (said.data, said.errors)

    @pytest.mark.parametrize("bad", BAD)
    def test_bad_code_is_null_with_an_error_at_its_key(self, stage, bad):
        said = stage.both("query($c: ID!) { a: subject(code: $c) { code } }", c=bad)

        assert {"a": None} == said.data
        assert [["a"]] == [error["path"] for error in said.errors]

    def test_code_that_is_a_number_is_read_as_text(self, stage):
        said = stage.both("{ subject(code: 7) { code } }")

        assert [["subject"]] == [error["path"] for error in said.errors]


class TestSubjects:
    def test_order_and_repetitions_are_kept(self, stage):
        said = stage.both(f'{{ subjects(codes: ["{OTHER}", "{UNKNOWN}", "{SUBJECT}", "{OTHER}"]) {{ code }} }}')

        assert [{"code": OTHER}, None, {"code": SUBJECT}, {"code": OTHER}] == said.data["subjects"]

    @pytest.mark.parametrize("bad", BAD)
    def test_bad_code_is_null_with_an_error_at_its_place(self, stage, bad):
        said = stage.both("query($c: [ID!]!) { b: subjects(codes: $c) { code } }", c=[SUBJECT, bad, bad, OTHER])

        assert [{"code": SUBJECT}, None, None, {"code": OTHER}] == said.data["b"]
        assert [["b", 1], ["b", 2]] == [error["path"] for error in said.errors]

    def test_no_code_is_no_subject(self, stage):
        assert {"subjects": []} == stage.both("{ subjects(codes: []) { code } }").data

    def test_one_code_stands_for_a_list_of_one(self, stage):
        assert {"subjects": [{"code": SUBJECT}]} == stage.both(f'{{ subjects(codes: "{SUBJECT}") {{ code }} }}').data

    def test_each_root_field_has_its_own_arguments(self, stage):
        said = stage.both(
            "query($c: [ID!]!)"
            f' {{ a: subjects(codes: $c) {{ code }} b: subject(code: "{OTHER}") {{ name }}'
            " c: subjects(codes: []) { code } }",
            c=[SUBJECT],
        )

        assert {"a": [{"code": SUBJECT}], "b": {"name": NAME}, "c": []} == said.data

    def test_errors_stand_in_the_order_of_the_document(self, stage):
        said = stage.both('{ b: subject(code: "x") { code } a: subjects(codes: ["y"]) { code } }')

        assert [["b"], ["a", 0]] == [error["path"] for error in said.errors]


class TestEntities:
    def test_references_are_answered_in_order(self, stage):
        references = [{"__typename": "CreditSubject", "code": code, "more": 1} for code in (OTHER, UNKNOWN, SUBJECT)]

        said = stage.both(ENTITIES, r=references)

        assert [{"code": OTHER}, None, {"code": SUBJECT}] == said.data["_entities"]

    @pytest.mark.parametrize(
        "bad",
        [
            7, "CreditSubject", [], {}, {"__typename": "Penalty", "code": SUBJECT}, {"code": SUBJECT},
            {"__typename": "CreditSubject"}, {"__typename": "CreditSubject", "code": 7},
            {"__typename": "CreditSubject", "code": "x"}, {"__typename": "CreditSubject", "code": None},
        ],
    )  # fmt: skip
    def test_bad_reference_is_null_with_an_error_at_its_place(self, stage, bad):
        good = {"__typename": "CreditSubject", "code": SUBJECT}

        said = stage.both(ENTITIES, r=[good, bad])

        assert [{"code": SUBJECT}, None] == said.data["_entities"]
        assert [["_entities", 1]] == [error["path"] for error in said.errors]

    def test_reference_written_in_the_document(self, stage):
        said = stage.both(
            f'{{ _entities(representations: [{{__typename: "CreditSubject", code: "{SUBJECT}"}}])'
            " { ... on CreditSubject { code } } }"
        )

        assert [{"code": SUBJECT}] == said.data["_entities"]


class TestNode:
    DOCUMENT = (
        "query($i: ID!) { node(id: $i) { __typename id ... on CreditSubject { code } ... on Penalty { documentNo } } }"
    )

    def test_subject_is_found(self, stage):
        said = stage.both(self.DOCUMENT, i=node_id("CreditSubject", SUBJECT))

        assert ("CreditSubject", SUBJECT) == (said.data["node"]["__typename"], said.data["node"]["code"])

    def test_record_is_found(self, stage):
        said = stage.both(self.DOCUMENT, i=node_id("Penalty", SUBJECT, "k1"))

        assert ("Penalty", "D-1") == (said.data["node"]["__typename"], said.data["node"]["documentNo"])
        assert ("Penalty.documentNo",) == said.served

    @pytest.mark.parametrize(
        "absent",
        [
            node_id("CreditSubject", UNKNOWN), node_id("Penalty", UNKNOWN, "k1"), node_id("Penalty", SUBJECT, "k9"),
            node_id("Penalty", SUBJECT, "k2"), node_id("Penalty", OTHER, "k1"), node_id("Grade", SUBJECT, "k1"),
        ],
    )  # fmt: skip
    def test_absent_and_hidden_ones_are_null_without_an_error(self, stage, absent):
        said = stage.both(self.DOCUMENT, i=absent)

        assert ({"node": None}, []) == (said.data, said.errors)

    @pytest.mark.parametrize(
        "bad", ["", "x", "é", node_id("CreditSubject", SUBJECT, "k1"), node_id("Penalty", SUBJECT)]
    )
    def test_what_is_no_identifier_is_null_with_an_error(self, stage, bad):
        said = stage.both(self.DOCUMENT, i=bad)

        assert {"node": None} == said.data
        assert [["node"]] == [error["path"] for error in said.errors]


class TestSearch:
    DOCUMENT = (
        "query($n: String!, $f: Int! = 20, $a: String) { searchSubjects(name: $n, first: $f, after: $a)"
        " { edges { cursor matchedBy node { code name } } nodes { name }"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )

    def stage(self, ground, page, key=("天府", 20, None)) -> Stage:
        dossiers = {SUBJECT: dossier(), OTHER: dossier(code=OTHER)}
        return Stage(ground, dossiers, searches={key: page}, found=(SUBJECT, OTHER))

    def test_page_is_shown_in_its_order(self, ground):
        said = self.stage(ground, hits((OTHER, "EXACT"), (SUBJECT, "INITIALS"), has_next=True, start=1)).both(
            self.DOCUMENT, n="天府"
        )

        found = said.data["searchSubjects"]
        assert [(OTHER, "EXACT"), (SUBJECT, "INITIALS")] == [
            (edge["node"]["code"], edge["matchedBy"]) for edge in found["edges"]
        ]
        cursors = [edge["cursor"] for edge in found["edges"]]
        expected = {"hasNextPage": True, "hasPreviousPage": True, "startCursor": cursors[0], "endCursor": cursors[1]}
        assert expected == found["pageInfo"]
        assert ("CreditSubject.name",) == said.served

    def test_empty_page_has_no_cursors(self, ground):
        said = self.stage(ground, hits()).both(self.DOCUMENT, n="天府")

        expected = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
        assert {"edges": [], "nodes": [], "pageInfo": expected} == said.data["searchSubjects"]

    def test_hit_that_may_not_be_known_is_left_out(self, ground):
        said = self.stage(ground, hits((UNKNOWN, "EXACT"), (SUBJECT, "EXACT"))).both(self.DOCUMENT, n="天府")

        assert [SUBJECT] == [edge["node"]["code"] for edge in said.data["searchSubjects"]["edges"]]

    def test_size_and_cursor_name_the_page(self, ground):
        said = self.stage(ground, hits((SUBJECT, "FORMER")), ("天府", 1, "c")).both(self.DOCUMENT, n="天府", f=1, a="c")

        assert 1 == len(said.data["searchSubjects"]["nodes"])

    @pytest.mark.parametrize(
        "arguments",
        [{"n": ""}, {"n": " "}, {"n": "x" * 201}, {"n": "天府", "f": 0}, {"n": "天府", "f": 201}, {"n": "a", "f": -1}],
    )
    def test_argument_out_of_bounds_is_handed_over(self, ground, arguments):
        """It leaves no data at all: that is told by the reference executor."""
        assert "argument" == self.stage(ground, hits()).reason(self.DOCUMENT, **arguments)

    def test_type_names_and_aliases(self, ground):
        said = self.stage(ground, hits((SUBJECT, "EXACT"))).both(
            '{ s: searchSubjects(name: "天府") { t: __typename edges { __typename how: matchedBy } } }'
        )

        edge = {"__typename": "SubjectSearchEdge", "how": "EXACT"}
        assert {"s": {"t": "SubjectSearchConnection", "edges": [edge]}} == said.data


class TestOpenRoots:
    def test_sources_tell_their_status(self, ground):
        said = Stage(ground).both(
            "{ sources { id nameZh nameEn state isLive lastTriedAt lastSucceededAt maxAgeSeconds } }"
        )

        one, other = said.data["sources"]
        assert ("FRESH", "UNREACHABLE") == (one["state"], other["state"])
        assert list(SOURCES[0].values.values())[:3] == list(one.values())[:3]

    def test_no_sources_are_an_empty_list(self, ground):
        assert {"sources": []} == Stage(ground, sources=()).both("{ sources { id } }").data

    def test_me_tells_the_asker_its_standing(self, ground):
        said = Stage(ground).both(
            "{ me { actor partner organisation ceiling regions purposes purpose policyVersion catalogueVersion"
            " maxCodes maxPage } }"
        )

        assert list(ME.values.values()) == list(said.data["me"].values())

    def test_service_tells_the_sdl(self, ground):
        said = Stage(ground).both("{ _service { sdl } }")

        assert {"_service": {"sdl": ground.exchange.plain_sdl}} == said.data

    def test_what_guards_nothing_tells_the_log_nothing(self, ground):
        said = Stage(ground).both("{ _service { sdl } me { actor } sources { id } __typename }")

        assert ((), {}, {}, []) == (said.served, said.masked, said.denied, said.errors)


class TestArguments:
    def test_null_for_an_argument_that_takes_none_is_refused_with_the_plan(self, ground):
        """A variable with null where the argument has a default: validation passes it, `bind` does not."""
        stage = Stage(ground)
        document = 'query($f: Int) { searchSubjects(name: "x", first: $f) { nodes { code } } }'

        with pytest.raises(GraphQLError):
            stage.plan(PUBLIC, document, {"f": None})


class TestPreview:
    """What is told of another document; how it is found out is the road's (`hub.road.preview`)."""

    TOLD = Plain(
        type_name="AccessPreview",
        values={
            "purpose": "PUBLIC_LOOKUP",
            "policy_version": 1,
            "problems": [
                Plain(
                    type_name="PreviewProblem",
                    values={"message": "m", "code": "BAD_USER_INPUT", "coordinate": None, "rule": None},
                )
            ],
            "coordinates": [
                Plain(
                    type_name="CoordinatePreview",
                    values={
                        "coordinate": "Penalty.facts",
                        "outcome": AccessOutcome.MASKED,
                        "mask": "m4",
                        "rule": "C05.PU",
                        "required_tier": None,
                    },
                )
            ],
            "rows": 3,
            "bytes": None,
            "sources": ["national"],
        },
    )

    def test_it_is_told_whole_and_by_its_arguments(self, ground):
        previews = {("{ a }", None, None): self.TOLD, ("{ a }", "{}", "Q"): replace_purpose(self.TOLD, "RATING")}
        stage = Stage(ground, {}, previews=previews)
        said = stage.both("""{
          one: accessPreview(document: "{ a }") {
            purpose policyVersion rows bytes sources problems { message code coordinate rule }
            coordinates { coordinate outcome mask rule requiredTier } }
          two: accessPreview(document: "{ a }", variables: "{}", operationName: "Q") { purpose } }""")

        one = said.data["one"]
        assert ("PUBLIC_LOOKUP", 1, 3, None, ["national"]) == tuple(
            one[name] for name in ("purpose", "policyVersion", "rows", "bytes", "sources")
        )
        assert [{"message": "m", "code": "BAD_USER_INPUT", "coordinate": None, "rule": None}] == one["problems"]
        assert ["Penalty.facts", "MASKED", "m4", "C05.PU", None] == list(one["coordinates"][0].values())
        assert {"purpose": "RATING"} == said.data["two"]


def replace_purpose(told: Plain, purpose: str) -> Plain:
    return Plain(type_name=told.type_name, values={**told.values, "purpose": purpose})
