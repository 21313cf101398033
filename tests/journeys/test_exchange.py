"""The main job over the wire: three platforms, one question, four askers, four answers, each with its receipt."""

import copy

import aiohttp
import pytest

from hub.audit.verify import verify_receipt
from hub.demo.question import Asker

ASKED = "query($code: ID!) { subject(code: $code) { records { nodes { ... on SupplierSanction { cause } } } } }"


def of(stage, name):
    return next(asker for asker in stage.askers if asker.name == name)


def nodes(answer, kind):
    return [node for node in answer["data"]["subject"]["records"]["nodes"] if node["kind"] == kind]


def denied(answer):
    found = {}
    for error in answer.get("errors", []):
        if "coordinate" in error["extensions"]:
            found[error["extensions"]["coordinate"]] = error["extensions"]
    return found


async def post(stage, body, *, token=None, **headers):
    if token:
        headers["authorization"] = f"Bearer {token}"
    sent = {"data": body} if isinstance(body, bytes) else {"json": body}
    headers.setdefault("content-type", "application/json")
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{stage.url}/graphql", headers=headers, **sent) as response,
    ):
        return response.status, await response.json(content_type=None), response.headers


class TestOneQuestionFourAnswers:
    async def test_each_asker_gets_its_own_answer_and_a_receipt_that_verifies(self, stage):
        """
        The same question, put by four askers, is answered by four standings; each answer can be checked offline.
        """
        answers = {asker.name: await stage.ask(asker) for asker in stage.askers}

        public, buyer, department, subject = (answers[asker.name] for asker in stage.askers)
        assert [] == nodes(public, "SupplierSanction") == nodes(public, "Arrears") == nodes(public, "Performance")
        assert 1 == len(nodes(buyer, "SupplierSanction"))
        assert [] == nodes(buyer, "Performance")
        assert {">100", "<1"} == {node["amountUnpaid"] for node in nodes(department, "Arrears")}
        assert 2 == len(nodes(subject, "Performance"))
        assert [2, 2, 3, 5] == [len(nodes(answer, "Penalty")) for answer in (public, buyer, department, subject)]
        assert "*" in public["data"]["subject"]["registration"]["legalRepresentative"]
        assert "*" not in subject["data"]["subject"]["registration"]["legalRepresentative"]
        for answer in answers.values():
            assert verify_receipt(answer, [stage.vkey]).valid

    async def test_receipt_tells_what_was_served_masked_and_denied(self, stage):
        answer = await stage.ask(of(stage, "public"))

        told = verify_receipt(answer, [stage.vkey]).values
        assert "Penalty.documentNo" in told["served"]
        assert "m4" == told["masked"]["Penalty.facts"]
        assert set(denied(answer)) == set(told["denied"])
        assert "PUBLIC_LOOKUP" == told["purpose"]
        assert [stage.subject] == told["subjects"]

    @pytest.mark.parametrize("change", ["value", "record", "error-free"])
    async def test_answer_that_was_changed_does_not_verify(self, stage, change):
        answer = await stage.ask(of(stage, "procurement"))
        spoiled = copy.deepcopy(answer)
        match change:
            case "value":
                spoiled["data"]["subject"]["name"] += "。"
            case "record":
                spoiled["data"]["subject"]["records"]["nodes"].pop()
            case "error-free":
                spoiled["data"]["subject"]["status"] = None

        assert verify_receipt(answer, [stage.vkey]).valid
        assert not verify_receipt(spoiled, [stage.vkey]).valid

    async def test_denied_fields_are_never_asked_of_the_group(self, stage):
        """
        What may not be shown is not asked for: the platform's own record of questions is the witness.
        """
        asked = stage.sandbox.group.asked
        asked.clear()
        await stage.ask(of(stage, "public"))
        nothing = list(asked)
        await stage.ask(of(stage, "procurement"), ASKED)
        fields = {name for query in asked for name in query.fields}

        assert [] == nothing
        assert any(name.startswith("Sanction.") for name in fields)
        assert not any("erformance" in name for name in fields)
        assert {stage.subject} == {code for query in asked for code in query.codes}

    async def test_header_names_the_purpose_as_well(self, stage):
        body = {"query": ASKED, "variables": {"code": stage.subject}}
        purpose = 'PROCUREMENT_CHECK;tender="T-1";lot="2";stage="S5"'

        status, answer, headers = await post(stage, body, token=stage.tokens["procurement"], Purpose=purpose)

        assert 200 == status
        assert answer["data"]["subject"]["records"]["nodes"]
        assert headers["hub-receipt"].endswith("@localhost/credit-exchange-hub/demo")
        assert "private, no-store" == headers["cache-control"]


class TestSearch:
    SEARCH = """query($n: String!, $f: Int!, $a: String) { searchSubjects(name: $n, first: $f, after: $a) {
        edges { cursor matchedBy node { code name } } pageInfo { hasNextPage endCursor } } }"""

    async def test_names_are_found_exactly_formerly_in_part_and_by_initials(self, stage):
        from schema.identifiers.names import initials

        public = of(stage, "public")
        whole = (await stage.ask(public))["data"]["subject"]["name"]
        renamed = stage.sandbox.world.subject(3)

        async def find(name):
            answer = await stage.ask(public, self.SEARCH, {"n": name, "f": 20})
            return [(edge["matchedBy"], edge["node"]["code"]) for edge in answer["data"]["searchSubjects"]["edges"]]

        assert ("EXACT", stage.subject) in await find(whole)
        assert ("CONTAINED", stage.subject) in await find(whole[2:-4])
        assert ("INITIALS", stage.subject) in await find(initials(whole)[:6])
        assert ("FORMER", renamed.code) in await find(renamed.former_name)
        assert [] == await find("查无此名之公司")

    async def test_pages_of_a_search_are_the_whole_search_once(self, stage):
        asker = of(stage, "procurement")
        seen, after = [], None
        while True:
            answer = await stage.ask(asker, self.SEARCH, {"n": "公司", "f": 7, "a": after})
            found = answer["data"]["searchSubjects"]
            seen += [edge["node"]["code"] for edge in found["edges"]]
            if not found["pageInfo"]["hasNextPage"]:
                break
            after = found["pageInfo"]["endCursor"]
        whole = await stage.ask(asker, self.SEARCH, {"n": "公司", "f": 200})

        assert [edge["node"]["code"] for edge in whole["data"]["searchSubjects"]["edges"]] == seen
        assert len(seen) == len(set(seen)) > 20

    @pytest.mark.parametrize(
        "variables",
        [{"n": "", "f": 5}, {"n": "长" * 201, "f": 5}, {"n": "公司", "f": 0}, {"n": "公司", "f": 5, "a": "x"}],
    )
    async def test_wrong_arguments_are_refused(self, stage, variables):
        answer = await stage.ask(of(stage, "public"), self.SEARCH, variables)

        assert "BAD_USER_INPUT" == answer["errors"][0]["extensions"]["code"]


class TestRefusals:
    QUESTION = "query($code: ID!) { subject(code: $code) { name } }"

    async def test_purpose_without_its_context_is_refused_and_named(self, stage):
        asker = Asker(name="procurement", label="", partner=None, purpose={"code": "PROCUREMENT_CHECK"})

        answer = await stage.ask(asker)

        assert "data" not in answer
        assert "PURPOSE_REQUIRED" == answer["errors"][0]["extensions"]["code"]
        assert ["lot", "stage", "tender"] == sorted(answer["errors"][0]["extensions"]["missing"])

    @pytest.mark.parametrize(
        ("name", "code", "rule"),
        [
            ("procurement", "SUPERVISION", "purpose.not_allowed"),
            ("public", "SELF_QUERY", "purpose.not_allowed"),
            ("public", "NO_SUCH", "purpose.unknown"),
        ],
    )
    async def test_purpose_that_is_not_the_callers_is_refused(self, stage, name, code, rule):
        answer = await stage.ask(Asker(name=name, label="", partner=None, purpose={"code": code}))

        assert rule == answer["errors"][0]["extensions"]["rule"]
        assert "data" not in answer

    @pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"])
    async def test_bad_token_is_an_error_never_the_public(self, stage, token):
        status, answer, headers = await post(stage, {"query": "{ me { actor } }"}, token=token)

        assert 401 == status
        assert "UNAUTHENTICATED" == answer["errors"][0]["extensions"]["code"]
        assert headers["www-authenticate"].startswith("Bearer")

    async def test_suspended_partner_is_refused_on_its_next_request(self, stage):
        from hub.identity.partners import Partners, PartnerState
        from hub.store.engine import open_engine

        engine = open_engine(stage.collecting.settings.database_url)
        before, _, _ = await post(stage, {"query": "{ me { actor } }"}, token=stage.tokens["department"])
        await Partners(engine).set_state("department", PartnerState.SUSPENDED)
        after, _, _ = await post(stage, {"query": "{ me { actor } }"}, token=stage.tokens["department"])
        await engine.dispose()

        assert (200, 401) == (before, after)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{", "BAD_USER_INPUT"),
            (b'{"query": 5}', "BAD_USER_INPUT"),
            (b'{"query": "{"}', "GRAPHQL_PARSE_FAILED"),
            (b'{"query": "{ nothing }"}', "GRAPHQL_VALIDATION_FAILED"),
            (b'{"query": "query($c: ID!) { subject(code: $c) { name } }", "variables": {"c": []}}', "BAD_USER_INPUT"),
            (b'{"query": "query($c: ID!) { subject(code: $c) { name } }"}', "BAD_USER_INPUT"),
            (b'{"query": "mutation { x }"}', "GRAPHQL_VALIDATION_FAILED"),
            (b'{"documentId": "sha256:' + b"0" * 64 + b'"}', "PERSISTED_QUERY_NOT_FOUND"),
            (b'[{"query": "{ __typename }"}]', "BAD_USER_INPUT"),
            (b'{"query": "' + b"{ a " * 3000 + b"}" * 3000 + b'"}', "GRAPHQL_PARSE_FAILED"),
            (b'{"query": "\\ud800"}', "BAD_USER_INPUT"),
            (b'{"query": "\xff"}', "BAD_USER_INPUT"),
        ],
    )
    async def test_bad_input_has_a_code_and_no_data(self, stage, body, code):
        status, answer, _ = await post(stage, body, accept="application/graphql-response+json")

        assert 400 == status
        assert code == answer["errors"][0]["extensions"]["code"]
        assert "data" not in answer

    async def test_too_many_codes_are_refused_with_the_bound(self, stage):
        question = "query($c: [ID!]!) { subjects(codes: $c) { name } }"

        answer = await stage.ask(of(stage, "public"), question, {"c": [stage.subject] * 501})

        assert "500" in answer["errors"][0]["message"]
        assert "data" not in answer

    async def test_oversize_body_is_refused_before_it_is_read(self, stage):
        status, answer, _ = await post(stage, b'{"query": "' + b"#" * 300_000 + b'"}')

        assert 413 == status
        assert "BAD_USER_INPUT" == answer["errors"][0]["extensions"]["code"]

    async def test_message_repeats_no_value_of_a_variable(self, stage):
        answer = await stage.ask(of(stage, "public"), self.QUESTION, {"code": {"secret": "13812345678"}})

        assert "13812345678" not in repr(answer)

    async def test_denied_filter_refuses_the_operation_and_is_logged(self, stage):
        question = """query($code: ID!) { subject(code: $code) {
            records(where: {fields: [{field: SUPPLIER_SANCTION_SANCTION_NO, equals: "x"}]}) { totalCount } } }"""

        answer = await stage.ask(of(stage, "public"), question)

        assert "data" not in answer
        assert "SupplierSanction.sanctionNo" == answer["errors"][0]["extensions"]["coordinate"]
        assert "denial" == answer["extensions"]["receipt"]["kind"]
        assert verify_receipt(answer["extensions"]["receipt"], [stage.vkey]).valid

    async def test_on_denied_reject_refuses_instead_of_answering_null(self, stage):
        body = {
            "query": "query($c: ID!) { subject(code: $c) { name records { nodes { ... on Grade { score } } } } }",
            "variables": {"c": stage.subject},
            "extensions": {"onDenied": "reject"},
        }

        _, refused, _ = await post(stage, body)
        _, wrong, _ = await post(stage, {**body, "extensions": {"onDenied": "ignore"}})

        assert "data" not in refused
        assert ["Grade.score"] == [error["extensions"]["coordinate"] for error in refused["errors"]]
        assert "BAD_USER_INPUT" == wrong["errors"][0]["extensions"]["code"]


class TestOpenQuestions:
    async def test_me_and_sources_tell_standing_and_freshness(self, stage):
        question = "{ me { actor purposes purpose policyVersion } sources { id state isLive lastSucceededAt } }"

        answer = await stage.ask(of(stage, "public"), question, {})

        assert "PU" == answer["data"]["me"]["actor"]
        states = {source["id"]: source["state"] for source in answer["data"]["sources"]}
        assert {"national": "FRESH", "cn-51-files": "FRESH", "cn-51-db": "FRESH", "jinjiang": "FRESH"} == states
        assert "extensions" not in answer
