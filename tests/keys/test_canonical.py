import json

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from keys.canonical import Spelled, canonical_json
from keys.errors import CanonicalError

# Both sides of every rule of the fast path: keys around the surrogates, integers up to 2^53, floats, controls.
TEXTS = st.text(st.characters(codec="utf-8")) | st.text(
    st.sampled_from('a"\\\x00\x1f\x7f\n\ud7ff\ue000\ufffd\U00010000\xe9')
)
EXACT = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS


def nested(scalars):
    return st.recursive(scalars, lambda part: st.lists(part) | st.dictionaries(TEXTS, part) | st.tuples(part, part))


FLOATLESS = nested(EXACT)
VALUES = nested(EXACT | st.floats(allow_nan=False, allow_infinity=False))
# From 2^53 on, a float is written like an integer that we refuse to read.
READABLE = nested(EXACT | st.floats(-(2**53) + 1, 2**53 - 1))


class TestCanonicalJson:
    @given(VALUES)
    def test_every_value_is_written_as_the_reference_writes_it(self, value):
        assert rfc8785.dumps(value) == canonical_json(value)

    @given(READABLE)
    def test_what_is_written_reads_back_and_is_written_alike(self, value):
        written = canonical_json(value)

        assert written == canonical_json(json.loads(written))

    @given(st.dictionaries(TEXTS, TEXTS))
    def test_order_of_insertion_does_not_count(self, value):
        assert canonical_json(value) == canonical_json(dict(reversed(value.items())))

    def test_keys_stand_by_utf16_unit_not_by_code_point(self):
        """U+10000 is a surrogate pair beginning with U+D800, so it comes before U+E000."""
        assert '{"\U00010000":1,"\ue000":2}'.encode() == canonical_json({"\ue000": 2, "\U00010000": 1})

    def test_the_example_of_the_standard(self):
        """RFC 8785, 3.2.2."""
        value = {
            "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "€$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
            "literals": [None, True, False],
        }
        expected = (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        )

        assert expected.encode() == canonical_json(value)

    @pytest.mark.parametrize(
        "value",
        [
            2**53,
            -(2**53),
            [1, {"a": 2**64}],
            float("nan"),
            float("inf"),
            {"a": [float("-inf")]},
            "\ud800",
            {"a": "\udfff"},
            {"\ud800": 1},
            {1: "a"},
            {None: "a"},
            {"a": 1, 2: "b"},
            b"bytes",
            {"a": {1, 2}},
            object(),
            1 + 2j,
        ],
    )
    def test_what_has_no_canonical_form_is_refused(self, value):
        with pytest.raises(CanonicalError):
            canonical_json(value)

    def test_a_refusal_quotes_no_value(self):
        with pytest.raises(CanonicalError) as refusal:
            canonical_json({"secret-name": 9007199254740993})

        assert "9007199254740993" not in str(refusal.value)
        assert "secret" not in str(refusal.value)

    def test_a_value_that_holds_itself_is_refused(self):
        """Promptly, too, although each level holds it twice."""
        value = []
        value += [value, value]

        with pytest.raises(CanonicalError):
            canonical_json(value)

    def test_nesting_beyond_the_stack_is_refused(self):
        value = []
        for _ in range(100_000):
            value = [value]

        with pytest.raises(CanonicalError):
            canonical_json(value)

    def test_deep_but_bounded_nesting_is_written(self):
        value = "x"
        for _ in range(150):
            value = [value]

        assert b"[" * 150 + b'"x"' + b"]" * 150 == canonical_json(value)

    def test_a_subclass_is_written_as_its_value(self):
        class Code(str):
            __slots__ = ()

        assert b'{"a":"b"}' == canonical_json({Code("a"): Code("b")})


def listed(value):
    """The value with its tuples as the lists they read back as."""
    if isinstance(value, dict):
        return {key: listed(part) for key, part in value.items()}
    return [listed(part) for part in value] if isinstance(value, list | tuple) else value


class TestSpelled:
    @given(FLOATLESS)
    def test_its_bytes_are_those_of_the_reference_and_read_back_as_the_value(self, value):
        spelled = Spelled.of(value)

        assert rfc8785.dumps(value) == spelled.text == canonical_json(spelled) == canonical_json(value)
        assert listed(value) == json.loads(spelled.text)

    @given(VALUES)
    def test_a_value_with_a_float_anywhere_is_refused(self, value):
        """From 2^53 on, a float is written as an integer that nobody may read: an opening of it would open nothing."""
        assume(holds_float(value))
        with pytest.raises(CanonicalError):
            Spelled.of(value)

    @pytest.mark.parametrize("value", [2**53, float("nan"), "\ud800", {1: "a"}, b"x", [object()], [Spelled(1, b"1")]])
    def test_what_has_no_canonical_form_is_refused(self, value):
        with pytest.raises(CanonicalError):
            Spelled.of(value)

    @pytest.mark.parametrize("value", [[Spelled(1, b"1")], {"a": Spelled(1, b"1")}, (Spelled(1, b"1"),)])
    def test_it_is_no_part_of_another_value(self, value):
        """Only a whole value is spelled ahead; inside another it would be taken for something else."""
        with pytest.raises(CanonicalError):
            canonical_json(value)


def holds_float(value):
    if isinstance(value, dict):
        return any(map(holds_float, value.values()))
    return any(map(holds_float, value)) if isinstance(value, list | tuple) else isinstance(value, float)
