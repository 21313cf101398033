"""Step 3: parsing, validation, coercion; every fault is a request error that repeats nothing of what was sent."""

import pytest

from hub.road.documents import CHARACTERS_EACH, Documents, RequestFaultError
from schema.catalogue import KINDS
from schema.graph.build import build_exchange
from schema.plan.gate import MAX_TOKENS


@pytest.fixture(scope="module")
def schema():
    return build_exchange(KINDS).schema


@pytest.fixture
def documents(schema):
    return Documents(schema, size=3)


def faults(documents, text, name=None, variables=None):
    with pytest.raises(RequestFaultError) as fault:
        documents.prepare(text, name, variables or {})
    return fault.value.errors


def codes(errors):
    return [error["extensions"]["code"] for error in errors]


class TestPrepare:
    def test_valid_document_is_prepared_with_its_digest(self, documents):
        prepared = documents.prepare("query Q { me { actor } }", None, {})

        assert "Q" == prepared.operation.name.value
        assert prepared.digest.startswith("sha256:")

    def test_document_is_parsed_once(self, documents):
        first = documents.prepare("{ me { actor } }", None, {})

        assert first.document is documents.prepare("{ me { actor } }", None, {}).document

    def test_cache_is_bounded_and_forgets_the_oldest(self, documents):
        first = documents.prepare("{ me { actor } }", None, {}).document
        for n in range(3):
            documents.prepare(f"{{ a{n}: me {{ actor }} }}", None, {})

        assert first is not documents.prepare("{ me { actor } }", None, {}).document

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "GRAPHQL_PARSE_FAILED"),
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ me { actor } ", "GRAPHQL_PARSE_FAILED"),
            ("{ " + "a " * MAX_TOKENS + "}", "GRAPHQL_PARSE_FAILED"),
            ("{ a " * 1500 + "}" * 1500, "GRAPHQL_PARSE_FAILED"),
            ("{ a " * 900 + "}" * 900, "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ me { actor } } { me { actor } }", "GRAPHQL_VALIDATION_FAILED"),
            ("fragment f on Query { me { actor } }", "GRAPHQL_VALIDATION_FAILED"),
            ("mutation { me { actor } }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { me { actor } }", "GRAPHQL_VALIDATION_FAILED"),
            ("query A { me { actor } } query B { me { actor } }", "GRAPHQL_VALIDATION_FAILED"),
        ],
    )
    def test_what_cannot_be_run_is_refused_with_its_code(self, documents, text, code):
        assert {code} == set(codes(faults(documents, text)))

    def test_deep_but_allowed_nesting_is_a_refusal_never_a_crash(self, documents):
        deep = '{ subject(code: "x") ' + "{ ... on CreditSubject " * 600 + "{ name }" + "}" * 601

        assert codes(faults(documents, deep))[0] in ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")

    def test_named_operation_must_exist(self, documents):
        assert ["GRAPHQL_VALIDATION_FAILED"] == codes(faults(documents, "query A { me { actor } }", "B"))

    def test_errors_of_one_document_are_bounded(self, documents):
        many = "{ " + " ".join(f"x{n}" for n in range(200)) + " }"

        assert 21 >= len(faults(documents, many))


class TestMessages:
    SECRET = "110105194912310021"

    @pytest.mark.parametrize(
        ("text", "variables"),
        [
            (f'{{ subject(code: {{secret: "{SECRET}"}}) {{ name }} }}', {}),
            ("query($c: [ID!]!) { subjects(codes: $c) { name } }", {"c": [{"x": SECRET}]}),
            ("query($c: ID!) { subject(code: $c) { name } }", {"c": [SECRET]}),
            (
                'query($f: RecordFilter) { subject(code: "x") { records(where: $f) { totalCount } } }',
                {"f": {SECRET: 1}},
            ),
        ],
    )
    def test_no_value_is_repeated(self, documents, text, variables):
        assert self.SECRET not in repr(faults(documents, text, None, variables))

    def test_no_suggestion_is_made(self, documents):
        assert "Did you mean" not in repr(faults(documents, "{ subjct }"))

    def test_wrong_variable_is_named_with_its_place(self, documents):
        (error,) = faults(documents, "query($code: ID!) { subject(code: $code) { name } }")

        assert ["variables", "code"] == error["extensions"]["place"]
        assert "BAD_USER_INPUT" == error["extensions"]["code"]


class TestAdmission:
    async def test_refused_document_is_refused_again_without_being_read(self, documents, monkeypatch):
        """Whoever sends the same nonsense again costs nothing, and gets the same errors."""
        told = []
        for _ in range(2):
            with pytest.raises(RequestFaultError) as refusal:
                await documents.admit("{ nothing }")
            told.append(refusal.value.errors)
            monkeypatch.setattr(documents, "_read", None)

        assert told[0] == told[1]

    async def test_admitted_document_is_found_by_prepare(self, documents, monkeypatch):
        await documents.admit("{ me { actor } }")
        monkeypatch.setattr(documents, "_read", None)

        assert documents.prepare("{ me { actor } }", None, {}).digest.startswith("sha256:")

    @pytest.mark.parametrize(
        "text",
        [
            '{ subject(code:"x" "110101199003078888"){name} }',
            '{ subject(code:"110101199003078888 ){name} }',
            "{ subject(code: 110101199003078888x){name} }",
            'query "110101199003078888" { me { actor } }',
            '{ me { actor } } """110101199003078888""" "110101199003078888"',
        ],
    )
    async def test_syntax_error_repeats_no_value(self, documents, text):
        with pytest.raises(RequestFaultError) as refusal:
            await documents.admit(text)

        assert "110101199003078888" not in str(refusal.value.errors)
        assert "GRAPHQL_PARSE_FAILED" == refusal.value.errors[0]["extensions"]["code"]

    async def test_memory_of_refusals_is_bounded_by_their_weight(self, documents):
        """A refusal may quote names as long as the document, so few large ones must not stay for ever."""
        for number in range(4):
            with pytest.raises(RequestFaultError):
                await documents.admit(f"{{ {'x' * 5_000}{number} }}")

        assert 0 < documents._refused.weight <= 3 * CHARACTERS_EACH
