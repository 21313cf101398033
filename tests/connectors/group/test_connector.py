"""The group's platform, asked live: what is in the question, and what an answer must be to count."""

import pytest

from connectors.errors import OperatorNeeded, RetryLater, StopStream
from connectors.sandbox import Sandbox
from tests.connectors.conftest import Open

UNKNOWN = "91510000XN0000000X"


def asked(sandbox: Sandbox):
    return [one for one in sandbox.group.asked if "Query.suppliers" in one.fields]


@pytest.fixture
def code(sandbox: Sandbox) -> str:
    return next(code for code in sandbox.world.showcase() if sandbox.group.records("SupplierSanction", code))


class TestLookup:
    async def test_asks_one_question_with_exactly_the_granted_fields(self, sandbox: Sandbox, opener: Open, code: str):
        """A field that was not granted never reaches the platform, whoever the subjects are."""
        connector = opener("jinjiang")
        codes = [code, *sandbox.world.showcase()]
        found = await connector.lookup(
            codes, {"SupplierSanction": ["sanction_kind", "starts_on"], "Performance": ["rating"]}, 5
        )
        await connector.close()
        (question,) = asked(sandbox)

        assert {
            "Query.suppliers", "SupplierAnswer.asOf", "SupplierAnswer.items", "Supplier.code",
            "Supplier.sanctions", "Sanction.sanctionKind", "Sanction.startsOn",
            "Supplier.performance", "Performance.rating",
        } == set(question.fields)  # fmt: skip
        assert list(dict.fromkeys(codes)) == list(question.codes)
        assert set(codes) == set(found.rows)
        (row, *_others) = found.rows[code]["SupplierSanction"]
        assert {"sanction_kind", "starts_on"} == set(row.values)
        assert {"sanction_kind": "sanctionKind", "starts_on": "startsOn"} == found.columns["SupplierSanction"]

    async def test_a_kind_without_a_granted_field_is_counted_and_not_read(
        self, sandbox: Sandbox, opener: Open, code: str
    ):
        connector = opener("jinjiang")
        found = await connector.lookup([code], {"SupplierSanction": []}, 5)
        await connector.close()

        assert {} == found.rows[code]["SupplierSanction"][0].values
        assert not any(field.startswith("Sanction.") for field in asked(sandbox)[0].fields)

    async def test_a_kind_that_was_not_asked_is_not_in_the_question(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        await connector.lookup([code], {"Performance": ["rating"]}, 5)
        await connector.close()

        assert "Supplier.sanctions" not in asked(sandbox)[0].fields

    async def test_an_unknown_code_is_present_with_no_rows(self, opener: Open):
        connector = opener("jinjiang")
        found = await connector.lookup([UNKNOWN], {"Performance": ["rating"]}, 5)
        await connector.close()

        assert {UNKNOWN: {}} == found.rows

    async def test_more_than_500_codes_are_several_questions_and_one_answer(self, sandbox: Sandbox, opener: Open):
        connector = opener("jinjiang")
        codes = [f"9151{number:014}" for number in range(1001)]
        found = await connector.lookup(codes, {"Performance": ["rating"]}, 10)
        await connector.close()

        assert [500, 500, 1] == sorted((len(one.codes) for one in asked(sandbox)), reverse=True)
        assert codes == sorted(found.rows)

    async def test_lists_and_booleans_are_text(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        found = await connector.lookup([code], {"SupplierSanction": ["permanent", "scope_units"]}, 5)
        await connector.close()
        values = found.rows[code]["SupplierSanction"][0].values

        assert values["permanent"] in {"0", "1", None}
        assert isinstance(values["scope_units"], str | None)

    @pytest.mark.parametrize(
        ("fault", "code_of_fault"),
        [
            ("down", "SRC_UNREACHABLE"),
            ("error", "SRC_HTTP_500"),
            ("html", "SRC_HTML"),
            ("half", "SRC_TRUNCATED"),
            ("cut", "SRC_BODY"),
        ],
    )
    async def test_a_fault_is_no_answer(
        self, sandbox: Sandbox, opener: Open, code: str, fault: str, code_of_fault: str
    ):
        connector = opener("jinjiang")
        sandbox.group.faults.on(fault)
        with pytest.raises(RetryLater, match=code_of_fault) as raised:
            await connector.lookup([code], {"Performance": ["rating"]}, 5)
        await connector.close()

        assert code not in str(raised.value)

    async def test_the_askers_deadline_holds_not_the_sites_timeout(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        sandbox.group.faults.on("slow", seconds=4)
        with pytest.raises(RetryLater, match="SRC_TIMEOUT"):
            await connector.lookup([code], {"Performance": ["rating"]}, 0.2)
        await connector.close()

    async def test_an_answer_about_other_subjects_never_lands_on_this_one(
        self, sandbox: Sandbox, opener: Open, code: str
    ):
        """A replayed answer is held against the codes that were asked."""
        connector = opener("jinjiang")
        other = next(each for each in sandbox.world.showcase() if each != code)
        await connector.lookup([other], {"SupplierSanction": ["sanction_no"]}, 5)
        sandbox.group.faults.on("replay")
        with pytest.raises(RetryLater, match="SRC_REPLAY"):
            await connector.lookup([code], {"SupplierSanction": ["sanction_no"]}, 5)
        await connector.close()

    async def test_a_replayed_answer_with_other_fields_is_refused(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        await connector.lookup([code], {"SupplierSanction": ["sanction_no"]}, 5)
        sandbox.group.faults.on("replay")
        with pytest.raises(RetryLater, match="SRC_SHAPE"):
            await connector.lookup([code], {"SupplierSanction": ["cause"]}, 5)
        await connector.close()

    async def test_a_wrong_key_needs_an_operator_and_is_not_told(self, opener: Open, code: str):
        connector = opener("jinjiang", JINJIANG_KEY="hunter2")
        with pytest.raises(OperatorNeeded, match="SRC_UNAUTHENTICATED") as raised:
            await connector.lookup([code], {"Performance": ["rating"]}, 5)
        await connector.close()

        assert "hunter2" not in str(raised.value)

    async def test_a_kind_the_site_does_not_have_is_refused(self, opener: Open, code: str):
        connector = opener("jinjiang")
        with pytest.raises(StopStream, match="SRC_NO_KIND"):
            await connector.lookup([code], {"Penalty": ["facts"]}, 5)
        await connector.close()

    async def test_no_codes_is_refused(self, opener: Open):
        connector = opener("jinjiang")
        with pytest.raises(StopStream, match="SRC_NO_CODE"):
            await connector.lookup([], {"Performance": ["rating"]}, 5)
        await connector.close()


class TestOpen:
    @pytest.mark.parametrize(
        "edit",
        [
            ('place = "sanctions"', 'place = "sanctions { id } x"'),
            ('place = "sanctions"\nbase = "api"', 'place = "sanctions"\nmap = { cause = "cause } __schema { x" }'),
            ('place = "performance"\n', 'place = "performance"\nrow_id = "id"\n'),
            ('kind = "Performance"', 'kind = "SupplierSanction"'),
            ('type = "bearer", secret = "env:JINJIANG_KEY"', 'type = "ed25519", public_key = "x", source_code = "y"'),
        ],
    )
    async def test_a_description_that_cannot_be_asked_is_refused_when_opened(self, opener: Open, edit: tuple[str, str]):
        """No text of a description is ever written into a question unless it is a GraphQL name."""
        with pytest.raises(OperatorNeeded):
            opener("jinjiang", edit)
