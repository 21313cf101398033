"""Organisations are found by name, each once, in an order that can be paged through."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.store import tables
from hub.store.engine import open_engine, writing
from hub.store.search import Reach, search
from hub.store.tables import table_of
from schema.identifiers.names import initials, name_key
from schema.identifiers.search import Way, search_terms, way_found
from tests.hub.ingest.world import code_of

AT = "2026-11-20T00:00:00.000000Z"
NAMES = {
    1: ("四川锦江电力工程有限公司", ["成都锦江电力安装公司"]),
    2: ("四川锦江电力工程有限公司", []),
    3: ("四川锦江电力工程有限公司成都分公司", []),
    4: ("成都锦江电力安装公司", ["四川锦江电力工程有限公司"]),
    5: ("重庆长江燃气有限公司", ["100%可再生_能源公司"]),
    6: ("JJDL新能源（四川）有限公司", []),
    7: ("四川省煤田地质局", []),
}


def subject(number: int, name: str) -> dict[str, object]:
    return {
        "code": code_of(number),
        "name": name,
        "name_key": name_key(name),
        "initials": initials(name),
        "organisation_code": None,
        "registration_no": None,
        "parent_code": None,
        "region": None,
        "sector": None,
        "status": None,
        "version": 1,
        "first_seen_at": AT,
        "changed_at": AT,
    }


def former(number: int, name: str) -> dict[str, object]:
    return {
        "subject_code": code_of(number),
        "name_key": name_key(name),
        "name": name,
        "initials": initials(name),
        "valid_from": None,
        "valid_to": None,
        "source": "cn-51",
    }


def source(name: str, owner: str, *, live: bool) -> dict[str, object]:
    return {
        "id": name,
        "connector": "service",
        "name_zh": name,
        "name_en": name,
        "owner_code": owner,
        "region": None,
        "rank": 1,
        "live": live,
        "max_age_s": 1,
        "last_tried_at": None,
        "last_succeeded_at": None,
        "last_error": None,
    }


def record(number: int, source: str, authority: str | None) -> dict[str, object]:
    nothing = dict.fromkeys(column.name for column in table_of(tables.Record).columns)
    return nothing | {
        "subject_code": code_of(number),
        "kind": "Penalty",
        "record_key": "k",
        "version": 1,
        "digest": "sm3:00",
        "source": source,
        "batch_id": "B-1",
        "as_of": AT,
        "received_at": AT,
        "state": "PUBLISHED",
        "authority": authority,
        "objected": False,
        "published": True,
        "link_method": "uscc",
        "link_confidence": 1.0,
        "catalogue_version": "2026.11",
        "body": b"",
    }


async def fill(engine) -> None:
    async with writing(engine) as writer:
        await writer.insert(table_of(tables.Subject), [subject(number, name) for number, (name, _) in NAMES.items()])
        await writer.insert(
            table_of(tables.SubjectName),
            [former(number, name) for number, (_, names) in NAMES.items() for name in names],
        )


@pytest.fixture
async def named(store):
    await fill(store)
    return store


async def found(engine, query, limit=50, after=None):
    page = await search(engine, query, limit, after)
    return [(hit.match.name, hit.subject.code) for hit in page.hits]


class TestSearch:
    async def test_exact_then_former_then_contained(self, named):
        assert [
            ("EXACT", code_of(1)),
            ("EXACT", code_of(2)),
            ("FORMER", code_of(4)),
            ("CONTAINED", code_of(3)),
        ] == await found(named, "四川锦江电力工程有限公司")

    @pytest.mark.parametrize(
        "query", ["四川錦江電力工程有限公司", " 四川锦江 电力工程有限公司", "四川锦江电力工程有限公司\u3000"]
    )
    async def test_how_a_name_is_typed_does_not_count(self, named, query):
        assert [("EXACT", code_of(1)), ("EXACT", code_of(2))] == (await found(named, query))[:2]

    async def test_initials_find_names_by_sound_and_letters_in_a_name_come_first(self, named):
        hits = await found(named, "jjdl")

        assert ("CONTAINED", code_of(6)) == hits[0]
        assert {("INITIALS", code_of(number)) for number in (1, 2, 3, 4)} == set(hits[1:])

    async def test_a_phrase_is_read_as_people_read_it(self, named):
        assert [("INITIALS", code_of(5))] == await found(named, "cqcj")

    @pytest.mark.parametrize(
        "query", ["", " ", "%", "_", "川", "\x00", "四川\x00", "\ud800", "四川\ud83d", "'; DROP TABLE subject; --"]
    )
    async def test_what_can_be_no_name_finds_nothing_and_breaks_nothing(self, named, query):
        assert [] == await found(named, query)

    async def test_every_way_is_listed_for_who_shows_less_than_the_store_knows(self, named):
        """Whose former name is hidden stands where the present one puts it: so both places are told."""
        page = await search(named, "四川锦江电力工程有限公司", 50, reach=Reach(every_way=True))

        told = [(hit.match.name, hit.subject.code) for hit in page.hits]
        assert [("EXACT", code_of(1)), ("EXACT", code_of(2)), ("FORMER", code_of(4))] == told[:3]
        assert {("CONTAINED", code_of(number)) for number in (1, 2, 3)} == set(told[3:])

    async def test_who_reads_own_rows_only_searches_among_them_only(self, named):
        owner, authority = "91510100MA6JJ0000X", "91510100MA6JJ0001X"
        async with writing(named) as writer:
            await writer.insert(table_of(tables.Source), [source("cn-51", owner, live=False)])
            await writer.insert(table_of(tables.Record), [record(1, "cn-51", None), record(3, "other", authority)])

        async def own(organisation):
            page = await search(named, "锦江电力", 50, reach=Reach(own=organisation))
            return [hit.subject.code for hit in page.hits]

        assert [] == await own("91510100MA6JJ0002X")
        assert [code_of(1)] == await own(owner)
        assert [code_of(3)] == await own(authority)

    async def test_the_owner_of_a_live_source_may_have_rows_of_anybody(self, named):
        owner = "91510100MA6JJ0000X"
        async with writing(named) as writer:
            await writer.insert(table_of(tables.Source), [source("cn-51", owner, live=True)])
        page = await search(named, "锦江电力", 50, reach=Reach(own=owner))

        assert {hit.subject.code for hit in (await search(named, "锦江电力", 50)).hits} == {
            hit.subject.code for hit in page.hits
        }

    @pytest.mark.parametrize("query", ["四%公司", "四川__电力", "锦江\\电力"])
    async def test_signs_of_the_query_language_mean_themselves(self, named, query):
        assert [] == await found(named, query)

    async def test_a_former_name_with_such_signs_is_found_by_itself(self, named):
        assert [("FORMER", code_of(5))] == await found(named, "100%可再生_能源公司")

    async def test_a_page_is_never_longer_than_asked(self, named):
        page = await search(named, "锦江电力", 2)

        assert (2, True) == (len(page.hits), page.has_more)

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
    async def test_pages_of_any_size_give_every_hit_once_and_in_order(self, named, limit):
        whole = await found(named, "jjdl")
        pages, after = [], None
        while True:
            page = await search(named, "jjdl", limit, after)
            pages += [(hit.match.name, hit.subject.code) for hit in page.hits]
            if not page.has_more:
                break
            after = page.hits[-1].position

        assert whole == pages

    async def test_both_stores_find_what_the_pure_rule_finds(self, named):
        for query in ("锦江电力", "四川", "jj", "cd", "公司", "成都锦江电力安装公司", "长江", "nonsense", "dlgc"):
            terms = search_terms(query)
            expected = {}
            for number, (name, formers) in NAMES.items():
                way = way_found(terms, key=name_key(name), former_keys=map(name_key, formers), initials=initials(name))
                if way is not None:
                    expected[code_of(number)] = way
            assert [
                (way.name, code) for code, way in sorted(expected.items(), key=lambda item: (item[1], item[0]))
            ] == await found(named, query), query


class TestAnyText:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
    @given(st.text(max_size=12))
    async def test_no_text_breaks_the_search(self, store_url, query):
        engine = open_engine(store_url)
        page = await search(engine, query, 3)
        await engine.dispose()

        assert all(hit.match in Way for hit in page.hits)
