"""What is sealed opens with its key at its place, and nowhere else; no failure says more than that."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from keys.envelope import LocalKey, Suite, is_sealed, key_id_of, nonce_of, open_sealed, place_of, seal
from keys.errors import DamagedError, OtherKeyError, SealedFormError, SealError

VECTORS = json.loads((Path(__file__).parent / "vectors" / "aes_gcm.json").read_text(encoding="utf-8"))
KEY = LocalKey.of(b"key-0001", bytes(range(32)))
PLACE = place_of("record", "contract_no", "91510100MA00000010", 1)
NONCE = bytes(12)


class TestVectors:
    @pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
    def test_the_cipher_is_the_standards(self, case):
        """Known answers of the submission to NIST, both ways."""
        key = LocalKey.of(b"key-0001", bytes.fromhex(case["key"]))
        given = (bytes.fromhex(case["iv"]), bytes.fromhex(case["plain"]), bytes.fromhex(case["aad"]))
        expected = bytes.fromhex(case["cipher"] + case["tag"])

        assert expected == key.encrypt(*given)
        assert given[1] == key.decrypt(given[0], expected, given[2])

    def test_the_layout_is_as_described(self):
        """Written by hand from the module's first lines: another program can read what we seal."""
        head = b"\x01\x01key-0001"
        padded = b"value\x80" + bytes(10)
        expected = head + NONCE + AESGCM(bytes(range(32))).encrypt(NONCE, padded, head + PLACE)

        assert expected == seal(KEY, b"value", PLACE, NONCE)


class TestPlaceOf:
    @given(st.lists(st.one_of(st.text(), st.integers())), st.lists(st.one_of(st.text(), st.integers())))
    def test_different_places_never_read_the_same(self, one, other):
        same = [str(part) for part in one] == [str(part) for part in other]
        try:
            assert same == (place_of(*one) == place_of(*other))
        except UnicodeEncodeError:
            assert any("\ud800" <= letter <= "\udfff" for part in (*one, *other) for letter in str(part))

    def test_a_border_cannot_be_moved(self):
        assert place_of("ab", "c") != place_of("a", "bc") != place_of("abc")


class TestSeal:
    @given(st.binary(max_size=200))
    def test_opens_again(self, data):
        assert data == open_sealed(KEY, seal(KEY, data, PLACE, NONCE), PLACE)

    @given(st.integers(0, 15), st.integers(0, 15))
    def test_tells_a_length_only_to_sixteen_bytes(self, one, other):
        assert len(seal(KEY, bytes(one), PLACE, NONCE)) == len(seal(KEY, b"x" * other, PLACE, NONCE))

    def test_names_suite_and_key(self):
        sealed = seal(KEY, b"", PLACE, NONCE)

        assert (Suite.AES_256_GCM, b"key-0001", NONCE) == (sealed[1], key_id_of(sealed), nonce_of(sealed))
        assert is_sealed(sealed)

    @pytest.mark.parametrize("nonce", [b"", bytes(11), bytes(13), bytes(16)])
    def test_refuses_a_nonce_of_another_length(self, nonce):
        with pytest.raises(SealedFormError):
            seal(KEY, b"x", PLACE, nonce)

    @pytest.mark.parametrize(("key_id", "key"), [(b"key-0001", bytes(16)), (b"key-0001", b""), (b"short", bytes(32))])
    def test_refuses_a_key_of_another_length(self, key_id, key):
        with pytest.raises(SealedFormError):
            LocalKey.of(key_id, key)

    def test_a_key_is_not_shown(self):
        assert bytes(range(32)).hex() not in repr(KEY)
        assert "AESGCM" not in repr(KEY)


class TestOpenSealed:
    SEALED = seal(KEY, "机密".encode(), PLACE, NONCE)

    @given(st.data())
    def test_refuses_every_changed_byte(self, data):
        place = data.draw(st.integers(0, len(self.SEALED) - 1))
        bit = data.draw(st.integers(0, 7))
        changed = bytearray(self.SEALED)
        changed[place] ^= 1 << bit

        with pytest.raises(SealError):
            open_sealed(KEY, bytes(changed), PLACE)

    @pytest.mark.parametrize("length", range(len(SEALED)))
    def test_refuses_every_shorter_one(self, length):
        with pytest.raises(SealError):
            open_sealed(KEY, self.SEALED[:length], PLACE)

    @pytest.mark.parametrize(
        "place",
        [
            place_of("record_version", "contract_no", "91510100MA00000010", 1),
            place_of("record", "project_name", "91510100MA00000010", 1),
            place_of("record", "contract_no", "91510100MA00000029", 1),
            place_of("record", "contract_no", "91510100MA00000010", 2),
            place_of("record", "contract_no"),
            b"",
        ],
        ids=["table", "column", "subject", "version", "shorter", "none"],
    )
    def test_refuses_every_other_place(self, place):
        with pytest.raises(DamagedError):
            open_sealed(KEY, self.SEALED, place)

    def test_refuses_another_key_by_name(self):
        with pytest.raises(OtherKeyError):
            open_sealed(LocalKey.of(b"key-0002", bytes(range(32))), self.SEALED, PLACE)

    def test_refuses_another_key_of_the_same_name(self):
        with pytest.raises(DamagedError):
            open_sealed(LocalKey.of(b"key-0001", bytes(32)), self.SEALED, PLACE)

    def test_refuses_a_key_that_was_renamed(self):
        """The name is authenticated: who renames what is sealed does not make it another key's."""
        renamed = self.SEALED[:2] + b"key-0002" + self.SEALED[10:]
        with pytest.raises(DamagedError):
            open_sealed(LocalKey.of(b"key-0002", bytes(range(32))), renamed, PLACE)

    @pytest.mark.parametrize("suite", [0, 2, 3, 255])
    def test_refuses_a_suite_that_it_has_not(self, suite):
        with pytest.raises(SealedFormError):
            open_sealed(KEY, self.SEALED[:1] + bytes([suite]) + self.SEALED[2:], PLACE)

    def test_refuses_a_suite_that_is_not_the_keys(self):
        class Other:
            id, suite = b"key-0001", 2

            def decrypt(self, *_):
                raise AssertionError

        with pytest.raises(SealedFormError):
            open_sealed(Other(), self.SEALED, PLACE)

    @pytest.mark.parametrize("first", [0, 2, 0x80, 0xFF])
    def test_refuses_another_format(self, first):
        other = bytes([first]) + self.SEALED[1:]

        assert not is_sealed(other)
        with pytest.raises(SealedFormError):
            nonce_of(other)

    def test_refuses_what_was_sealed_without_padding(self):
        head = b"\x01\x01key-0001"
        sealed = head + NONCE + AESGCM(bytes(range(32))).encrypt(NONCE, bytes(16), head + PLACE)

        with pytest.raises(DamagedError):
            open_sealed(KEY, sealed, PLACE)

    def test_no_message_tells_a_value_or_a_key(self):
        told = []
        for sealed in (self.SEALED[:-1] + b"?", self.SEALED[:9], b"\x02" + self.SEALED[1:]):
            with pytest.raises(SealError) as refused:
                open_sealed(KEY, sealed, PLACE)
            told.append(str(refused.value))

        assert {"not authentic", "nothing sealed, or of another format"} == set(told)
