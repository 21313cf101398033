"""A dossier is read whole, in one indexed statement, however many subjects are asked for, and kept whole."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from hub.ingest import store as memory
from hub.ingest.intake import Intake
from hub.rulebook import load_rules
from hub.store import tables
from hub.store.dossiers import Dossiers
from hub.store.engine import reading, writing
from hub.store.epochs import EpochMissingError, Epochs
from hub.store.tables import table_of
from hub.store.threads import ReadThreads
from hub.store.whole import Part, bound, dossiers_statement, written
from schema.catalogue import KINDS, ListEntry, Penalty, Registration
from tests.hub.ingest.world import NOW, batch, code_of, list_entry, name_of, penalty, registration, row, site
from tests.support.sealing import sealing_in

ALL = frozenset(KINDS)
STEP = """
    INSERT INTO subject_event (subject_code, event_id, event, day, detail, source, recorded_at)
    VALUES (:code, :id, 'status', :day, '{}', 'cn-51', '2026')
"""


@pytest.fixture
async def filled(store):
    """Three subjects: the first with a registration, two penalties and a list entry, the others with one penalty."""
    async with writing(store) as writer:
        await memory.enrol_source(writer, site())
    intake = Intake(store, load_rules(), source="cn-51", region="51", sealing=sealing_in())
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


class Counted(Dossiers):
    """Dossiers that tell how often the store was read: one statement each time."""

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.reads: list[int] = []

    async def _fetch(self, codes, kinds, part):
        self.reads.append(len(codes))
        return await super()._fetch(codes, kinds, part)


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

    async def test_no_codes_are_no_dossiers(self, filled):
        assert {} == await Dossiers(filled).read([], ALL)

    async def test_a_kind_the_catalogue_does_not_have_has_no_records(self, filled):
        dossiers = await Dossiers(filled).read([code_of(1)], frozenset({"Rumour"}))

        assert () == dossiers[code_of(1)].records

    async def test_former_names_come_only_when_asked_and_never_with_the_present_one(self, filled):
        without = await Dossiers(filled).find(code_of(1))
        asked = await Dossiers(filled).find(code_of(1), names=True)

        assert () == without.former_names
        assert name_of(1) == asked.name
        assert {"锦江电力一公司", "锦江电力二公司"} == {former.name for former in asked.former_names}

    async def test_order_is_by_code_point_on_every_store(self, filled):
        """Collations differ between stores; two hubs must give the same bytes."""
        async with writing(filled) as writer:
            for key, which in (("ä", "max"), ("Z", "min")):
                chosen = f"(SELECT {which}(record_key) FROM record)"  # noqa: S608
                await writer.write(text(f"UPDATE record SET record_key = '{key}' WHERE record_key = {chosen}"))  # noqa: S608
        dossiers = await Dossiers(filled).read([code_of(number) for number in (1, 2, 3)], ALL)

        for dossier in dossiers.values():
            keys = [(record.kind, record.key) for record in dossier.records]
            assert sorted(keys) == keys

    @pytest.mark.parametrize("confidence", [1.0, 0.95, 0.1 + 0.2, 1 / 3, 5e-324, 1 - 2**-53])
    async def test_a_confidence_comes_back_to_the_last_bit(self, filled, confidence):
        async with writing(filled) as writer:
            await writer.write(text("UPDATE record SET link_confidence = :it"), [{"it": confidence}])
        dossier = (await Dossiers(filled).read([code_of(2)], ALL))[code_of(2)]

        assert [confidence] == [record.link_confidence for record in dossier.records]

    @pytest.mark.parametrize(
        "name", ['"quoted"', "a\\b", "line\nbreak", "\x01", "𠮷野家", "{}", "[1]", "null", "' OR 1=1 --"]
    )
    async def test_any_text_comes_back_as_it_was_kept(self, filled, name):
        async with writing(filled) as writer:
            await writer.write(text("UPDATE subject_name SET name = :it, source = :it"), [{"it": name}])
            await writer.write(text("UPDATE record SET list_code = :it"), [{"it": name}])
        dossier = (await Dossiers(filled).read([code_of(1)], ALL, names=True))[code_of(1)]

        assert {name} == {former.name for former in dossier.subject.former_names}
        assert {name} == {record.list_code for record in dossier.records}

    async def test_records_say_whose_their_source_is(self, filled):
        before = await Dossiers(filled).read([code_of(1)], ALL)
        async with writing(filled) as writer:
            await writer.write(text("DELETE FROM source"))
        after = await Dossiers(filled).read([code_of(1)], ALL)

        assert {site().owner} == {record.owner for record in before[code_of(1)].records}
        assert {None} == {record.owner for record in after[code_of(1)].records}

    async def test_the_timeline_comes_with_the_names_oldest_first(self, filled):
        async with writing(filled) as writer:
            for number, day in enumerate(["2020-02-02", None, "2019-01-01"]):
                await writer.write(text(STEP), [{"code": code_of(1), "id": f"e{number}", "day": day}])
        asked = (await Dossiers(filled).read([code_of(1)], ALL, names=True))[code_of(1)]
        not_asked = (await Dossiers(filled).read([code_of(1)], ALL))[code_of(1)]

        assert () == not_asked.timeline
        assert [
            ("status", None),
            ("seen", None),
            ("status", "2019-01-01"),
            ("status", "2020-02-02"),
            ("status", "2026-11-19"),
        ] == [(step.event, step.day) for step in asked.timeline]

    async def test_a_dossier_never_has_a_newer_version_than_its_records(self, filled):
        """However reads and changes fall together: one statement sees one state of the store."""
        intake = Intake(filled, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        dossiers = Dossiers(filled)
        seen: dict[int, set[str]] = {}

        async def read():
            for _ in range(40):
                dossier = (await dossiers.read([code_of(2)], ALL))[code_of(2)]
                seen.setdefault(dossier.subject.version, set()).add(dossier.records[0].body.fine_amount)

        async def change():
            for step in range(1, 6):
                at = NOW + timedelta(hours=step)
                changed = batch([row(penalty(2, "丙3号", fine_amount=f"{step}.000000"), as_of=at)], f"P{step + 1}")
                await intake.take(intake.examine(changed, now=at), after=f"P{step}" if step > 1 else "P")

        await asyncio.gather(read(), change())

        assert all(1 == len(amounts) for amounts in seen.values()), seen


class TestPlans:
    @pytest.mark.parametrize("part", [Part(), Part(kinds=True), Part(history=False), Part(kinds=True, history=False)])
    async def test_the_store_walks_indexes_and_never_a_table(self, filled, part):
        """So that a look-up costs the same with ten thousand records and with five million."""
        dialect = filled.dialect.name
        values = {"codes": bound(dialect, [code_of(1), code_of(2)]), "kinds": bound(dialect, sorted(ALL))}
        plan = await explain(filled, written(dossiers_statement(dialect, part), dialect), values)

        hanging = {"record", "subject_name", "subject_event"} if part.history else {"record"}
        for table in {"subject", *hanging}:
            if dialect == "sqlite":
                assert re.search(rf"SEARCH {table} USING (COVERING )?INDEX sqlite_autoindex_{table}_1 \(", plan), plan
                assert not re.search(rf"SCAN {table}\b", plan), plan
            else:
                assert re.search(rf"Scan (using|on) {table}_pkey", plan), plan
                assert not re.search(rf"Seq Scan on {table}\b", plan), plan


async def explain(engine, statement: str, values: dict[str, object]) -> str:
    def ask(connection):
        if engine.dialect.name == "sqlite":
            return connection.rows("EXPLAIN QUERY PLAN " + statement, values)
        # A test's tables are too small for the planner to bother with an index; the question is whether it can.
        connection.rows("SET enable_seqscan = off", {})
        return connection.rows("EXPLAIN " + statement, values)

    return "\n".join(" ".join(map(str, found)) for found in await ReadThreads(engine).run(ask))


@pytest.fixture
async def kept(filled):
    """Dossiers with a memory of a hundred records."""
    return Counted(filled, Epochs(filled), cache_records=100)


class TestMemory:
    async def test_the_second_read_gives_the_same_object_without_the_store(self, kept):
        first = (await kept.read([code_of(1)], ALL))[code_of(1)]
        first.memo["judged"] = 1
        second = (await kept.read([code_of(1)], frozenset({"ListEntry"}), names=True))[code_of(1)]

        assert first is second
        assert {"judged": 1} == second.memo
        assert [1] == kept.reads

    async def test_a_kept_dossier_is_whole_whatever_was_asked_first(self, kept):
        dossier = (await kept.read([code_of(1)], frozenset({"Penalty"})))[code_of(1)]

        assert {"Penalty", "ListEntry", "Registration"} == {record.kind for record in dossier.records}
        assert 2 == len(dossier.subject.former_names)
        assert ["seen", "status"] == sorted(step.event for step in dossier.timeline)

    async def test_a_memo_is_no_part_of_what_a_dossier_is(self, kept, filled):
        mine = (await kept.read([code_of(1)], ALL))[code_of(1)]
        mine.memo["judged"] = 1
        theirs = (await Dossiers(filled).read([code_of(1)], ALL, names=True))[code_of(1)]

        assert mine == theirs
        assert "judged" not in repr(mine)

    async def test_only_what_is_missing_is_read(self, kept):
        await kept.read([code_of(1)], ALL)
        found = await kept.read([code_of(number) for number in (1, 2, 3)], ALL)

        assert {code_of(1), code_of(2), code_of(3)} == set(found)
        assert [1, 2] == kept.reads

    async def test_what_is_forgotten_is_read_again(self, kept):
        await kept.read([code_of(1), code_of(2)], ALL)
        kept.forget([code_of(1), "nobody"])
        await kept.read([code_of(1), code_of(2)], ALL)

        assert [2, 1] == kept.reads

    async def test_a_change_is_not_seen_until_forgotten_and_its_old_version_tells(self, kept, filled):
        """What the commit compares is the version in memory; the store's has moved on."""
        before = (await kept.read([code_of(2)], ALL))[code_of(2)]
        async with writing(filled) as writer:
            await writer.write(text("UPDATE record SET state = 'WITHDRAWN'"))
        still = (await kept.read([code_of(2)], ALL))[code_of(2)]
        stored = await Dossiers(filled).find(code_of(2))
        kept.forget([code_of(2)])
        after = (await kept.read([code_of(2)], ALL))[code_of(2)]

        assert before is still
        assert still.subject.version < stored.version == after.subject.version
        assert ["PUBLISHED", "WITHDRAWN"] == [each.records[0].state for each in (before, after)]

    async def test_another_owner_of_a_source_lets_go_of_everything_once_noted(self, kept, filled):
        """Whose a record is decides who may see it, and stands in no subject's version."""
        epochs = kept._epochs
        held = epochs.known
        await kept.read([code_of(1)], ALL)
        held = epochs.known
        async with writing(filled) as writer:
            await writer.write(text("UPDATE source SET owner_code = NULL"))
        stands = await epochs.confirm({"owner": held["owner"]})
        after = (await kept.read([code_of(1)], ALL))[code_of(1)]

        assert not stands
        assert {None} == {record.owner for record in after.records}

    async def test_a_source_that_was_only_tried_again_lets_go_of_nothing(self, kept, filled):
        await kept.read([code_of(1)], ALL)
        async with writing(filled) as writer:
            await writer.write(text("UPDATE source SET last_error = 'SRC_TIMEOUT', last_tried_at = 'now'"))
        await kept._epochs.refresh()
        await kept.read([code_of(1)], ALL)

        assert [1] == kept.reads

    async def test_that_nobody_is_there_is_kept_like_a_dossier_for_who_has_it_checked(self, kept):
        """Or the second question for what is absent would take longer than one for what is hidden."""
        first, second = [(await kept.read([code_of(9)], ALL, absent=True))[code_of(9)] for _ in range(2)]

        assert first is second
        assert not first.is_on_file
        assert (0, ()) == (first.subject.version, first.records)
        assert [1] == kept.reads

    async def test_what_was_absent_is_forgotten_when_a_commit_says_so(self, kept, filled):
        await kept.read([code_of(9)], ALL, absent=True)
        intake = Intake(filled, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        await intake.take(intake.examine(batch([row(penalty(9, "戊5号"), 9)], "P9"), now=NOW), after="P")
        kept.forget([code_of(9)])

        assert (await kept.read([code_of(9)], ALL, absent=True))[code_of(9)].is_on_file

    @pytest.mark.parametrize("code", ["", "x", "\x00" * 18])
    async def test_of_what_is_no_code_nothing_is_kept(self, kept, code):
        assert set() == set(await kept.read([code], ALL, absent=True))

    async def test_who_is_not_known_is_asked_for_every_time(self, kept, filled):
        assert {} == await kept.read([code_of(9)], ALL)
        intake = Intake(filled, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        await intake.take(intake.examine(batch([row(penalty(9, "戊5号"), 9)], "P9"), now=NOW), after="P")

        assert {code_of(9)} == set(await kept.read([code_of(9)], ALL))
        assert [1, 1] == kept.reads

    @pytest.mark.parametrize("code", ["", "\x00" * 18, "\ud800" * 18, "' OR 1=1 --       ", "a" * 5000])
    async def test_what_is_no_code_is_simply_not_there(self, kept, code):
        assert {} == await kept.read([code], ALL)

    @pytest.mark.parametrize("records", [0, 1, 19])
    async def test_without_room_nothing_is_kept(self, filled, records):
        """A subject with its records may take a tenth of the room: with one record it weighs two."""
        dossiers = Counted(filled, Epochs(filled), cache_records=records)
        first, second = [(await dossiers.read([code_of(2)], ALL))[code_of(2)] for _ in range(2)]

        assert first is not second
        assert first.records == second.records

    async def test_without_epochs_nothing_is_kept(self, filled):
        dossiers = Dossiers(filled, cache_records=100)
        first, second = [(await dossiers.read([code_of(2)], ALL))[code_of(2)] for _ in range(2)]

        assert first is not second

    async def test_without_the_epoch_nothing_is_read(self, kept, filled):
        async with writing(filled) as writer:
            await writer.write(text("DELETE FROM epoch WHERE name = 'owner'"))

        with pytest.raises(EpochMissingError):
            await kept.read([code_of(1)], ALL)

    async def test_readers_that_come_together_get_one_object(self, kept):
        both = await asyncio.gather(kept.read([code_of(1)], ALL), kept.read([code_of(1)], ALL))
        later = await kept.read([code_of(1)], ALL)

        assert both[1][code_of(1)] is both[0][code_of(1)] is later[code_of(1)]


class TestKept:
    async def test_every_stored_body_reads_back(self, filled):
        async with reading(filled) as reader:
            kept = await reader.rows(select(table_of(tables.RecordVersion).c.kind))

        assert 6 == len(kept)
