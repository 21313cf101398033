"""A dossier is read whole, in two indexed reads, however many subjects are asked for."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select, text

from hub.ingest import store as memory
from hub.ingest.intake import Intake
from hub.rulebook import load_rules
from hub.store import tables
from hub.store.dossiers import Dossiers, records_statement
from hub.store.engine import reading, writing
from hub.store.subjects import SUBJECTS
from hub.store.tables import table_of
from schema.catalogue import KINDS, ListEntry, Penalty, Registration
from tests.hub.ingest.world import NOW, batch, code_of, list_entry, name_of, penalty, registration, row, site

ALL = frozenset(KINDS)


@pytest.fixture
async def filled(store):
    """Three subjects: the first with a registration, two penalties and a list entry, the others with one penalty."""
    async with writing(store) as writer:
        await memory.enrol_source(writer, site())
    intake = Intake(store, load_rules(), source="cn-51", region="51")
    batches = [
        batch([row(registration(former_names="锦江电力一公司;锦江电力二公司"))], "R", kind="Registration"),
        batch(
            [
                row(penalty(1, "甲1号"), 2),
                row(penalty(1, "乙2号"), 3),
                row(penalty(2, "丙3号"), 4),
                row(penalty(3, "丁4号"), 5),
            ],
            "P",
        ),
        batch([row(list_entry())], "L", kind="ListEntry"),
    ]
    for each in batches:
        await intake.take(intake.examine(each, now=NOW), after=None)
    return store


def statements_of(engine) -> list[str]:
    seen: list[str] = []

    def note(connection, cursor, statement, *rest):
        seen.append(re.sub(r"\s+", " ", statement))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    return seen


class TestRead:
    async def test_each_kind_comes_back_as_its_class_and_in_order(self, filled):
        dossier = (await Dossiers(filled).read([code_of(1)], ALL))[code_of(1)]

        assert [ListEntry, Penalty, Penalty, Registration] == [type(record.body) for record in dossier.records]
        assert sorted((record.kind, record.key) for record in dossier.records) == [
            (record.kind, record.key) for record in dossier.records
        ]

    async def test_only_the_kinds_asked_for_are_read(self, filled):
        dossiers = await Dossiers(filled).read([code_of(1), code_of(2)], frozenset({"ListEntry"}))

        assert {code_of(1): 1, code_of(2): 0} == {code: len(dossier.records) for code, dossier in dossiers.items()}

    async def test_a_dossier_of_many_is_two_statements_and_names_are_one_more(self, filled):
        seen = statements_of(filled)
        codes = [code_of(number) for number in range(300)]
        await Dossiers(filled).read(codes, ALL)
        two = [each for each in seen if each.startswith("SELECT")]
        seen.clear()
        await Dossiers(filled).read(codes, ALL, names=True)
        three = [each for each in seen if each.startswith("SELECT")]
        seen.clear()
        await Dossiers(filled).read(codes, frozenset())
        one = [each for each in seen if each.startswith("SELECT")]

        assert (2, 3, 1) == (len(two), len(three), len(one))
        assert "FROM subject WHERE" in two[0]
        assert "FROM record " in two[1]

    async def test_more_codes_than_a_statement_takes_are_all_read(self, filled):
        codes = [code_of(number) for number in range(2000)]

        assert {code_of(1), code_of(2), code_of(3)} == set(await Dossiers(filled).read(codes, ALL))

    @pytest.mark.parametrize(
        "code",
        [
            "",
            "91510100MA000001\x00\x00",
            "\ud800" * 18,
            "' OR 1=1 --       ",
            "９１５１０１００ＭＡ００００００１Ｘ",
            "9" * 18,
            "a" * 5000,
        ],
    )
    async def test_what_is_no_code_is_simply_not_there(self, filled, code):
        assert {} == await Dossiers(filled).read([code], ALL)
        assert await Dossiers(filled).find(code) is None

    async def test_no_codes_are_no_read(self, filled):
        seen = statements_of(filled)

        assert {} == await Dossiers(filled).read([], ALL)
        assert [] == [each for each in seen if each.startswith("SELECT")]

    async def test_a_kind_the_catalogue_does_not_have_has_no_records(self, filled):
        dossiers = await Dossiers(filled).read([code_of(1)], frozenset({"Rumour"}))

        assert () == dossiers[code_of(1)].records

    async def test_former_names_come_only_when_asked_and_never_with_the_present_one(self, filled):
        without = await Dossiers(filled).find(code_of(1))
        asked = await Dossiers(filled).find(code_of(1), names=True)

        assert () == without.former_names
        assert name_of(1) == asked.name
        assert {"锦江电力一公司", "锦江电力二公司"} == {former.name for former in asked.former_names}

    async def test_a_record_that_changes_between_the_two_reads_is_found_by_its_older_version(self, filled, monkeypatch):
        """The subject's version is read first: a dossier may carry an older version than its records, never a newer."""
        intake = Intake(filled, load_rules(), source="cn-51", region="51")
        dossiers = Dossiers(filled)
        original = dossiers._records_of

        async def overtaken(*asked):
            later = NOW + timedelta(hours=1)
            changed = batch([row(penalty(2, "丙3号", fine_amount="9.000000"), as_of=later)], "P2")
            await intake.take(intake.examine(changed, now=later), after="P")
            return await original(*asked)

        monkeypatch.setattr(dossiers, "_records_of", overtaken)
        read = (await dossiers.read([code_of(2)], ALL))[code_of(2)]
        now = await Dossiers(filled).find(code_of(2))

        assert "9.000000" == read.records[0].body.fine_amount
        assert read.subject.version < now.version


class TestPlans:
    @pytest.mark.parametrize("what", ["subjects", "records"])
    async def test_the_store_walks_the_primary_key(self, filled, what):
        statement = SUBJECTS if what == "subjects" else records_statement()
        values = {"codes": [code_of(1), code_of(2)], "kinds": sorted(ALL)}
        compiled = statement.params(values).compile(
            dialect=filled.dialect, compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        plan = await explain(filled, str(compiled))

        if filled.dialect.name == "sqlite":
            assert f"SEARCH {what[:-1]} USING INDEX sqlite_autoindex_{what[:-1]}_1" in plan
            assert "SCAN record" not in plan
        else:
            assert re.search(rf"Index (Only )?Scan using {what[:-1]}_pkey|Bitmap Index Scan on {what[:-1]}_pkey", plan)
            assert "Seq Scan on record" not in plan


async def explain(engine, statement: str) -> str:
    async with reading(engine) as reader:
        if reader.dialect == "postgresql":
            # A test's tables are too small for the planner to bother with an index; the question is whether it can.
            await reader.first(text("SELECT set_config('enable_seqscan', 'off', true)"))
            rows = await reader.rows(text("EXPLAIN " + statement.replace(":", "\\:")))
        else:
            rows = await reader.rows(text("EXPLAIN QUERY PLAN " + statement.replace(":", "\\:")))
    return "\n".join(" ".join(map(str, found)) for found in rows)


class TestKept:
    async def test_every_stored_body_reads_back(self, filled):
        async with reading(filled) as reader:
            kept = await reader.rows(select(table_of(tables.RecordVersion).c.kind))

        assert 6 == len(kept)
