import base64
import hashlib
import json
from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

from hub.audit.disclosure import answer_digest, answer_digest_of
from hub.audit.entries import DeliveryRow, Entry, Pending, pack_versions
from hub.audit.errors import EntryError
from hub.audit.receipts import Receipt
from hub.audit.sealing import commitment, seal
from keys.errors import CanonicalError
from keys.merkle import leaf_hash
from tests.hub.audit.conftest import CODE, disclosure, note


class TestEntry:
    @pytest.mark.parametrize(("kind", "values"), [("gossip", {"a": 1}), ("key", {}), ("key", {"": 1})])
    def test_an_entry_nobody_could_read_is_refused(self, kind, values):
        with pytest.raises(EntryError):
            Entry(kind=kind, values=values)


class TestSeal:
    def test_a_leaf_is_what_the_description_says(self):
        """By hand, as another implementation would: SHA-256 over 16 bytes of salt and the canonical value."""
        sealed = seal(Entry(kind="key", values={"b": "甲", "a": [1, None]}), lambda size: bytes(range(size)))
        salts = [bytes(range(16)), bytes(range(16, 32))]
        expected = {
            "v": 1,
            "kind": "key",
            "commit": {
                "a": "sha256:" + hashlib.sha256(salts[1] + b"[1,null]").hexdigest(),
                "b": "sha256:" + hashlib.sha256(salts[0] + '"甲"'.encode()).hexdigest(),
            },
        }

        assert expected == json.loads(sealed.leaf)
        assert leaf_hash(sealed.leaf) == sealed.leaf_hash
        assert {"salt": base64.b64encode(salts[0]).decode(), "value": "甲"} == json.loads(sealed.opening)["b"]

    def test_every_value_has_a_salt_of_its_own(self):
        sealed = seal(disclosure().entry(), lambda size: bytes(number * 7 % 256 for number in range(size)))
        salts = {part["salt"] for part in json.loads(sealed.opening).values()}

        assert len(disclosure().entry().values) == len(salts)

    @pytest.mark.parametrize("value", [2**53, float("nan"), "\ud800", b"x", object()])
    def test_a_value_without_canonical_form_is_refused_by_name_alone(self, value):
        with pytest.raises(EntryError, match="amount"):
            seal(Entry(kind="key", values={"amount": value}), bytes)

    def test_a_commitment_binds_type_and_value(self):
        salt = bytes(16)

        assert 4 == len({commitment(salt, value) for value in (1, "1", True, [1])})


class TestDeliveryRow:
    @pytest.mark.parametrize(
        "change",
        [
            {"subject_code": CODE + "0"},
            {"subject_code": ""},
            {"subject_code": "91\x00"},
            {"subject_code": "九一"},
            {"partner": "a\x00b"},
            {"partner": "\ud800"},
            {"purpose": "a\nb"},
        ],
    )
    def test_a_row_a_store_would_refuse_is_refused_before_it_can_fail_others(self, change):
        with pytest.raises(EntryError):
            DeliveryRow(**{"subject_code": CODE, "partner": "p", "purpose": "P", **change})

    def test_versions_packed_ahead_are_kept_as_they_are(self):
        versions = [("penalty", "k", 1), ("licence", "l", 2)]
        row = DeliveryRow(subject_code=CODE, partner=None, purpose="P", versions=versions)

        assert row.packed_versions() == replace(row, versions=pack_versions(versions)).packed_versions()
        assert [list(version) for version in versions] == msgspec.msgpack.decode(row.packed_versions())


class TestPending:
    def test_no_subject_is_delivered_twice(self):
        row = DeliveryRow(subject_code=CODE, partner=None, purpose="P")

        with pytest.raises(EntryError):
            Pending(entry=note(1).entry, deliveries=[row, row])

    def test_what_was_read_are_subjects(self):
        with pytest.raises(EntryError):
            Pending(entry=note(1).entry, reads={"a'b": 1})


class TestDisclosure:
    def test_it_is_a_denial_when_nothing_was_answered(self):
        assert "denial" == disclosure(answer=None).entry().kind
        assert "disclosure" == disclosure().entry().kind

    def test_its_time_is_an_instant(self):
        assert "2026-11-20T08:30:00.000000Z" == disclosure().entry().values["at"]
        with pytest.raises(ValueError, match="naive"):
            disclosure(at=datetime(2026, 11, 20)).entry()  # noqa: DTZ001  the fault under test


class TestAnswerDigest:
    def test_it_is_the_hash_of_the_canonical_data(self):
        assert "sha256:" + hashlib.sha256(b'{"a":1,"b":"\xe7\x94\xb2"}').hexdigest() == answer_digest(
            {"b": "甲", "a": 1.0}
        )

    def test_what_json_cannot_carry_exactly_is_refused(self):
        with pytest.raises(CanonicalError):
            answer_digest({"a": 2**53})

    def test_of_canonical_bytes_it_is_the_same(self):
        assert answer_digest({"b": [1], "a": "甲"}) == answer_digest_of('{"a":"甲","b":[1]}'.encode())


class TestReceipt:
    def test_it_has_a_short_and_a_whole_form(self):
        receipt = Receipt(index=7, size=9, origin="o.example", kind="key", proof="p", opening=b'{"a":{"value":1}}')

        assert "7@o.example" == receipt.header()
        assert {"index", "origin", "kind", "proof", "opening"} == receipt.as_extension().keys()
        assert receipt.as_extension() == json.loads(json.dumps(receipt.as_extension()))
