import sqlite3

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from connectors.sandbox import Platform, World
from connectors.sandbox.columns import FRONT_KINDS, TABLES
from connectors.sandbox.front import FrontMachine


@pytest.fixture
def world():
    return World(size=1_500)


@pytest.fixture
def front(world, tmp_path):
    machine = FrontMachine(world, f"sqlite:///{tmp_path / 'front.db'}")
    machine.deliver()
    yield machine
    machine.close()


def read(front, kind):
    table = front.tables[kind]
    engine = create_engine(front.url, poolclass=NullPool)
    with engine.connect() as connection:
        asked = select(table).order_by(table.c.SRC_UPDATE_TIME, table.c.ROW_ID)
        return [dict(row) for row in connection.execute(asked).mappings()]


class TestDeliver:
    @pytest.mark.parametrize("kind", FRONT_KINDS)
    def test_every_row_of_the_world_is_pushed_unread(self, front, world, kind):
        rows = read(front, kind)
        first = [row for row in rows if row["OP"] == "I"]

        assert len(first) == world.count(Platform.FRONT, kind)
        assert {("0", None, None, None, None)} == {
            (row["READ_FLAG"], row["CHECK_FLAG"], row["ERR_CODE"], row["ERR_MSG"], row["FEEDBACK_TIME"]) for row in rows
        }
        assert all(len(row["ROW_ID"]) == 36 for row in rows)

    def test_a_correction_is_a_row_of_its_own_for_the_same_document(self, front):
        rows = read(front, "Licence")
        corrected = [row for row in rows if row["OP"] == "U"]

        assert corrected
        for row in corrected:
            assert any(one["XK_WSH"] == row["XK_WSH"] and one["ROW_ID"] != row["ROW_ID"] for one in rows)

    def test_the_same_world_pushes_the_same_rows(self, front, world, tmp_path):
        other = FrontMachine(world, f"sqlite:///{tmp_path / 'other.db'}")
        other.deliver()

        assert read(front, "Penalty") == read(other, "Penalty")

    def test_columns_are_as_documented(self, front):
        for kind in FRONT_KINDS:
            names = list(front.tables[kind].c.keys())
            assert ["ROW_ID", "BATCH_ID", "OP", "SRC_UPDATE_TIME", "PUSH_TIME", *TABLES[kind].codes] == names[:-5]
            assert ["READ_FLAG", "CHECK_FLAG", "ERR_CODE", "ERR_MSG", "FEEDBACK_TIME"] == names[-5:]
            assert TABLES[kind].catalog == front.tables[kind].name


class TestFlush:
    def test_edits_are_pushed_once(self, front, world):
        code = world.showcase()[0]
        put = world.put(Platform.FRONT, "Arrears", code, {"QFJE": "12.000000"})
        world.put(Platform.FILES, "Penalty", code)

        assert (1, 0) == (front.flush(), front.flush())
        assert "12.000000" == read(front, "Arrears")[-1]["QFJE"]
        assert put.updated.strftime("%Y-%m-%d %H:%M:%S") == read(front, "Arrears")[-1]["SRC_UPDATE_TIME"]


class TestFlags:
    def test_what_the_hub_wrote_back_is_told(self, front):
        engine = create_engine(front.url, poolclass=NullPool)
        row_id = read(front, "Arrears")[0]["ROW_ID"]
        with engine.begin() as connection:
            statement = text("UPDATE QF SET READ_FLAG='1', CHECK_FLAG='2', ERR_CODE='DG01' WHERE ROW_ID=:row")
            connection.execute(statement, {"row": row_id})

        assert ("1", "2", "DG01") == front.flags("Arrears")[row_id]


class TestFaults:
    def test_locked_it_is_neither_read_nor_written(self, front):
        front.lock()
        front.lock()
        path = front.url.removeprefix("sqlite:///")
        with sqlite3.connect(path, timeout=0) as connection, pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("SELECT count(*) FROM QF")
        connection.close()
        front.unlock()
        front.unlock()

        assert read(front, "Arrears")

    def test_hidden_it_cannot_be_opened(self, front):
        front.hide()
        front.hide()
        with pytest.raises(OperationalError, match="unable to open"):
            read(front, "Arrears")
        front.show()
        front.show()

        assert read(front, "Arrears")

    def test_faults_of_a_file_are_refused_elsewhere(self, world):
        elsewhere = FrontMachine(world, "sqlite://")

        for fault in (elsewhere.lock, elsewhere.hide):
            with pytest.raises(ValueError, match="needs a SQLite file"):
                fault()


@pytest.mark.postgres
def test_the_tables_stand_on_postgresql_too(postgres_server):
    machine = FrontMachine(World(size=200), postgres_server.empty())
    pushed = machine.deliver()

    assert pushed == sum(len(machine.flags(kind)) for kind in FRONT_KINDS)
    machine.close()
