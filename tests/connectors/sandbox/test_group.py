import re
from pathlib import Path

import pytest

from connectors.sandbox.columns import documentation
from connectors.sandbox.dirt import RATES, UNIT_SLIP_RATE
from connectors.sandbox.faults import KINDS as KINDS_OF_FAULT
from connectors.sandbox.group import SDL
from connectors.sandbox.province import FAULTS
from schema.catalogue import KINDS
from schema.catalogue.model import fields_of

DOSSIER = """query ($codes: [String!]!) {
  suppliers(codes: $codes) { asOf items { code name sanctions { sanctionKind endsOn } performance { rating } } }
}"""


class TestAnswers:
    async def test_suppliers_in_the_order_asked_with_null_for_the_unknown(self, hub, sandbox):
        full, clean, *_ = sandbox.world.showcase()

        answer = await hub.ask(DOSSIER, codes=[clean, "91510100XN00000000", full, clean])

        items = answer["data"]["suppliers"]["items"]
        assert [clean, None, full, clean] == [item and item["code"] for item in items]
        assert [] == items[0]["sanctions"]
        assert "暂停中标资格" == items[2]["sanctions"][0]["sanctionKind"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["data"]["suppliers"]["asOf"])

    async def test_a_withdrawn_sanction_is_gone_from_the_next_answer(self, hub, sandbox):
        code = sandbox.world.showcase()[0]
        sandbox.world.withdraw(sandbox.world.of("jinjiang", "SupplierSanction", code)[0])

        assert [] == (await hub.ask(DOSSIER, codes=[code]))["data"]["suppliers"]["items"][0]["sanctions"]

    async def test_every_field_of_a_record_has_its_type(self, hub, sandbox):
        fields = " ".join(re.findall(r"^  (\w+):", SDL.split("type Sanction {")[1].split("}")[0], re.MULTILINE))
        query = f"query ($codes: [String!]!) {{ suppliers(codes: $codes) {{ items {{ sanctions {{ {fields} }} }} }} }}"

        answer = await hub.ask(query, codes=list(sandbox.world.showcase()))

        assert "errors" not in answer
        assert answer["data"]["suppliers"]["items"][7]["sanctions"][0]["bribery"] is True


class TestRefusals:
    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "jj"}])
    async def test_without_its_key_nobody_is_answered(self, hub, http, header):
        async with http.post(hub.buyer["graphql"], json={"query": "{now}"}, headers=header) as response:
            assert 401 == response.status
            assert "UNAUTHENTICATED" == (await response.json())["errors"][0]["extensions"]["code"]

    async def test_more_than_500_codes(self, hub, sandbox):
        answer = await hub.ask(DOSSIER, codes=[sandbox.world.showcase()[0]] * 501)

        assert "BAD_USER_INPUT" == answer["errors"][0]["extensions"]["code"]

    @pytest.mark.parametrize(
        "body", ["", "[]", "null", "{", '{"query": 1}', '{"query": "{ nothing }"}', '{"query": "{"}']
    )
    async def test_a_malformed_question(self, hub, http, body):
        headers = {"Authorization": f"Bearer {hub.buyer['key']}"}
        async with http.post(hub.buyer["graphql"], data=body, headers=headers) as response:
            assert 400 == response.status
            assert (await response.json())["errors"]

    async def test_what_was_asked_is_for_the_admin_only(self, hub, http):
        headers = {"Authorization": f"Bearer {hub.buyer['key']}"}
        async with http.get(f"{hub.buyer['base_url']}/_asked", headers=headers) as response:
            assert 401 == response.status


class TestAsked:
    async def test_it_remembers_exactly_the_fields_it_was_asked_for(self, hub, sandbox, http):
        """Others count on this to prove that a denied field was never asked of the source."""
        code = sandbox.world.showcase()[0]
        query = """query ($codes: [String!]!) { suppliers(codes: $codes) { items { ...S } } }
        fragment S on Supplier { sanctions { kind: sanctionKind } }"""
        await hub.ask(query, codes=[code])
        headers = {"Authorization": f"Bearer {hub.buyer['admin_token']}"}
        async with http.get(f"{hub.buyer['base_url']}/_asked", headers=headers) as response:
            told = await response.json()
        async with http.delete(f"{hub.buyer['base_url']}/_asked", headers=headers) as response:
            left = await response.json()

        assert [
            {
                "query": query,
                "variables": {"codes": [code]},
                "fields": ["Query.suppliers", "Sanction.sanctionKind", "Supplier.sanctions", "SupplierAnswer.items"],
                "codes": [code],
            }
        ] == told["queries"]
        assert [] == left["queries"] == sandbox.group.asked


class TestDocumentation:
    """docs/sandbox.md is what connectors are written from: it must say what the code does."""

    page = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")

    def between(self, name: str) -> str:
        return self.page.split(f"<!-- {name}:begin -->\n")[1].split(f"<!-- {name}:end -->")[0]

    def test_the_columns_are_the_codes(self):
        assert documentation().strip() == self.between("columns").strip()

    def test_the_schema_is_the_codes(self):
        assert f"```graphql\n{SDL}```" == self.between("sdl").strip()

    @pytest.mark.parametrize(("kind", "type_name"), [("SupplierSanction", "Sanction"), ("Performance", "Performance")])
    def test_the_groups_fields_are_the_catalogues(self, kind, type_name):
        told = re.findall(r"^  (\w+):", SDL.split(f"type {type_name} {{")[1].split("}")[0], re.MULTILINE)

        assert [spec.api_name for spec in fields_of(KINDS[kind])] == told[2:]

    def test_every_kind_of_dirt_is_documented_at_its_rate(self):
        for label, rate, _ in (*RATES, ("unit_slip", UNIT_SLIP_RATE, None)):
            assert re.search(rf"^\| `{label}`.* \| {rate} \|", self.page, re.MULTILINE), label

    @pytest.mark.parametrize("fault", FAULTS + KINDS_OF_FAULT)
    def test_every_fault_is_documented(self, fault):
        assert f"| `{fault}` |" in self.page
