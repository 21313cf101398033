"""What makes a record the same record, and the same content."""

import json
from unicodedata import normalize

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.content import body_of, content_digest, hiding_digest, record_key, row_key
from keys.canonical import canonical_json
from keys.digests import digest
from schema.catalogue import KINDS, Penalty, Registration
from tests.hub.ingest.world import AUTHORITY, code_of, penalty


def record(**changes) -> Penalty:
    return Penalty(document_no="川能罚〔2026〕1号", authority_code=AUTHORITY, **changes)


class TestRecordKey:
    @pytest.mark.parametrize(
        "document", ["川能罚[2026]1号", "川能罚【2026】1号", " 川能罚〔2026〕 1号 ", "川能罚〔２０２６〕１号"]
    )
    def test_how_a_number_was_typed_does_not_count(self, document):
        assert record_key(record(), {}) == record_key(msgspec.structs.replace(record(), document_no=document), {})

    def test_what_is_said_of_the_decision_does_not_count(self):
        assert record_key(record(), {}) == record_key(record(facts="x", fine_amount="1"), {"severity": "严重"})

    @pytest.mark.parametrize(
        ("changes", "extra"),
        [
            ({"document_no": "川能罚〔2026〕11号"}, {}),
            ({"authority_code": code_of(9)}, {}),
            ({"authority_code": None, "authority_name": "四川省能源局"}, {}),
            ({}, {"violation_index": "2"}),
        ],
    )
    def test_another_document_body_or_violation_is_another_record(self, changes, extra):
        other = msgspec.structs.replace(record(), **changes)

        assert record_key(record(), {}) != record_key(other, extra)

    def test_the_first_violation_is_the_decision_itself(self):
        assert record_key(record(), {}) == record_key(record(), {"violation_index": "1"})

    def test_a_row_as_sent_has_the_key_of_its_record(self):
        assert record_key(record(), {}) == row_key(Penalty, penalty(), {})

    def test_an_organisation_has_one_registration(self):
        key = record_key(Registration(code=code_of(1), name="甲"), {})

        assert key == record_key(Registration(code=code_of(1), name="乙", authority_name="成都市市场监管局"), {})

    def test_every_kind_has_a_key_of_its_own(self):
        assert len(KINDS) == len({record_key(kind(), {}) for kind in KINDS.values()})


class TestContentDigest:
    @given(st.text(st.characters(codec="utf-8")))
    def test_the_form_of_composed_characters_does_not_count(self, text):
        decomposed, composed = normalize("NFD", text), normalize("NFC", text)

        assert content_digest(record(facts=decomposed), {}, withdrawn=False) == content_digest(
            record(facts=composed), {}, withdrawn=False
        )

    @given(st.text(st.characters(codec="utf-8")), st.lists(st.text(st.characters(codec="utf-8"))), st.booleans())
    def test_it_is_the_digest_of_rfc_8785_json(self, text, texts, flag):
        extra = {"withdrawal_reason": text or "x", "severity": "一般"}
        said = record(facts=text, remark="x", penalty_kinds=tuple(texts), case_withdrawn=flag)
        builtins = {"facts": text, "remark": "x", "penalty_kinds": texts, "case_withdrawn": flag}
        canonical = canonical_json({"document_no": "川能罚〔2026〕1号", "authority_code": AUTHORITY, **builtins})

        more = canonical_json({**json.loads(canonical), "extra": extra | {"op": "D"}})

        assert digest(normalize("NFC", canonical.decode()).encode()) == content_digest(said, {}, withdrawn=False)
        assert digest(normalize("NFC", more.decode()).encode()) == content_digest(said, extra, withdrawn=True)

    def test_an_empty_extra_column_says_nothing(self):
        assert content_digest(record(), {}, withdrawn=False) == content_digest(
            record(), {"severity": ""}, withdrawn=False
        )

    @pytest.mark.parametrize(
        ("changes", "extra", "withdrawn"),
        [
            ({"facts": "x"}, {}, False),
            ({}, {"repaired": "1"}, False),
            ({}, {}, True),
            ({"case_withdrawn": False}, {}, False),
        ],
    )
    def test_anything_else_said_is_new_content(self, changes, extra, withdrawn):
        assert content_digest(record(), {}, withdrawn=False) != content_digest(
            record(**changes), extra, withdrawn=withdrawn
        )

    def test_the_digest_can_be_made_again_from_the_canonical_form_alone(self):
        canonical = f'{{"authority_code":"{AUTHORITY}","document_no":"川能罚〔2026〕1号","extra":{{"repaired":"1"}}}}'

        assert digest(canonical.encode()) == content_digest(record(), {"repaired": "1"}, withdrawn=False)


class TestHidingDigest:
    def test_it_is_bound_to_the_content_it_hides_and_to_how(self):
        made = {
            hiding_digest(before, extra, withdrawn=withdrawn)
            for before in ("sm3:a", "sm3:b")
            for extra in ({}, {"repaired": "1"})
            for withdrawn in (True, False)
        }

        assert 8 == len(made)


class TestBodyOf:
    def test_what_is_stored_reads_back_as_the_same_record(self):
        kept = record(penalty_kinds=("罚款", "警告"), case_withdrawn=True)

        assert kept == msgspec.msgpack.decode(body_of(kept), type=Penalty)
