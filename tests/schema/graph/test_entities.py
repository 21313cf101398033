"""`_entities`, `_service`, `node` and codes: the edges of INTERFACE 2, each with a test."""

import pytest

from schema.catalogue import Penalty
from schema.graph.ids import NodeId
from schema.plan.guarded import SUBJECT_KIND
from schema.policy.model import ActorKind
from schema.records import Severity
from tests.support.people import standing
from tests.support.worlds import OTHER, PSEUDONYMS, SUBJECT, UNKNOWN, World, dossier, stored

PUBLIC = standing()
ENTITIES = "query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on CreditSubject { code name } } }"


@pytest.fixture
def world(ground):
    visible = stored(Penalty(document_no="D-1", decided_on="2026-05-01"), "k1", severity=Severity.GENERAL)
    hidden = stored(Penalty(document_no="D-2", decided_on="2026-05-01"), "k2", severity=Severity.MINOR)
    return World(ground, {SUBJECT: dossier(visible, hidden), OTHER: dossier(code=OTHER)})


def ref(code, **more):
    return {"__typename": "CreditSubject", "code": code, **more}


def entities(world, *references, who=PUBLIC):
    return world.ask(who, ENTITIES, {"r": list(references)})


class TestEntities:
    def test_order_and_duplicates_are_kept(self, world):
        told = entities(world, ref(OTHER), ref(SUBJECT), ref(OTHER))

        assert [OTHER, SUBJECT, OTHER] == [one["code"] for one in told.data["_entities"]]
        assert [] == told.errors

    def test_unknown_subject_is_null_without_an_error(self, world):
        told = entities(world, ref(SUBJECT), ref(UNKNOWN))

        assert told.data["_entities"][1] is None
        assert [] == told.errors

    @pytest.mark.parametrize(
        "bad",
        [
            {"__typename": "Nobody", "code": SUBJECT},
            {"__typename": "Penalty", "id": "x"},
            {"code": SUBJECT},
            {"__typename": "CreditSubject"},
            {"__typename": "CreditSubject", "code": None},
            {"__typename": "CreditSubject", "code": 5},
            {"__typename": "CreditSubject", "code": ["x"]},
            {"__typename": "CreditSubject", "code": "91510100MA6CK00A00"},
            {"__typename": "CreditSubject", "info": SUBJECT},
            "CreditSubject",
            7,
            [],
        ],
    )
    def test_one_bad_reference_is_null_with_one_error_and_spoils_nothing(self, world, bad):
        told = entities(world, ref(SUBJECT), bad, ref(OTHER))

        assert [SUBJECT, None, OTHER] == [one and one["code"] for one in told.data["_entities"]]
        assert [["_entities", 1]] == [error["path"] for error in told.errors]
        assert "BAD_USER_INPUT" == told.errors[0]["extensions"]["code"]

    def test_further_members_are_ignored(self, world):
        told = entities(world, ref(SUBJECT, tender={"id": "T"}, info=1, name="sent by a newer supergraph"))

        assert "天府试验电力有限公司" == told.data["_entities"][0]["name"]

    def test_code_is_normalised_before_it_is_looked_up(self, world):
        assert SUBJECT == entities(world, ref(f" {SUBJECT.lower()} ")).data["_entities"][0]["code"]

    def test_no_references_is_an_empty_list(self, world):
        assert [] == entities(world).data["_entities"]

    def test_denials_hold_through_the_gateway_as_well(self, world):
        auditor = standing(ActorKind.AU, purpose="AUDIT")

        told = entities(world, ref(SUBJECT), who=auditor)

        assert [None] == told.data["_entities"]


class TestSubjects:
    def test_order_is_kept_and_unknown_codes_are_null(self, world):
        document = "query($c: [ID!]!) { subjects(codes: $c) { code } }"

        told = world.ask(PUBLIC, document, {"c": [OTHER, UNKNOWN, SUBJECT, OTHER]})

        assert [OTHER, None, SUBJECT, OTHER] == [one and one["code"] for one in told.data["subjects"]]

    def test_wrong_code_is_null_with_an_error_at_its_place(self, world):
        document = "query($c: [ID!]!) { subjects(codes: $c) { code } }"

        told = world.ask(PUBLIC, document, {"c": [SUBJECT, "not a code"]})

        assert [SUBJECT, None] == [one and one["code"] for one in told.data["subjects"]]
        assert ["subjects", 1] == told.errors[0]["path"]
        assert "ID01" == told.errors[0]["extensions"]["fault"]

    @pytest.mark.parametrize(
        ("code", "fault"), [("", "ID01"), ("91510100MA6CK00A00", "ID02"), ("0" * 17 + "X", "ID04")]
    )
    def test_wrong_code_says_what_is_wrong_with_it(self, world, code, fault):
        told = world.ask(PUBLIC, "query($c: ID!) { subject(code: $c) { code } }", {"c": code})

        assert told.data["subject"] is None
        assert fault == told.errors[0]["extensions"]["fault"]
        assert not code or code not in told.errors[0]["message"]


class TestNode:
    def test_subject_and_record_are_found_by_their_identifiers(self, world):
        record = str(NodeId(kind="Penalty", code=SUBJECT, name=PSEUDONYMS.of("Penalty", SUBJECT, "k1")))
        document = """query($a: ID!, $b: ID!) {
            a: node(id: $a) { id __typename } b: node(id: $b) { id ... on Penalty { documentNo } } }"""

        told = world.ask(PUBLIC, document, {"a": str(NodeId(kind=SUBJECT_KIND, code=SUBJECT)), "b": record})

        assert "CreditSubject" == told.data["a"]["__typename"]
        assert "D-1" == told.data["b"]["documentNo"]

    def test_hidden_record_and_absent_record_are_alike(self, world):
        document = "query($a: ID!, $b: ID!) { a: node(id: $a) { id } b: node(id: $b) { id } }"
        hidden = str(NodeId(kind="Penalty", code=SUBJECT, name=PSEUDONYMS.of("Penalty", SUBJECT, "k2")))
        absent = str(NodeId(kind="Penalty", code=SUBJECT, name=PSEUDONYMS.of("Penalty", SUBJECT, "zz")))

        told = world.ask(PUBLIC, document, {"a": hidden, "b": absent})

        assert {"a": None, "b": None} == told.data
        assert [] == told.errors

    @pytest.mark.parametrize("text", ["", "x", "====", "UGVuYWx0eQ", "é" * 10])
    def test_identifier_that_is_not_ours_is_refused(self, world, text):
        told = world.ask(PUBLIC, "query($a: ID!) { node(id: $a) { id } }", {"a": text})

        assert "BAD_USER_INPUT" == told.errors[0]["extensions"]["code"]


class TestService:
    def test_sdl_is_federation_2_9_and_hides_the_federation_machinery(self, world):
        sdl = world.ask(PUBLIC, "{ _service { sdl } }").data["_service"]["sdl"]

        assert "https://specs.apollo.dev/federation/v2.9" in sdl
        assert '@key(fields: "code"' in sdl
        assert "@policy" not in sdl

    def test_secured_profile_names_the_tier_of_every_field_above_public(self, ground):
        sdl = ground.exchange.secured_sdl

        assert 'score: String @authenticated @policy(policies: [["tier:I"]])' in sdl
        assert "@authenticated" not in ground.exchange.plain_sdl

    def test_every_guarded_coordinate_is_served_and_nullable(self, ground):
        """
        A denied non-null field would null its parents: every guarded field is nullable, a lint says so.
        """
        from graphql import is_non_null_type

        for coordinate, entry in ground.table.by_coordinate.items():
            field = ground.exchange.schema.type_map[entry.kind].fields[coordinate.split(".")[1]]
            assert not is_non_null_type(field.type), coordinate
