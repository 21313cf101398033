"""How texts arrive: what is empty, what is mended without loss, what is only pointed at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.validation.texts import EMPTY_WORDS, SUSPECT, TextFault, mended

anything = st.text(st.characters(exclude_categories=()), max_size=40)


class TestMended:
    @pytest.mark.parametrize(
        ("text", "clean", "faults"),
        [
            ("四川\x00宏达", "四川宏达", (TextFault.STRAY,)),
            ("\ufeff四川宏达", "四川宏达", (TextFault.STRAY,)),
            ("四川\u200b宏达\u202e", "四川宏达", (TextFault.STRAY,)),
            ("２０２６年第１５号", "2026年第15号", (TextFault.WIDE,)),
            ("ＡＢＢ", "ABB", (TextFault.WIDE,)),
            ("\x07１", "1", (TextFault.STRAY, TextFault.WIDE)),
            ("四川\ufffd宏达", "四川\ufffd宏达", (TextFault.BROKEN,)),
            ("\ue5e5四川", "\ue5e5四川", (TextFault.BROKEN,)),
            ("锟斤拷锟斤拷", "锟斤拷锟斤拷", (TextFault.BROKEN,)),
            ("宏达鏈夐檺鍏徃", "宏达鏈夐檺鍏徃", (TextFault.BROKEN,)),
            ("\ud83d四川", "\ufffd四川", (TextFault.BROKEN,)),
        ],
    )
    def test_what_was_wrong_is_said(self, text, clean, faults):
        assert (clean, faults) == mended(text)

    def test_utf8_read_as_latin_1_is_recognised(self):
        text = "四川宏达".encode().decode("latin-1")

        assert TextFault.BROKEN in mended(text)[1]

    def test_utf8_read_as_gbk_is_recognised(self):
        text = "四川宏达电力有限公司".encode().decode("gbk", errors="replace")

        assert TextFault.BROKEN in mended(text)[1]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "四川宏达电力（成都）有限公司",
            "第一条\n第二条\r\n\t第三条",
            "鍏达镇涓江村",
            "烫金工艺",
            "Café Müller",
            "10 ㎡、5 ℃",
            "，。；：《》【】",
        ],
    )
    def test_good_text_is_left_alone(self, text):
        assert (text, ()) == mended(text)

    @given(anything)
    def test_idempotent(self, text):
        once, _ = mended(text)

        assert once == mended(once)[0]

    @given(anything)
    def test_result_can_always_be_written_as_utf8(self, text):
        mended(text)[0].encode()

    @given(anything)
    def test_a_text_without_suspect_characters_is_clean(self, text):
        """The quick look never misses what the slow one would find."""
        assert SUSPECT.search(text) or (text, ()) == mended(text)


class TestEmptyWords:
    def test_as_the_standard_lists_them(self):
        assert {"", "无", "/", "null", "暂无"} <= EMPTY_WORDS
