"""Rows are read as sent, each at its place; what cannot be read is kept and told, and the next one is read."""

import io
import sys
import time
import tracemalloc
from datetime import datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Place
from connectors.site import parse_site
from connectors.templates import template
from connectors.transport.file.csv_rows import csv_rows
from connectors.transport.file.sent import BodyFault, Sent
from connectors.transport.file.xlsx_rows import xlsx_rows
from connectors.transport.file.xml_rows import body_digest, xml_rows
from connectors.transport.rows import row_of
from tests.connectors.transport.file import packages as made

C = made.COLUMNS
HEAD = ",".join(C).encode() + b"\r\n"


def from_csv(data: bytes, encoding: str = "utf-8") -> list[Sent]:
    return list(csv_rows(io.BytesIO(data), encoding, C))


def from_xlsx(*rows: list[object]) -> list[Sent]:
    return list(xlsx_rows(io.BytesIO(made.xlsx_data([C, *rows])), C))


def told(count: int) -> SimpleNamespace:
    return SimpleNamespace(
        batch_id="B-1",
        source=made.SENDER,
        catalog="XZCF",
        catalog_version="2026.1",
        mode="inc",
        rows=count,
        columns=list(C),
    )


def from_xml(body: str, count: int = 1) -> list[Sent]:
    return list(xml_rows(io.BytesIO(made.xml_data(body, count=count)), told(count)))


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
    def test_reads_both_encodings_with_quoted_commas_and_lines(self, encoding: str):
        found = from_csv(made.csv_data(3, encoding), encoding)

        assert [dict(zip(C, row, strict=True)) for row in made.rows(3)] == [dict(sent.cells) for sent in found]
        assert [2, 3, 4] == [sent.number for sent in found]

    def test_rare_characters_of_gb18030_arrive_whole(self):
        data = HEAD + "r,I,t,𠮷野〇,㐀".encode("gb18030")

        assert "𠮷野〇" == from_csv(data, "gb18030")[0].cells["CF_WSH"]

    @pytest.mark.parametrize(
        "line",
        [
            b"a,b\r\n", b"a,b,c,d,e,f\r\n", b"a,b,c,\xff\xfe,e\r\n", b'a,b,c,"x"y,e\r\n', b",\r\n",
            b"a,b,c," + b"x" * 200_000 + b",e\r\n",
        ],
    )  # fmt: skip
    def test_one_bad_row_does_not_touch_the_next(self, line: bytes):
        found = from_csv(HEAD + b"1,2,3,4,5\r\n" + line + b"6,7,8,9,0\r\n")

        assert [True, False, True] == [sent.readable for sent in found]
        assert [2, 3, 4] == [sent.number for sent in found]

    def test_undecodable_bytes_are_kept_as_something_that_can_be_stored(self):
        (sent,) = from_csv(HEAD + b"a,b,c,\xff\xfe,e\r\n")

        assert not sent.readable
        sent.cells["CF_WSH"].encode("utf-8")

    def test_a_replacement_character_that_was_sent_is_no_fault_of_reading(self):
        assert from_csv(HEAD + "a,b,c,\ufffd,e\r\n".encode())[0].readable

    def test_an_open_quote_swallows_the_rest_and_is_unreadable(self):
        found = from_csv(HEAD + b'a,b,c,"d,e\r\n1,2,3,4,5\r\n')

        assert [False] == [sent.readable for sent in found]

    def test_empty_lines_are_no_rows(self):
        assert [2, 4] == [sent.number for sent in from_csv(HEAD + b"1,2,3,4,5\r\n\r\n1,2,3,4,5\r\n\r\n")]

    @pytest.mark.parametrize(
        "head", [b"", b"a,b\r\n", HEAD.lower(), b" " + HEAD, HEAD.replace(b",", b";"), b'"x"y\r\n']
    )
    def test_row_1_is_the_columns_exactly(self, head: bytes):
        with pytest.raises(BodyFault):
            from_csv(head + b"1,2,3,4,5\r\n")

    @given(st.binary(max_size=300), st.sampled_from(["utf-8", "gb18030"]))
    def test_no_bytes_break_the_reader(self, data: bytes, encoding: str):
        for sent in csv_rows(io.BytesIO(HEAD + data), encoding, C):
            for value in sent.cells.values():
                assert value is None or value.encode("utf-8") is not None

    def test_a_hundred_thousand_rows_are_never_held(self):
        data = io.BytesIO(made.csv_data(100_000))
        tracemalloc.start()
        count = sum(1 for _ in csv_rows(data, "utf-8", C))
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert 100_000 == count
        assert peak < 2 << 20

    @pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer is measured instead of the reader")
    def test_thirty_thousand_rows_a_second_are_parsed_and_mapped(self):
        """Of this thread's own time, and the best of three, so that a busy machine does not fail the reader."""
        stream = parse_site(template("cn-51-files"), file="f").streams["penalty"]
        data = made.csv_data(20_000)
        best = 0.0
        for _ in range(3):
            start = time.thread_time()
            for sent in csv_rows(io.BytesIO(data), "utf-8", C):
                row_of(stream, sent.cells, Place(part="data.csv", row=sent.number))
            best = max(best, 20_000 / (time.thread_time() - start))

        assert best >= 30_000


class TestXlsx:
    def test_places_are_rows_as_a_person_counts_them(self):
        found = from_xlsx(*made.rows(2))

        assert [(2, "r0"), (3, "r1")] == [(sent.number, sent.cells["ROW_ID"]) for sent in found]

    @pytest.mark.parametrize(
        ("cell", "text", "readable"),
        [
            (12, "12", True), (12.5, "12.5", True), (True, "1", True), (None, None, True), ("", None, True),
            ("0012", "0012", True), (datetime(2026, 1, 5), "2026-01-05", True),  # noqa: DTZ001  a cell has no zone
            (91510100123456789, "91510100123456784", False), (1e300, None, False),
        ],
    )  # fmt: skip
    def test_what_excel_made_of_a_cell(self, cell: object, text: str | None, *, readable: bool):
        (sent,) = from_xlsx(["r", "I", "t", cell, "x"])

        assert readable is sent.readable
        if readable:
            assert text == sent.cells["CF_WSH"]

    def test_rows_that_are_empty_are_no_rows_and_do_not_shift_the_count(self):
        assert [2, 4] == [sent.number for sent in from_xlsx(made.rows(1)[0], [None] * 5, made.rows(1)[0])]


class TestXml:
    def test_reads_items_by_code(self):
        found = from_xml(made.xml_records(2), 2)

        assert {"OP": "I", "ROW_ID": "r0", "CF_WSH": "川罚〔2026〕0号"} == dict(found[0].cells)
        assert ["/package/body/record[1]", "/package/body/record[2]"] == [sent.path for sent in found]

    @pytest.mark.parametrize(
        "record",
        [
            '<record op="I"><item code="NOPE">x</item></record>',
            '<record op="I"><item>x</item></record>',
            '<record op="I"><item code="CF_WSH">x</item><item code="CF_WSH">y</item></record>',
            '<record op="I"><item code="CF_WSH">x<item code="CF_SY">y</item></item></record>',
            '<record op="I"><!-- --></record>',
        ],
    )
    def test_a_record_that_makes_no_sense_is_kept_at_its_place(self, record: str):
        found = from_xml(made.xml_records(1) + record + made.xml_records(1), 3)

        assert [True, False, True] == [sent.readable for sent in found]

    def test_no_entity_is_ever_opened(self, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("hunter2")
        data = made.xml_data(
            '<record op="I"><item code="CF_WSH">&x;</item></record>',
            count=1,
            before=f'<!DOCTYPE package [<!ENTITY x SYSTEM "file://{secret}">]>',
        )
        with pytest.raises(BodyFault):
            list(xml_rows(io.BytesIO(data), told(1)))

    def test_a_billion_laughs_are_not_laughed(self):
        levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
        data = made.xml_data(
            '<record op="I"><item code="CF_WSH">&l9;</item></record>',
            count=1,
            before=f'<!DOCTYPE package [<!ENTITY l0 "ha">{levels}]>',
        )
        with pytest.raises(BodyFault):
            list(xml_rows(io.BytesIO(data), told(1)))

    def test_depth_without_end_is_refused(self):
        with pytest.raises(BodyFault):
            from_xml("<record>" * 5000 + "</record>" * 5000)

    @given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<&")))
    def test_the_digest_is_over_the_body_and_nothing_else(self, text: str):
        data = made.xml_data(text, count=0)

        assert made.digest(f"<body>{text}</body>".encode()) == body_digest(io.BytesIO(data))

    @pytest.mark.parametrize("data", [b"", b"<body>", b"</body>", b"<bod", b"<body>" + b" " * 200_000])
    def test_half_a_body_has_no_digest(self, data: bytes):
        assert body_digest(io.BytesIO(data)) is None

    def test_a_large_body_is_digested_across_pieces(self):
        body = made.xml_records(5000)

        assert made.digest(f"<body>{body}</body>".encode()) == body_digest(io.BytesIO(made.xml_data(body, count=5000)))

    def test_many_records_are_never_held(self):
        data = io.BytesIO(made.xml_data(made.xml_records(50_000), count=50_000))
        tracemalloc.start()
        count = sum(1 for _ in xml_rows(data, told(50_000)))
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert 50_000 == count
        assert peak < 2 << 20
