"""What an attack on the running hub found, each as a promise that it does not come back."""

import asyncio
import time

import aiohttp
import pytest

from schema.identifiers.names import initials
from tests.journeys.test_exchange import of, post

pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


class TestNullVariables:
    @pytest.mark.parametrize(
        ("query", "variables"),
        [
            ('query($f: Int) { searchSubjects(name: "x", first: $f) { nodes { code } } }', {"f": None}),
            ("query($v: Boolean = true) { me @skip(if: $v) { actor } }", {"v": None}),
            ("query($v: Boolean = true) { me @include(if: $v) { actor } }", {"v": None}),
        ],
    )
    async def test_null_where_none_is_taken_is_the_askers_fault(self, stage, query, variables):
        status, answer, _ = await post(
            stage, {"query": query, "variables": variables}, accept="application/graphql-response+json"
        )

        assert 400 == status
        assert "BAD_USER_INPUT" == answer["errors"][0]["extensions"]["code"]


class TestNames:
    FACE = "query($c: ID!) { subject(code: $c) { name formerNames { name } timeline { event } } }"
    SEARCH = """query($n: String!) { searchSubjects(name: $n, first: 2) {
        edges { matchedBy node { code } } pageInfo { hasNextPage endCursor } } }"""

    async def test_former_names_are_told_where_they_are_asked_for(self, stage):
        renamed = stage.sandbox.world.subject(3)

        face = (await stage.ask(of(stage, "public"), self.FACE, {"c": renamed.code}))["data"]["subject"]

        assert [renamed.former_name] == [one["name"] for one in face["formerNames"]]
        assert "seen" not in [one["event"] for one in face["timeline"]]

    async def test_self_query_finds_only_the_asker_itself(self, stage):
        """
        A search under SELF_QUERY must not tell, by a page or its end, which other names are on file.
        """
        own = stage.sandbox.world.subject(0)

        async def search(name):
            return (await stage.ask(of(stage, "subject"), self.SEARCH, {"n": name}))["data"]["searchSubjects"]

        common, absent = await search("电力"), await search("电查无此力")
        assert [own.code] == [edge["node"]["code"] for edge in common["edges"]]
        assert common["pageInfo"]["hasNextPage"] is False
        assert ([], False) == (absent["edges"], absent["pageInfo"]["hasNextPage"])
        assert "INITIALS" == (await search(initials(own.name)[:5]))["edges"][0]["matchedBy"]


class TestFlood:
    async def test_aliases_of_many_subjects_are_refused(self, stage):
        aliases = " ".join(f"a{n}: subjects(codes: $c) {{ name }}" for n in range(130))

        answer = await stage.ask(
            of(stage, "procurement"), f"query($c: [ID!]!) {{ {aliases} }}", {"c": [stage.subject] * 500}
        )

        assert "data" not in answer
        assert "mentions" in answer["errors"][0]["message"]

    async def test_many_lists_under_many_subjects_are_refused(self, stage):
        lists = " ".join(f"r{n}: records {{ totalCount }}" for n in range(60))

        answer = await stage.ask(
            of(stage, "procurement"),
            f"query($c: [ID!]!) {{ subjects(codes: $c) {{ {lists} }} }}",
            {"c": [stage.subject] * 400},
        )

        assert "data" not in answer
        assert "COST_ESTIMATED_TOO_EXPENSIVE" == answer["errors"][0]["extensions"]["code"]

    async def test_large_answer_does_not_keep_others_waiting_for_its_end(self, stage):
        """
        While a large answer is made, another asker is answered before it is done.
        """
        codes = [stage.subject] * 400
        large = """query($c: [ID!]!) { subjects(codes: $c) { name
            records(first: 50) { nodes { id kind day provenance { source asOf } } } } }"""
        ended: dict[str, float] = {}

        async def ask_large():
            await stage.ask(of(stage, "procurement"), large, {"c": codes})
            ended["large"] = time.monotonic()

        async def ask_health():
            await asyncio.sleep(0)
            async with aiohttp.ClientSession() as session, session.get(f"{stage.url}/healthz") as response:
                await response.read()
            ended["health"] = time.monotonic()

        await asyncio.gather(ask_large(), ask_health())

        assert ended["health"] < ended["large"]


class TestMemory:
    async def test_receipt_does_not_tell_whom_others_asked_about(self, stage):
        """
        What is found in memory is answered sooner, never in another place: subjects stand in the order of mention.
        """
        codes = list(stage.subjects[:6])
        await stage.ask(of(stage, "department"), "query($c: ID!) { subject(code: $c) { name } }", {"c": codes[4]})
        answer = await stage.ask(
            of(stage, "procurement"), "query($c: [ID!]!) { subjects(codes: $c) { name } }", {"c": codes}
        )
        told = answer["extensions"]["receipt"]["opening"]["subjects"]["value"]

        assert len(told) > 1
        assert [code for code in codes if code in told] == told

    async def test_filter_of_many_conditions_is_refused_before_any_record_is_held_against_it(self, stage):
        conditions = [{"field": "PENALTY_DECIDED_ON", "atLeast": "2026-01-01"}] * 51
        answer = await stage.ask(
            of(stage, "public"),
            "query($c: ID!, $w: RecordFilter) { subject(code: $c) { records(where: $w) { totalCount } } }",
            {"c": stage.subject, "w": {"fields": conditions}},
        )

        assert "data" not in answer
        assert ("BAD_USER_INPUT", "where: expected at most 50 conditions, got 51.") == (
            answer["errors"][0]["extensions"]["code"],
            answer["errors"][0]["message"],
        )
