"""Rules of the whole batch: duplicates, one case with several subjects, header and body."""

import pytest

from schema.validation.batch import BatchHeader, Identity, check_header, check_rows


def row(key: str = "k1", subject: str = "A", document: str | None = "D1", authority: str | None = "X") -> Identity:
    return Identity(key=key, subject=subject, authority=authority, document=document)


def codes(rows: list[Identity | None]) -> list[list[str]]:
    return [[finding.code for finding in findings] for findings in check_rows(rows)]


class TestDG13:
    def test_first_stands_every_later_one_is_refused(self):
        found = check_rows([row(), row(key="k2", document="D2"), row(), row()])

        assert [(), ()] == [found[0], found[1]]
        assert ["DG13", "DG13"] == [found[2][0].code, found[3][0].code]
        assert "E" == found[2][0].severity
        assert "第1条" in found[3][0].message_zh
        assert "number 1 " in found[3][0].message_en

    def test_same_key_of_two_subjects_is_no_duplicate(self):
        assert [[], []] == codes([row(document=None), row(subject="B", document=None)])

    def test_a_refused_row_is_no_original(self):
        assert [[], []] == codes([None, row()])


class TestDG12:
    def test_one_document_several_subjects_warns_on_each(self):
        assert [["DG12"], ["DG12"]] == codes([row(), row(key="k2", subject="B")])

    def test_several_violations_of_one_subject_are_fine(self):
        assert [[], []] == codes([row(), row(key="k2")])

    def test_same_number_of_another_authority_is_fine(self):
        assert [[], []] == codes([row(), row(subject="B", authority="Y")])

    @pytest.mark.parametrize(("authority", "document"), [(None, "D1"), ("X", None), ("", "D1"), ("X", "")])
    def test_without_authority_or_document_nothing_is_said(self, authority, document):
        rows = [row(subject=subject, authority=authority, document=document) for subject in "AB"]

        assert [[], []] == codes(rows)

    def test_empty_batch(self):
        assert () == check_rows([])


class TestDG17:
    @pytest.mark.parametrize(
        "header",
        [BatchHeader(), BatchHeader(count=2), BatchHeader(digest="sm3:aa"), BatchHeader(count=2, digest="sm3:aa")],
    )
    def test_header_that_fits(self, header):
        assert check_header(header, count=2, digest="sm3:aa") is None

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_other_count_refuses_the_batch(self, count):
        found = check_header(BatchHeader(count=count), count=2)

        assert found is not None
        assert ("DG17", "E", None) == (found.code, found.severity, found.field)

    @pytest.mark.parametrize("digest", ["sm3:bb", "", None])
    def test_other_or_missing_digest_refuses_the_batch(self, digest):
        found = check_header(BatchHeader(count=2, digest="sm3:aa"), count=2, digest=digest)

        assert found is not None
        assert "DG17" == found.code
