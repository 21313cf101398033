from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.purpose import MAX_HEADER, MAX_KEYS, MAX_VALUE, Purpose, purpose_of
from hub.errors import BadInputError, ErrorCode

CHECK = Purpose(code="PROCUREMENT_CHECK", context=(("lot", "2"), ("stage", "S5"), ("tender", "T-1")))
BODY = {"purpose": {"code": "PROCUREMENT_CHECK", "context": {"tender": "T-1", "lot": "2", "stage": "S5"}}}
HEADER = 'PROCUREMENT_CHECK;tender="T-1";lot="2";stage="S5"'


def refused(extensions: dict, header: str | None = None) -> BadInputError:
    with pytest.raises(BadInputError) as caught:
        purpose_of(extensions, header)
    return caught.value


def body(code: object = "SUPERVISION", context: object = None) -> dict:
    return {"purpose": {"code": code, "context": context}}


class TestNone:
    @pytest.mark.parametrize("extensions", [{}, {"purpose": None}, {"persistedQuery": {}}])
    def test_means_public_lookup(self, extensions: dict):
        assert Purpose(code="PUBLIC_LOOKUP") == purpose_of(extensions, None)


class TestBody:
    def test_code_and_context(self):
        assert CHECK == purpose_of(BODY, None)

    @pytest.mark.parametrize("stated", [{"code": "SELF_QUERY"}, {"code": "SELF_QUERY", "context": None}])
    def test_context_may_be_left_out(self, stated: dict):
        assert Purpose(code="SELF_QUERY") == purpose_of({"purpose": stated}, None)

    @pytest.mark.parametrize("stated", ["PROCUREMENT_CHECK", 1, True, [], ["SUPERVISION"]])
    def test_that_is_no_object_is_refused(self, stated: object):
        error = refused({"purpose": stated})

        assert ("extensions", "purpose") == error.place
        assert ErrorCode.BAD_USER_INPUT is error.code

    @pytest.mark.parametrize(
        "code",
        [None, 1, True, {}, "", "supervision", "SUPER VISION", "S" * 65, "ＳＵＰＥＲ", "_X", "X;Y", "SUPERVISION\n"],
    )
    def test_with_a_malformed_code_is_refused(self, code: object):
        assert ("extensions", "purpose", "code") == refused(body(code)).place

    def test_with_another_member_is_refused(self):
        """A misspelt `context` would otherwise be an empty one."""
        assert ("extensions", "purpose") == refused({"purpose": {"code": "SUPERVISION", "contxt": {}}}).place

    @pytest.mark.parametrize("context", ["T-1", 1, [], [["tender", "T-1"]]])
    def test_with_a_context_that_is_no_object_is_refused(self, context: object):
        assert ("extensions", "purpose", "context") == refused(body(context=context)).place

    @pytest.mark.parametrize("value", [None, 1, 1.5, True, {}, [], ["T-1"]])
    def test_with_a_context_value_that_is_no_string_is_refused(self, value: object):
        error = refused(body(context={"tender": value}))

        assert ("extensions", "purpose", "context", "tender") == error.place
        assert "expected a string" in error.message

    @pytest.mark.parametrize("value", ["x" * (MAX_VALUE + 1), "a\nb", "a\x00", "\ud800", "\u202eT-1"])
    def test_with_a_long_or_unprintable_value_is_refused_without_repeating_it(self, value: str):
        error = refused(body(context={"tender": value}))

        assert ("extensions", "purpose", "context", "tender") == error.place
        assert value not in error.message

    @pytest.mark.parametrize("key", ["", "Tender", "tender id", "标段", "t" * 33, "tender_id", "__proto__"])
    def test_with_a_malformed_key_is_refused_without_repeating_it(self, key: str):
        error = refused(body(context={key: "1"}))

        assert ("extensions", "purpose", "context") == error.place

    def test_with_too_many_keys_is_refused(self):
        assert purpose_of(body(context={f"k{number}": "1" for number in range(MAX_KEYS)}), None)
        assert ("extensions", "purpose", "context") == refused(
            body(context={f"k{number}": "1" for number in range(MAX_KEYS + 1)})
        ).place

    def test_text_of_any_script_is_fine(self):
        assert (("tender", "川投-2026第3标段"),) == purpose_of(
            body(context={"tender": "川投-2026第3标段"}), None
        ).context


class TestHeader:
    def test_token_and_parameters(self):
        assert CHECK == purpose_of({}, HEADER)

    @pytest.mark.parametrize("key", ["matter-code", "matter_code"])
    def test_keys_are_lower_case_and_mean_camel_case(self, key: str):
        """RFC 9651 knows no capitals in a key."""
        stated = purpose_of({}, f'ADMIN_APPROVAL;{key}="M-1";case-id="C-1"')

        assert (("caseId", "C-1"), ("matterCode", "M-1")) == stated.context

    def test_other_scripts_travel_as_display_strings(self):
        assert (("tender", "锦江"),) == purpose_of({}, 'PROCUREMENT_CHECK;tender=%"%e9%94%a6%e6%b1%9f"').context

    @pytest.mark.parametrize(
        "header",
        [
            "",
            " ",
            ";",
            '"PROCUREMENT_CHECK"',
            "1",
            "?1",
            ":aGk=:",
            "@1659578233",
            "(A B)",
            "A, B",
            "PROCUREMENT_CHECK;",
            'PROCUREMENT_CHECK;tender="T-1',
            'PROCUREMENT_CHECK;Tender="T-1"',
            'PROCUREMENT_CHECK tender="T-1"',
            'PROCUREMENT_CHECK;tender="川投"',
            'PROCUREMENT_CHECK;tender=%"%ff"',
            "procurement_check",
            "*",
            "A;" * 2000,
            "A" * (MAX_HEADER + 1),
        ],
    )
    def test_that_is_malformed_is_refused(self, header: str):
        error = refused({}, header)

        assert "Purpose header" in error.place
        assert ErrorCode.BAD_USER_INPUT is error.code

    @pytest.mark.parametrize("value", ["", "=2", "=2.5", "=T-1", "=?0", "=:aGk=:", "=@1659578233"])
    def test_parameters_are_strings_in_quotes(self, value: str):
        """`lot=2` is an Integer and `lot` alone a Boolean: neither says what the asker wrote."""
        error = refused({}, f"PROCUREMENT_CHECK;lot{value}")

        assert ("Purpose header", "context", "lot") == error.place
        assert "expected a string in quotes" in error.message

    @pytest.mark.parametrize("parameters", [';lot="1";lot="2"', ';matter-code="1";matter_code="2"'])
    def test_a_key_twice_is_refused(self, parameters: str):
        """The standard lets the last one win; here nobody could say which purpose was stated."""
        assert "a key twice" in refused({}, f"ADMIN_APPROVAL{parameters}").message

    def test_a_long_value_is_refused(self):
        assert ("Purpose header", "context", "lot") == refused({}, f'A;lot="{"1" * (MAX_VALUE + 1)}"').place

    @given(st.text(max_size=80))
    def test_any_text_is_a_purpose_or_refused(self, header: str):
        """Never another exception: the header comes from the wire."""
        with suppress(BadInputError):
            assert purpose_of({}, header).code


class TestBoth:
    def test_that_say_the_same_are_one(self):
        assert CHECK == purpose_of(BODY, HEADER)

    @pytest.mark.parametrize(
        "header",
        [
            "PUBLIC_LOOKUP",
            'PROCUREMENT_CHECK;tender="T-2";lot="2";stage="S5"',
            'PROCUREMENT_CHECK;tender="T-1";lot="2"',
            'SUPERVISION;tender="T-1";lot="2";stage="S5"',
        ],
    )
    def test_that_differ_are_refused(self, header: str):
        """A gateway that adds a header must not silently widen what a client stated, nor narrow it."""
        error = refused(BODY, header)

        assert ("extensions", "purpose") == error.place
        assert "another purpose" in error.message

    def test_a_malformed_header_is_refused_beside_a_good_body(self):
        assert ("Purpose header",) == refused(BODY, "A;").place


class TestRoundTrip:
    @given(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True),
        st.dictionaries(
            st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True),
            st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=MAX_VALUE),
            max_size=MAX_KEYS,
        ),
    )
    def test_body_and_header_mean_the_same(self, code: str, context: dict[str, str]):
        escaped = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in context.items()}
        header = code + "".join(f';{key}="{value}"' for key, value in escaped.items())
        extensions = {"purpose": {"code": code, "context": context}}
        if len(header) > MAX_HEADER:
            return

        assert purpose_of(extensions, None) == purpose_of({}, header) == purpose_of(extensions, header)
