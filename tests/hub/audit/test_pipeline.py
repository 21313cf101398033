"""The wire to PostgreSQL that the ledger speaks by itself."""

from contextlib import closing

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.audit.pipeline import BIGINT, BYTES, TEXT, Pipeline, Statement, array, integer_of, number

pytestmark = pytest.mark.postgres

STATEMENTS = {
    "blobs": Statement(sql="SELECT place, value FROM unnest($1) WITH ORDINALITY AS row (value, place)", kinds=[1001]),
    "texts": Statement(sql="SELECT value FROM unnest($1) AS value", kinds=(TEXT.array_oid,)),
    "numbers": Statement(sql="SELECT value FROM unnest($1) AS value", kinds=(BIGINT.array_oid,)),
    "echo": Statement(sql="SELECT $1", kinds=(BYTES.oid,)),
    "begin": Statement(sql="BEGIN"),
    "rollback": Statement(sql="ROLLBACK"),
    "divide": Statement(sql="SELECT 1 / $1", kinds=(BIGINT.oid,)),
    "made_up": Statement(sql="DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = 'XY123'; END $$"),
    "small": Statement(sql="SELECT 7::smallint, -7::integer, NULL::bigint"),
    "lock": Statement(sql="SELECT pg_advisory_lock(7)"),
    "end": Statement(sql="SELECT pg_terminate_backend(pg_backend_pid())"),
}


@pytest.fixture(scope="module")
def pipeline(postgres_server):
    with closing(connected(postgres_server._admin)) as pipeline:
        yield pipeline


def connected(url, silence_s=30.0):
    return Pipeline(psycopg.connect(url, autocommit=True), STATEMENTS, silence_s=silence_s)


class TestArrays:
    @given(st.lists(st.none() | st.binary()))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_the_server_reads_the_bytes_that_were_written_in_their_order(self, pipeline, values):
        (rows,) = pipeline.run(("blobs", (array(BYTES.oid, values),)))

        assert values == [value for _, value in rows]
        assert list(range(1, len(values) + 1)) == [integer_of(place) for place, _ in rows]

    @given(st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"))))
    @settings(deadline=None)
    def test_the_server_reads_the_texts_that_were_written(self, pipeline, values):
        written = [None if value is None else value.encode() for value in values]
        (rows,) = pipeline.run(("texts", (array(TEXT.oid, written),)))

        assert written == [value for (value,) in rows]

    @given(st.lists(st.integers(-(2**63), 2**63 - 1)))
    @settings(deadline=None)
    def test_the_server_reads_the_numbers_that_were_written(self, pipeline, values):
        (rows,) = pipeline.run(("numbers", (array(BIGINT.oid, list(map(number, values))),)))

        assert values == [integer_of(value) for (value,) in rows]


class TestRun:
    def test_every_statement_has_its_own_rows_in_order(self, pipeline):
        first, nothing, small = pipeline.run(("echo", (b"a",)), ("texts", (array(TEXT.oid, ()),)), ("small", ()))

        assert [[(b"a",)], []] == [first, nothing]
        assert [(7, -7, 0)] == [tuple(map(integer_of, row)) for row in small]

    def test_what_fills_every_buffer_on_the_way_arrives(self, pipeline):
        """Ours, the kernel's and the server's, both ways at once."""
        large = bytes(range(256)) * 40_000
        rows = pipeline.run(*[("echo", (large,))] * 6)

        assert [[(large,)]] * 6 == rows

    def test_after_a_fault_nothing_more_is_run_and_the_next_run_stands_alone(self, pipeline):
        with pytest.raises(psycopg.errors.DivisionByZero):
            pipeline.run(("begin", ()), ("divide", (number(0),)), ("divide", (number(1),)))
        was_open = pipeline.in_transaction
        pipeline.run(("rollback", ()))

        assert was_open
        assert not pipeline.in_transaction
        assert [[(b"a",)]] == pipeline.run(("echo", (b"a",)))

    def test_a_fault_is_told_by_its_code_without_the_servers_words(self, pipeline):
        """They may quote rows. A code nobody knows is a fault too."""
        with pytest.raises(psycopg.DatabaseError) as refusal:
            pipeline.run(("made_up", ()))

        assert "XY123" == str(refusal.value)

    @pytest.mark.parametrize("call", [("nothing", ()), ("echo", ()), ("divide", (b"1",))])
    def test_what_was_not_prepared_or_does_not_fit_is_a_fault(self, pipeline, call):
        with pytest.raises(psycopg.Error):
            pipeline.run(call)

    def test_a_server_that_goes_away_is_a_fault_and_a_closed_connection(self, postgres_server):
        with closing(connected(postgres_server._admin)) as pipeline:
            with pytest.raises(psycopg.Error):
                pipeline.run(("end", ()), ("echo", (b"a",)))
            with pytest.raises(psycopg.Error):
                pipeline.run(("echo", (b"a",)))

            assert not pipeline.is_open

    def test_a_statement_the_server_does_not_take_is_refused_when_prepared(self, postgres_server):
        statements = {"x": Statement(sql="SELECT 1 FROM nowhere")}
        with (
            closing(psycopg.connect(postgres_server._admin, autocommit=True)) as connection,
            pytest.raises(psycopg.errors.UndefinedTable),
        ):
            Pipeline(connection, statements, silence_s=1)


class TestSilence:
    def test_a_server_that_never_answers_is_not_waited_for_for_ever(self, postgres_server):
        """Like a network that went away: the connection is given up, so that nobody reads what comes late."""
        url = postgres_server._admin
        with closing(psycopg.connect(url)) as other, closing(connected(url, silence_s=0.05)) as pipeline:
            other.execute("SELECT pg_advisory_lock(7)")
            with pytest.raises(psycopg.OperationalError, match="silent"):
                pipeline.run(("lock", ()))

            assert not pipeline.is_open
