"""`accessPreview` over the wire: what it says of a question is what the question gets, in both executors."""

import aiohttp
import orjson
import pytest

from bench import hubs, world
from bench.question import PROFILE, PURPOSE
from tests.journeys.serving import serving

CODE = world.code_of(3)
PREVIEW = """query($document: String!, $variables: String, $name: String) {
  accessPreview(document: $document, variables: $variables, operationName: $name) {
    purpose policyVersion rows bytes sources
    problems { message code coordinate rule }
    coordinates { coordinate outcome mask rule requiredTier }
  } %s
}"""
HIDDEN = "query($code: ID!) { subject(code: $code) { name records { nodes { ... on Penalty { personIdNo facts } } } } }"
FILTERED = """query($code: ID!) {
  subject(code: $code) { records(where: { fields: [{ field: ARREARS_DUE_ON, equals: "1" }] }) { totalCount } }
}"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    directory = tmp_path_factory.mktemp("preview")
    url = hubs.sqlite_store(directory, "store")
    hubs.run(world.store_world(url, range(10), world.PER_SUBJECT))
    store = hubs.admit(url, directory)
    with serving(
        directory, store.url, HUB_TOKEN_LIFETIME_S="3600", HUB_COST_ROWS_MAX="5000", HUB_UNSAFE_BEARER_TOKENS="true"
    ) as serving_hub:
        yield serving_hub.url, store.token


async def ask(hub, document: str, variables: dict | None = None, *, purpose=PURPOSE, token=True) -> dict:
    url, secret = hub
    headers = {"authorization": f"Bearer {secret}"} if token else {}
    body = {"query": document, "variables": variables or {}, "extensions": {"purpose": purpose} if purpose else {}}
    async with aiohttp.ClientSession() as session, session.post(f"{url}/graphql", json=body, headers=headers) as got:
        return orjson.loads(await got.read())


async def preview(hub, document: str, variables: object = None, **how) -> dict:
    """The compiled executor's answer, after the reference executor (which introspection asks for) said the same."""
    text = variables if isinstance(variables, str | None) else orjson.dumps(variables).decode()
    asked = {"document": document, "variables": text, **({"name": how.pop("name")} if "name" in how else {})}
    told = await ask(hub, PREVIEW % "", asked, **how)
    by_reference = await ask(hub, PREVIEW % "__schema { queryType { name } }", asked, **how)
    assert told["data"]["accessPreview"] == by_reference["data"]["accessPreview"]
    return told["data"]["accessPreview"]


class TestWhatItSays:
    async def test_is_what_the_question_gets(self, hub):
        told = await preview(hub, HIDDEN, {"code": CODE})
        answer = await ask(hub, HIDDEN, {"code": CODE})
        outcomes = {each["coordinate"]: each["outcome"] for each in told["coordinates"]}

        assert {"CreditSubject.name": "CLEAR", "Penalty.personIdNo": "DENIED", "Penalty.facts": "CLEAR"} == outcomes
        (error,) = answer["errors"]
        (denied,) = [each for each in told["coordinates"] if each["outcome"] == "DENIED"]
        extensions = error["extensions"]
        assert (extensions["coordinate"], extensions["rule"]) == (denied["coordinate"], denied["rule"])
        assert extensions["requiredTier"] == denied["requiredTier"]

    async def test_the_public_is_told_of_its_masks(self, hub):
        told = await preview(hub, HIDDEN, {"code": CODE}, purpose=None, token=False)
        (facts,) = [each for each in told["coordinates"] if each["coordinate"] == "Penalty.facts"]

        assert ("MASKED", "m4") == (facts["outcome"], facts["mask"])
        assert "PUBLIC_LOOKUP" == told["purpose"]

    async def test_predicts_what_the_gate_would_count(self, hub):
        told = await preview(hub, PROFILE, {"code": CODE})

        assert [] == told["problems"]
        assert 0 < told["rows"] < told["bytes"]

    async def test_tells_nothing_of_what_is_on_file(self, hub):
        """A subject with thirty records and one nobody ever heard of are previewed alike."""
        assert await preview(hub, PROFILE, {"code": CODE}) == await preview(hub, PROFILE, {"code": world.code_of(999)})

    async def test_writes_no_receipt(self, hub):
        answer = await ask(hub, PREVIEW % "", {"document": HIDDEN, "variables": orjson.dumps({"code": CODE}).decode()})

        assert "extensions" not in answer

    async def test_one_document_may_hold_several(self, hub):
        a, b = "{ me { actor } }", "{ sources { id } }"
        answer = await ask(
            hub,
            "query($a: String!, $b: String!) { a: accessPreview(document: $a) { rows }"
            " b: accessPreview(document: $b) { rows problems { code } } }",
            {"a": a, "b": b},
        )

        assert [] == answer["data"]["b"]["problems"]
        assert answer["data"]["a"]["rows"] != answer["data"]["b"]["rows"]


class TestProblems:
    @pytest.mark.parametrize(
        ("document", "variables", "code"),
        [
            ("{", None, "GRAPHQL_PARSE_FAILED"),
            ("{ nonsense }", None, "GRAPHQL_VALIDATION_FAILED"),
            ("mutation { me }", None, "GRAPHQL_VALIDATION_FAILED"),
            (HIDDEN, None, "BAD_USER_INPUT"),
            (HIDDEN, "[1]", "BAD_USER_INPUT"),
            (HIDDEN, "{", "BAD_USER_INPUT"),
            (HIDDEN, {"code": 1.5}, "BAD_USER_INPUT"),
            ("query($c: [ID!]!) { subjects(codes: $c) { name } }", {"c": [CODE] * 501}, "BAD_USER_INPUT"),
            (
                "query($c: [ID!]!) { subjects(codes: $c) { records(first: 200) { edges { cursor } nodes { id } } } }",
                {"c": [CODE] * 500},
                "COST_ESTIMATED_TOO_EXPENSIVE",
            ),
        ],
    )
    async def test_question_that_would_be_refused_says_why(self, hub, document, variables, code):
        told = await preview(hub, document, variables)

        assert [code] == [problem["code"] for problem in told["problems"]]
        refused = await ask(hub, document, variables if isinstance(variables, dict) else {})
        assert code == refused["errors"][0]["extensions"]["code"]

    async def test_argument_that_may_not_be_named_is_named_with_its_rule(self, hub):
        (problem,) = (await preview(hub, FILTERED, {"code": CODE}, purpose=None, token=False))["problems"]
        refused = await ask(hub, FILTERED, {"code": CODE}, purpose=None, token=False)

        told = {name: problem[name] for name in ("code", "coordinate", "rule")}
        assert told == {name: refused["errors"][0]["extensions"][name] for name in told}
        assert "Arrears.dueOn" == problem["coordinate"]

    async def test_unknown_operation_is_a_problem(self, hub):
        told = await preview(hub, "query A { me { actor } }", name="B")

        assert ["GRAPHQL_VALIDATION_FAILED"] == [problem["code"] for problem in told["problems"]]

    async def test_more_than_five_in_one_question_are_refused(self, hub):
        roots = " ".join(f"p{number}: accessPreview(document: $d) {{ rows }}" for number in range(6))

        answer = await ask(hub, f"query($d: String!) {{ {roots} }}", {"d": "{ me { actor } }"})

        assert "BAD_USER_INPUT" == answer["errors"][0]["extensions"]["code"]
        assert "data" not in answer

    async def test_incomplete_purpose_refuses_the_preview_as_it_would_the_question(self, hub):
        answer = await ask(hub, PREVIEW % "", {"document": HIDDEN}, purpose={"code": "ADMIN_APPROVAL"})

        assert "purpose.context" == answer["errors"][0]["extensions"]["rule"]
