import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.entries import Entry
from hub.audit.errors import EntryError
from hub.audit.openings import commitments_from, read_leaf
from hub.audit.receipts import Receipt
from hub.audit.sealing import commitment, leaf_of, seal
from hub.audit.verify import read_json
from keys.canonical import Spelled
from tests.hub.audit.conftest import CODE, disclosure

TEXTS = st.text(st.characters(codec="utf-8")) | st.text(st.sampled_from('a%"\\\x00\x7f\n\ud7ff\ue000\U00010000\xe9'))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda part: st.lists(part) | st.dictionaries(TEXTS, part) | st.tuples(part, part),
)
ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(["disclosure", "key"]),
    values=st.dictionaries(TEXTS.filter(bool), VALUES, min_size=1),
)


def salts(size):
    return bytes(number * 7 % 256 for number in range(size))


class Odd(float):
    __slots__ = ()


class TestSeal:
    @given(ENTRIES)
    def test_every_leaf_is_the_one_of_the_description(self, entry):
        """Whatever the names and values: it is canonical JSON of the commitments, as any other hand would write it."""
        sealed = seal(entry, salts)
        places = {name: salts(16 * len(entry.values))[place * 16 :][:16] for place, name in enumerate(entry.values)}
        expected = {name: commitment(places[name], value) for name, value in entry.values.items()}

        assert leaf_of(entry.kind, expected) == sealed.leaf
        assert (entry.kind, expected) == read_leaf(sealed.leaf)

    @given(ENTRIES)
    def test_every_opening_opens_its_leaf_for_whoever_reads_it(self, entry):
        """Also a float that canonically written would read back as a number too large to be read."""
        sealed = seal(entry, salts)
        _, commitments = read_leaf(sealed.leaf)

        assert commitments == commitments_from(orjson.loads(sealed.opening))
        assert commitments == commitments_from(read_json(sealed.opening.decode()))

    def test_a_value_spelled_ahead_is_sealed_like_the_value(self):
        """The same leaf and the same opening, byte for byte: nobody can tell how it was given."""
        spelled = disclosure(
            context=Spelled.of({"lot": "2", "tender": "T-1"}),
            subjects=Spelled.of([CODE]),
            served=Spelled.of(["Registration.name", "Penalty.decidedOn"]),
            masked=Spelled.of({"Registration.legalPerson": "m2"}),
            denied=Spelled.of({"Penalty.fineAmount": "R-17"}),
        )

        assert seal(disclosure().entry(), salts) == seal(spelled.entry(), salts)

    @pytest.mark.parametrize(
        "value", [Odd(1.5), [Odd(2.0)], 2**53, float("inf"), "\ud800", {"a": "\udfff"}, {1: 2}, b"x", {"a": object()}]
    )
    def test_a_value_that_cannot_be_hashed_or_shown_is_refused_by_name_alone(self, value):
        with pytest.raises(EntryError, match="the value amount cannot be") as refusal:
            seal(Entry(kind="key", values={"first": 1, "amount": value}), bytes)
        assert "1.5" not in str(refusal.value)

    def test_a_name_without_canonical_form_is_refused(self):
        with pytest.raises(EntryError):
            seal(Entry(kind="key", values={"\ud800": 1}), bytes)


class TestExtension:
    @given(ENTRIES, TEXTS)
    def test_its_bytes_are_the_whole_receipt_as_json(self, entry, proof):
        """Spliced into a response, it is the value of `extensions.receipt`, with no name twice and nothing lost."""
        sealed = seal(entry, salts)
        receipt = Receipt(index=7, size=9, origin="o.example", kind=entry.kind, proof=proof, opening=sealed.opening)
        expected = {
            "index": 7,
            "origin": "o.example",
            "kind": entry.kind,
            "proof": proof,
            "opening": orjson.loads(sealed.opening),
        }

        assert expected == read_json(receipt.extension.decode()) == receipt.as_extension()
        assert list(expected) == list(json.loads(receipt.extension))
        assert orjson.dumps(receipt.as_extension()) == orjson.dumps(orjson.Fragment(receipt.extension))
