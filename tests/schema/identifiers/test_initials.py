"""The quick way to pinyin initials gives what the dictionary of phrases gives."""

from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from schema.identifiers.names import initials, name_key

PHRASES = sorted(PHRASES_DICT)
ENDINGS = ["", "有限公司", "（重庆）分公司", "A1厂", "银行", "长江电力"]


def by_phrases(name: str) -> str:
    letters = "".join(lazy_pinyin(name_key(name), style=Style.FIRST_LETTER)).lower()
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())


class TestInitials:
    def test_every_phrase_of_the_dictionary(self):
        assert [] == [phrase for phrase in PHRASES if initials(phrase) != by_phrases(phrase)]

    @given(st.lists(st.sampled_from(PHRASES), max_size=4), st.sampled_from(ENDINGS))
    def test_phrases_side_by_side(self, phrases, ending):
        name = "".join(phrases) + ending

        assert by_phrases(name) == initials(name)

    @given(st.text(max_size=20))
    def test_any_text(self, text):
        assert by_phrases(text) == initials(text)
