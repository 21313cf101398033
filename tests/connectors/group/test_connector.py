"""The group's platform, asked live: what is in the question, and what an answer must be to count."""

import pytest
from aiohttp import web

from connectors.errors import OperatorNeeded, RetryLater, StopStream
from connectors.sandbox import Sandbox
from tests.connectors.conftest import Open
from tests.connectors.servers import Handler, serving

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


GRANT = {"SupplierSanction": ["cause", "sanction_kind"], "Performance": ["rating"]}


class TestWhatIsSaidAgain:
    async def test_the_same_bytes_are_the_same_rows_and_the_platform_is_asked_all_the_same(
        self, sandbox: Sandbox, opener: Open, code: str
    ):
        """
        Reading is spared, asking is not: what the platform says now is what is told.
        """
        connector = opener("jinjiang")
        first, again = [await connector.lookup([code], GRANT, 5) for _ in range(2)]
        await connector.close()

        assert first.rows[code] is again.rows[code]
        assert 2 == len(asked(sandbox))

    async def test_the_same_in_another_company_is_the_same(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        alone = await connector.lookup([code], GRANT, 5)
        together = await connector.lookup([*sandbox.world.showcase(), UNKNOWN], GRANT, 5)
        await connector.close()

        assert alone.rows[code] is together.rows[code]

    async def test_what_was_remembered_is_what_a_first_reading_finds(self, sandbox: Sandbox, opener: Open):
        connector, fresh = opener("jinjiang"), opener("jinjiang")
        codes = sandbox.world.showcase()
        await connector.lookup(codes, GRANT, 5)
        again, first = await connector.lookup(codes, GRANT, 5), await fresh.lookup(codes, GRANT, 5)
        await connector.close()
        await fresh.close()

        assert first.rows == again.rows
        assert first.columns == again.columns

    async def test_one_changed_word_is_read_anew(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        first = await connector.lookup([code], GRANT, 5)
        row = sandbox.world.of("jinjiang", "SupplierSanction", code)[0]
        sandbox.world.correct(row, {"cause": "另一原因"})
        again = await connector.lookup([code], GRANT, 5)
        await connector.close()

        assert "另一原因" in {row.values["cause"] for row in again.rows[code]["SupplierSanction"]}
        assert first.rows[code] != again.rows[code]

    async def test_nothing_of_a_wider_question_is_in_the_answer_to_a_narrower_one(self, opener: Open, code: str):
        connector = opener("jinjiang")
        await connector.lookup([code], GRANT, 5)
        found = await connector.lookup([code], {"SupplierSanction": ["sanction_kind"]}, 5)
        await connector.close()

        assert {"SupplierSanction"} == set(found.rows[code])
        assert {"sanction_kind"} == {name for row in found.rows[code]["SupplierSanction"] for name in row.values}

    async def test_a_replay_is_refused_though_its_bytes_are_known(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        other = next(each for each in sandbox.world.showcase() if each != code)
        await connector.lookup([code], GRANT, 5)
        await connector.lookup([other], GRANT, 5)
        sandbox.group.faults.on("replay")
        with pytest.raises(RetryLater, match="SRC_REPLAY"):
            await connector.lookup([code], GRANT, 5)
        await connector.close()

    async def test_a_fault_leaves_nothing_behind_that_is_told_later(self, sandbox: Sandbox, opener: Open, code: str):
        connector = opener("jinjiang")
        sandbox.group.faults.on("cut", times=1)
        with pytest.raises(RetryLater, match="SRC_BODY"):
            await connector.lookup([code], GRANT, 5)
        found = await connector.lookup([code], GRANT, 5)
        await connector.close()

        assert found.rows[code]["SupplierSanction"]


def answering(*items: str, as_of: str = '"2026-11-20T04:00:00Z"', before: str = "") -> Handler:
    body = f'{{{before}"data":{{"suppliers":{{"asOf":{as_of},"items":[{",".join(items)}]}}}}}}'

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body.encode("utf-8", "surrogateescape"), content_type="application/json")

    return handler


def supplier(text: str) -> str:
    return f'{{"code":"{UNKNOWN}","performance":[{{"rating":{text}}}]}}'


class TestAnswer:
    """The same answer by the short way and by the long one, and what is none by both."""

    async def read(self, opener: Open, handler: Handler):
        async with serving(handler) as base_url:
            connector = opener("jinjiang", JINJIANG_URL=base_url)
            try:
                found = await connector.lookup([UNKNOWN], {"Performance": ["rating"]}, 5)
            finally:
                await connector.close()
        (row,) = found.rows[UNKNOWN]["Performance"]
        return row.values["rating"], row.fault

    @pytest.mark.parametrize(
        ("text", "value", "fault"),
        [
            ('"良好"', "良好", None), ("null", None, None), ("true", "1", None), ('["甲","乙"]', "甲;乙", None),
            ("1.10", "1.10", None), ("-0", "-0", None), ("12345678901234567890123", "12345678901234567890123", None),
            ('"\\u826f\\u597d"', "良好", None), ('"\\ud800"', "\ufffd" * 3, "RW01"), ("[1, {}]", None, "RW01"),
        ],
    )  # fmt: skip
    async def test_a_value_is_text_as_the_platform_wrote_it(self, opener: Open, text: str, value, fault):
        assert (value, fault) == await self.read(opener, answering(supplier(text)))

    async def test_no_errors_may_be_written_out(self, opener: Open):
        assert "良好" == (await self.read(opener, answering(supplier('"良好"'), before='"errors":[],')))[0]

    @pytest.mark.parametrize(
        ("handler", "code"),
        [
            (answering(supplier("NaN")), "SRC_BODY"), (answering(supplier("1e")), "SRC_BODY"),
            (answering(supplier('"\udcff"')), "SRC_BODY"), (answering(supplier('"a\nb"')), "SRC_BODY"),
            (answering("[" * 5000), "SRC_BODY"), (answering(supplier('"x"'), "null"), "SRC_REPLAY"),
            (answering(), "SRC_REPLAY"), (answering("[]"), "SRC_REPLAY"), (answering('{"code":"X"}'), "SRC_REPLAY"),
            (answering(f'{{"code":"{UNKNOWN}"}}'), "SRC_SHAPE"),
            (answering(f'{{"code":"{UNKNOWN}","performance":null}}'), "SRC_SHAPE"),
            (answering(f'{{"code":"{UNKNOWN}","performance":[{{}}]}}'), "SRC_SHAPE"),
            (answering(supplier('"x"'), as_of="null"), "SRC_SHAPE"),
            (answering(supplier('"x"'), as_of="7"), "SRC_SHAPE"),
            (answering(supplier('"x"'), as_of='"today"'), "SRC_SHAPE"),
            (answering(supplier('"x"'), as_of='"2026-11-20T04:00:00"'), "SRC_SHAPE"),
            (answering(supplier('"x"'), before='"errors":[{"message":"x"}],'), "SRC_PARTIAL"),
            (answering(supplier('"x"'), before='"errors":"x",'), "SRC_PARTIAL"),
        ],
    )  # fmt: skip
    async def test_what_is_no_whole_answer_is_none(self, opener: Open, handler: Handler, code: str):
        with pytest.raises(RetryLater, match=code) as raised:
            await self.read(opener, handler)

        assert UNKNOWN not in str(raised.value)


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
