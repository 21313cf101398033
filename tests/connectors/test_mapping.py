"""Declared maps change nothing they were not told to change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mapping import FieldMap, TimeFormat, parse_condition, parse_map, zone_of
from connectors.toml_reader import SiteConfigError, TableReader

ALLOWED = frozenset({"a", "b"})


def mapped(entry: object, row: dict[str, str | None], **terms) -> str | None:
    return parse_map(TableReader({"a": entry}, file="f"), ALLOWED, **terms).apply(row)["a"]


class TestApply:
    @pytest.mark.parametrize(
        ("entry", "row", "expected"),
        [
            ("x", {"x": " as sent "}, " as sent "),
            ("x", {}, None),
            ("x", {"x": None}, None),
            ("x", {"x": ""}, ""),
            ("x | y", {"x": "", "y": "2"}, "2"),
            ("x | y", {"x": None, "y": None}, None),
            ("x | y", {"x": "1", "y": "2"}, "1"),
            ("x | date:%Y/%m/%d", {"x": "2026/01/05"}, "2026-01-05"),
            ("x | date:%Y年%m月%d日", {"x": "2026年1月5日"}, "2026-01-05"),
            ("x | date:%Y/%m/%d", {"x": "2026/02/30"}, "2026/02/30"),
            ("x | date:%Y/%m/%d", {"x": "soon"}, "soon"),
            ("x | day", {"x": "2026-01-05 10:00:00"}, "2026-01-05"),
            ("x | day", {"x": "2026-01-05 or so"}, "2026-01-05 or so"),
            ("x | wan", {"x": "123456.78"}, "12.345678"),
            ("x | wan", {"x": "100000"}, "10"),
            ("x | wan", {"x": "1e400"}, "1e400"),
            ("x | wan", {"x": "NaN"}, "NaN"),
            ("x | wan", {"x": "十万"}, "十万"),
            ("x | fen_wan", {"x": "1"}, "0.000001"),
            ("x | is:ALL", {"x": "ALL"}, "1"),
            ("x | is:ALL", {"x": "变压器"}, "0"),
            ("x | is:ALL", {"x": None}, None),
            ("x | blank:ALL", {"x": "ALL"}, ""),
            ({"from": ["wan"], "by": []}, {"wan": "5"}, "5"),
            ({"from": ["wan"], "by": ["wan"]}, {"wan": "5"}, "0.0005"),
        ],
    )
    def test_examples(self, entry: object, row: dict[str, str | None], expected: str | None):
        assert expected == mapped(entry, row)

    def test_value_tables_come_last_and_leave_unknown_codes(self):
        values = {"a": {"01": "自然人"}}

        assert "自然人" == mapped("x", {"x": "01"}, values=values)
        assert "99" == mapped("x", {"x": "99"}, values=values)

    def test_a_base_stands_until_the_map_says_otherwise(self):
        found = parse_map(TableReader({"a": "mine"}, file="f"), ALLOWED, base={"a": "A", "b": "B"})

        assert {"a": "1", "b": "2"} == found.apply({"mine": "1", "A": "0", "B": "2"})

    def test_a_value_table_without_its_field_is_refused(self):
        with pytest.raises(SiteConfigError):
            mapped("x", {}, values={"b": {"1": "2"}})

    @given(st.text(), st.sampled_from(["date:%Y-%m-%d", "day", "wan", "fen_wan"]))
    def test_no_filter_ever_raises(self, value: str, name: str):
        assert isinstance(mapped(f"x | {name}", {"x": value}), str)

    def test_columns_are_named_by_what_is_there_then_by_label(self):
        found = parse_map(TableReader({"a": "x | y", "b": "z"}, file="f"), ALLOWED)

        assert {"a": "y", "b": "z"} == found.columns_of(["y"])
        assert {"a": "文号", "b": "z"} == found.columns_of(["y"], {"y": "文号"})
        assert FieldMap(entries={}).columns_of(["y"]) == {}


class TestCondition:
    @pytest.mark.parametrize(
        ("text", "row", "holds"),
        [
            ("x == '1'", {"x": "1"}, True),
            ("x == '1'", {"x": "0"}, False),
            ("x == '1'", {}, False),
            ("x != '1'", {"x": "0"}, True),
            ("x != '1'", {"x": None}, False),
            ("x == ''", {"x": ""}, True),
        ],
    )
    def test_holds(self, text: str, row: dict[str, str | None], *, holds: bool):
        condition = parse_condition(text)

        assert condition is not None
        assert holds is condition.holds(row)

    @pytest.mark.parametrize("text", ["", "x", "x = '1'", "x == 1", "x == '1' or y == '2'", 'x == "1"'])
    def test_anything_else_is_no_condition(self, text: str):
        assert parse_condition(text) is None


class TestTimeFormat:
    @given(
        st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  hypothesis adds the zone
        st.sampled_from(["%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "iso", "epoch_s", "epoch_ms"]),
        st.sampled_from(["UTC", "Asia/Shanghai", "+05:30", "-03:00"]),
    )
    def test_reads_what_it_writes(self, moment: datetime, text: str, zone: str):
        whole = moment.replace(tzinfo=UTC, microsecond=0)
        form = TimeFormat(text=text, zone=zone_of(zone))

        assert whole == form.read(form.write(whole))

    @given(st.text())
    def test_never_raises(self, text: str):
        for form in ("%Y%m%d%H%M%S", "iso", "epoch_s", "epoch_ms"):
            found = TimeFormat(text=form, zone=UTC).read(text)
            assert found is None or found.utcoffset() == timedelta(0)

    @pytest.mark.parametrize("text", ["", "Mars", "8", "+8:00", "+15:00", "+08:60", "Asia/Tokyo"])
    def test_a_zone_that_is_none(self, text: str):
        assert zone_of(text) is None
