from datetime import date
from itertools import combinations
from operator import add, mul

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schema.identifiers.citizen import spans_of_citizen_numbers
from schema.identifiers.uscc import compose, is_uscc
from schema.policy.redaction import redact

CITIZEN = "11010519491231002X"
CARD = "6222021234567894"
SECRETS = (CITIZEN, "13812345678", "028-86543210", "li.si@example.cn", CARD, "510105491231002")
SEPARATORS = " \t\n\r\u3000\xa0-.·/_,，－．／＿"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
words = st.text(alphabet="经查该公司未按规定报送,。；： ()a1", max_size=12)


class TestNumbers:
    @pytest.mark.parametrize(
        "secret",
        [
            CITIZEN,
            "110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
            "510105491231002",
            "13812345678",
            "138 1234 5678",
            "+86 138-1234-5678",
            "１３８１２３４５６７８",
            "028-86543210",
            "(010)62345678",
            "li.si@example.cn",
            "Li_Si+x@mail.example.com.cn",
            CARD,
            "6222 0212 3456 7894",
            "6222\u30000212，3456·7895",
            "6222021234567890",
            "62220212345678901",
            "6222021234567890128",
            "110105194912310021",
            "110105\n19491331/0021",
            "110105491231002",
            "110105,491231,002",
            "2026-03-05, 510105491231002",
            "E12345678",
            "g12345678",
            "Ｈ１２３４５６７８",
            "H1234567890",
            "EA1234567",
        ],
    )
    def test_becomes_asterisks_of_the_same_length(self, secret: str):
        assert f"经查，{'*' * len(secret)}，违规。" == redact(f"经查，{secret}，违规。")

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("身份证号码：110105194912310021", "身份证号码：" + "*" * 18),
            ("身份证110105****1231002X", "身份证" + "*" * 18),
            ("账号 1234567890123", "账号 *************"),
            ("银行卡号：1234 5678 9012 3456", "银行卡号：" + "*" * 19),
        ],
    )
    def test_a_number_that_is_said_to_be_one_is_one(self, text: str, shown: str):
        """Without a true check digit too: who writes 身份证 before a number means it."""
        assert shown == redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            "统一社会信用代码91510100MA6XXXXXXA",
            "川能罚〔2026〕12号",
            "罚款12.500000万元",
            "2026年3月5日至2026年6月5日",
            "许可证编号5-1-00123-2021",
            "合同编号20260305001234",
            "发改委令第36号第25条",
            "2026-03-05 2026-06-05",
            "2026-03-05至2026-06-05，2026.03.05-2026.06.05",
            "2026/3/5, 2026/6/5, 2026/9/5",
            "2026-03-05, 1,234,567.00",
            "型号GE12345678",
            "E1234567",
            "",
        ],
    )
    def test_other_numbers_stay(self, text: str):
        """Document numbers, amounts, days and credit codes are what the public is there to read."""
        assert text == redact(text)


class TestNames:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("法定代表人：张三", "法定代表人：张*"),
            ("法定代表人张三，", "法定代表人张*，"),
            ("法定代表人（王小明）签字", "法定代表人（王*）签字"),
            ("主要负责人为欧阳修文。", "主要负责人为欧阳*。"),
            ("联系人: 李四 电话13812345678", "联系人: 李* 电话***********"),
            ("负责人：买买提·艾力", "负责人：买*"),
            ("负责人艾尼瓦尔·司马义到场", "负责人艾*"),
            ("姓名：司马光", "姓名：司马*"),
            ("经查，王小明（身份证号：5101**********1234）", f"经查，王*（身份证号：{'*' * 18}）"),
            ("买买提·艾力，身份证号", "买*，身份证号"),
            ("当事人欧阳修身份证", "当事人欧阳*身份证"),
            ("张三居民身份证", "张*居民身份证"),
            ("负责人：欧阳", "负责人：欧*"),
        ],
    )
    def test_keep_the_family_name_where_a_title_or_a_number_tells_them(self, text: str, shown: str):
        assert shown == redact(text)

    def test_hide_one_character_too_many_rather_than_one_too_few(self):
        """Nothing says where 张三 or 张三丰 ends: three characters are taken for the name."""
        assert "法定代表人张*违反规定" == redact("法定代表人张三因违反规定")
        assert "法定代表人张*违反规定" == redact("法定代表人张三丰违反规定")

    @pytest.mark.parametrize(
        "text",
        [
            "法定代表人未履行职责",
            "负责人应当整改",
            "主要负责人变更登记",
            "负责人和其他人员",
            "提供身份证",
            "居民身份证",
            "伪造他人身份证",
        ],
    )
    def test_a_title_without_a_name_stays(self, text: str):
        assert text == redact(text)


class TestEveryText:
    @given(
        st.lists(
            st.one_of(words, st.sampled_from(SECRETS), st.sampled_from(["法定代表人张三", "身份证", "@", "*"])),
            max_size=8,
        )
    )
    def test_redacting_twice_is_redacting_once_and_nothing_grows(self, parts: list[str]):
        text = "".join(parts)
        redacted = redact(text)

        assert redacted == redact(redacted)
        assert len(redacted) <= len(text)

    @given(st.text(max_size=60))
    def test_any_text_has_an_answer(self, text: str):
        redacted = redact(text)

        assert redacted == redact(redacted)
        assert len(redacted) <= len(text)

    @given(words, st.sampled_from(SECRETS), words)
    def test_a_secret_that_stands_by_itself_does_not_show(self, before: str, secret: str, after: str):
        """Whatever Chinese text stands around it."""
        assume(not before[-1:].isascii() and not after[:1].isascii())

        assert secret not in redact(before + secret + after)

    @given(st.text(alphabet="1234567890Xx 法定代表人身份证张三,", max_size=60))
    def test_no_citizen_number_is_left(self, text: str):
        assert () == spans_of_citizen_numbers(redact(text))

    @given(
        birth=st.dates(date(1900, 1, 1), date(2099, 12, 31)),
        place=st.integers(100000, 899999),
        order=st.integers(0, 999),
        separators=st.lists(st.text(alphabet=SEPARATORS, max_size=3), min_size=17, max_size=17),
        before=st.sampled_from(["", "张三", "ID", "3, ", "2026-03-05 ", "12", "第"]),
        after=st.sampled_from(["", "。", "号", " 5", "99", "abc", " 2026-03-05"]),
    )
    def test_no_birth_date_survives_any_separators(self, *, birth, place, order, separators, before, after):
        body = f"{place}{birth:%Y%m%d}{order:03}"
        number = body + "10X98765432"[sum(map(mul, map(int, body), WEIGHTS)) % 11]
        assume(not is_uscc(number))
        written = number[0] + "".join(map(add, separators, number[1:]))
        head = len(before) + 6 + sum(map(len, separators[:6]))
        tail = head + 8 + sum(map(len, separators[6:13]))
        redacted = redact(before + written + after)

        assert not any(character.isdigit() for character in redacted[head:tail])

    @given(st.text(alphabet="0123456789", min_size=8, max_size=8))
    def test_a_credit_code_of_digits_stays(self, serial: str):
        """Among them those that Luhn, a birth date or their sheer length would take for something else."""
        code = compose("91510100", serial)

        assert f"代码{code}、{code}，" == redact(f"代码{code}、{code}，")

    def test_two_secrets_side_by_side_do_not_hide_each_other(self):
        for one, other in combinations(SECRETS, 2):
            redacted = redact(f"{one}、{other}")
            assert one not in redacted
            assert other not in redacted

    def test_a_long_text_takes_no_long_time(self):
        """Five thousand characters of the worst kind, CF_SY's limit; the suite's time limit is the judge."""
        for worst in (
            "a" * 5000,
            "1" * 5000,
            "a.b-" * 1250,
            "张" * 5000,
            "0 " * 2500,
            "a@" * 2500,
            "身份证" * 1666,
            "1 - " * 1250,
            "2026-03-05 " * 450,
        ):
            assert len(redact(worst)) <= 5000
