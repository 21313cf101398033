"""Columns beside the catalogue: what decides publicity must be understood, or the record stays out."""

import pytest

from connectors.port import EXTRA_COLUMNS
from schema.catalogue import ListEntry
from schema.validation.extras import _LABELS
from tests.schema.validation.rows import LIST_ENTRY, check, penalty, said


class TestReadExtra:
    def test_every_column_of_the_port_is_known_here(self):
        assert EXTRA_COLUMNS == set(_LABELS)

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("severity", "严重", "严重"),
            ("severity", "严重失信", "严重"),
            ("disclosure", "1", "社会公开"),
            ("publicity_from", "2026-06-03", "2026-06-03"),
            ("repaired", "是", "1"),
            ("repaired", "false", "0"),
            ("violation_index", "02", "2"),
            ("publicity_state", " 已公示 ", "已公示"),
            ("publicity_from", "２０２６-06-03", "2026-06-03"),
        ],
    )
    def test_read_as_meant(self, name, text, value):
        checked = penalty(extra={name: text}, publicity_until=None)

        assert {name: value} == dict(checked.extra)
        assert checked.record is not None

    @pytest.mark.parametrize(
        ("name", "text", "code"),
        [
            ("severity", "很严重", "DG03"),
            ("disclosure", "内部", "DG03"),
            ("publicity_from", "2026/06/03", "DG04"),
            ("publicity_to", "长期", "DG04"),
            ("repaired", "也许", "DG03"),
            ("case_withdrawn", "2", "DG03"),
            ("public_bulletin", "x", "DG03"),
            ("violation_index", "0", "DG03"),
            ("violation_index", "第一", "DG03"),
            ("violation_index", "12345", "DG03"),
            ("withdrawal_reason", "联系13812345678", "DG15"),
            ("publicity_state", "身份证11010519491231002X", "DG15"),
        ],
    )
    def test_what_cannot_be_read_keeps_the_record_out(self, name, text, code):
        checked = check(ListEntry, LIST_ENTRY, {name: text})

        assert (code, "E", name) in said(checked)
        assert checked.record is None

    @pytest.mark.parametrize("text", ["", " ", "无", "/"])
    def test_empty_is_nothing(self, text):
        checked = penalty(extra={"severity": text})

        assert {} == dict(checked.extra)
        assert () == checked.findings

    def test_unknown_column_is_noted_and_ignored(self):
        checked = penalty(extra={"weather": "晴"})

        assert {} == dict(checked.extra)
        assert ["weather"] == [note.field for note in checked.notes]

    def test_content_that_arrives_beside_is_taken_into_the_record(self):
        checked = penalty(extra={"withdrawal_reason": "原处罚决定被复议撤销", "case_withdrawn": "1"})

        assert "原处罚决定被复议撤销" == checked.record.withdrawal_reason
        assert checked.record.case_withdrawn is True

    def test_the_records_own_column_comes_first(self):
        checked = penalty(extra={"withdrawal_reason": "甲"}, withdrawal_reason="乙")

        assert "乙" == checked.record.withdrawal_reason
