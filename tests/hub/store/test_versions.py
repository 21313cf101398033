"""A subject's version is raised by every change to it or to what hangs on it, also by a hand at the database."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from hub.ingest import store as memory
from hub.ingest.intake import Intake
from hub.rulebook import load_rules
from hub.store.engine import open_engine, reading, writing
from tests.hub.ingest.world import NOW, batch, code_of, name_of, penalty, registration, row, site
from tests.support.sealing import sealing_in

RECORD = """
    INSERT INTO record (subject_code, kind, record_key, version, digest, source, batch_id, as_of, received_at, state,
                        objected, published, link_method, link_confidence, catalogue_version, body)
    SELECT :code, kind, 'by-hand', version, digest, source, batch_id, as_of, '2026-01-01T00:00:00.000000Z', state,
           objected, published, link_method, link_confidence, catalogue_version, body
    FROM record WHERE kind = 'Penalty' LIMIT 1
"""
EVENT = """
    INSERT INTO subject_event (subject_code, event_id, event, detail, source, recorded_at)
    VALUES (:code, 'by-hand', 'merged', '{}', 'cn-51', '2026-01-01T00:00:00.000000Z')
"""
NAME = """
    INSERT INTO subject_name (subject_code, name_key, name, initials, source)
    VALUES (:code, 'by-hand', '旧名', 'jm', 'cn-51')
"""

LABEL = """
    INSERT INTO record_label (subject_code, kind, record_key, tier, reason, valid_from)
    VALUES (:code, 'Penalty', 'by-hand', 'R', 'leak', '2026-01-01T00:00:00.000000Z')
"""
LABELLED = """
    INSERT INTO record_label (subject_code, kind, record_key, tier, reason, valid_from)
    SELECT code, 'Penalty', 'labelled', 'R', 'leak', '2026-01-01T00:00:00.000000Z' FROM subject
"""


@pytest.fixture
async def filled(store):
    """Two subjects with a registration, a former name, a timeline and a penalty each."""
    async with writing(store) as writer:
        await memory.enrol_source(writer, site())
    intake = Intake(store, load_rules(), source="cn-51", region="51", sealing=sealing_in())
    for each in (
        batch([row(registration(number, former_names="旧"), number) for number in (1, 2)], "R", kind="Registration"),
        batch([row(penalty(number, f"{number}号"), number) for number in (1, 2)], "P"),
    ):
        await intake.take(intake.examine(each, now=NOW), after=None)
    async with writing(store) as writer:
        await writer.write(text(LABELLED))
    return store


async def versions(engine) -> dict[str, int]:
    async with reading(engine) as reader:
        return {row.code: row.version for row in await reader.rows(text("SELECT code, version FROM subject"))}


async def raised(engine, statement: str) -> list[int]:
    """Run plain SQL with the code of the first subject, and tell of which subjects it raised the version."""
    before = await versions(engine)
    async with writing(engine) as writer:
        await writer.rows(text(statement + " RETURNING 1"), {"code": code_of(1)} if ":code" in statement else None)
    after = await versions(engine)
    return [number for number in (1, 2) if after[code_of(number)] > before[code_of(number)]]


class TestByHand:
    @pytest.mark.parametrize(
        "statement",
        [
            RECORD,
            EVENT,
            NAME,
            LABEL,
            "DELETE FROM record_label WHERE subject_code = :code",
            "UPDATE record_label SET tier = 'G' WHERE subject_code = :code",
            "UPDATE record_label SET valid_to = '2026-02-01T00:00:00.000000Z' WHERE subject_code = :code",
            "DELETE FROM record WHERE subject_code = :code",
            "UPDATE record SET state = 'WITHDRAWN' WHERE subject_code = :code",
            "UPDATE record SET publicity_to = NULL WHERE subject_code = :code AND kind = 'Penalty'",
            "UPDATE record SET body = body WHERE subject_code = :code",
            "UPDATE record SET as_of = '2026-12-01T00:00:00.000000Z' WHERE subject_code = :code",
            "DELETE FROM subject_name WHERE subject_code = :code",
            "UPDATE subject_name SET valid_to = '2020-01-01' WHERE subject_code = :code",
            "DELETE FROM subject_event WHERE subject_code = :code",
            "UPDATE subject_event SET day = '2020-01-01' WHERE subject_code = :code",
            "UPDATE subject SET name = '别名' WHERE code = :code",
            "UPDATE subject SET status = NULL WHERE code = :code",
            "UPDATE subject SET parent_code = '91510100MA00000010' WHERE code = :code",
            "UPDATE subject SET version = version + 1 WHERE code = :code",
        ],
    )
    async def test_raises_the_version_of_that_subject_and_of_no_other(self, filled, statement):
        assert [1] == await raised(filled, statement)

    @pytest.mark.parametrize("table", ["record", "subject_name", "subject_event", "record_label"])
    async def test_what_is_moved_to_another_raises_both(self, filled, table):
        moved = f"UPDATE {table} SET subject_code = '{code_of(2)}'"  # noqa: S608
        rest = {
            "record": ", record_key = 'moved' WHERE kind = 'Penalty' AND",
            "subject_name": ", name_key = 'moved' WHERE",
            "subject_event": ", event_id = 'moved' WHERE event = 'seen' AND",
            "record_label": ", record_key = 'moved' WHERE",
        }[table]

        assert [1, 2] == await raised(filled, f"{moved}{rest} subject_code = :code")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE subject SET name = name, status = status WHERE code = :code",
            "UPDATE record SET state = 'WITHDRAWN' WHERE subject_code = :code AND 1 = 0",
            "DELETE FROM quarantine",
            "UPDATE source SET last_error = 'SRC_TIMEOUT'",
        ],
    )
    async def test_what_changes_no_dossier_raises_nothing(self, filled, statement):
        assert [] == await raised(filled, statement)

    @pytest.mark.postgres
    async def test_emptying_a_table_raises_everybody(self, postgres_url):
        engine = open_engine(postgres_url)
        async with writing(engine) as writer:
            await memory.enrol_source(writer, site())
        intake = Intake(engine, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        await intake.take(intake.examine(batch([row(penalty(1)), row(penalty(2))], "P"), now=NOW), after=None)
        before = await versions(engine)
        async with writing(engine) as writer:
            await writer.write(text("TRUNCATE record"))
        after = await versions(engine)
        await engine.dispose()

        assert {code: version + 1 for code, version in before.items()} == after


class TestIntake:
    async def test_raises_once_for_a_batch_however_many_records_it_changes(self, filled):
        """The triggers stand back where an intake has raised the version itself."""
        before = await versions(filled)
        intake = Intake(filled, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        later = NOW + timedelta(hours=1)
        rows = [row(penalty(1, f"新{number}号"), 20 + number) for number in range(3)]
        rows.append(row(penalty(1, "1号", fine_amount="9.000000"), 9, as_of=later))
        await intake.take(intake.examine(batch(rows, "P2"), now=later), after="P")
        after = await versions(filled)

        assert before[code_of(1)] + 1 == after[code_of(1)]
        assert before[code_of(2)] == after[code_of(2)]

    async def test_a_former_name_that_comes_late_is_seen(self, filled):
        """A registration that is no longer in force changes no record's head, but tells a name the subject bore."""
        before = await versions(filled)
        intake = Intake(filled, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        old = row(registration(1, name=f"{name_of(1)}旧"), 1, as_of=NOW - timedelta(days=900))
        await intake.take(intake.examine(batch([old], "R2", kind="Registration"), now=NOW), after="R")
        after = await versions(filled)

        assert before[code_of(1)] < after[code_of(1)]

    async def test_content_confirmed_at_a_later_time_is_seen(self, filled):
        """The answer says as of when the source stood by a record: that is a change too."""
        before = await versions(filled)
        intake = Intake(filled, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        again = row(penalty(1, "1号"), 1, as_of=NOW + timedelta(hours=1))
        await intake.take(intake.examine(batch([again], "P2"), now=NOW + timedelta(hours=2)), after="P")
        after = await versions(filled)

        assert before[code_of(1)] < after[code_of(1)]
        assert before[code_of(2)] == after[code_of(2)]
