"""Names: 16 measured pairs, and everything that must never be joined."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.identifiers.names import NameTier, compare, initials, loose_key, name_key, parent_name_of

PAIRS = Path(__file__).parent / "data" / "name_pairs.csv"
TIERS = {"EXACT": NameTier.EXACT, "EQUIV": NameTier.EQUIVALENT, "NEAR": NameTier.NEAR, "NONE": NameTier.NONE}

chinese = st.text(
    st.sampled_from("国网四川省电力公司成都市锦江（）() 　第一二宏达大廣達有限责任股份集团ABab1"), max_size=20
)


def pairs() -> list[tuple[str, str, NameTier, float | None]]:
    with PAIRS.open(encoding="utf-8") as rows:
        return [
            (row["a"], row["b"], TIERS[word], float(score) if score else None)
            for row in csv.DictReader(rows)
            for word, score in re.findall(r"^(\w+)(?:\(review(?:,([\d.]+))?\))?$", row["tier"])
        ]


class TestCompare:
    def test_fixture_is_whole(self):
        assert 16 == len(pairs())

    @pytest.mark.parametrize(("a", "b", "tier", "score"), pairs())
    def test_measured_pair(self, a, b, tier, score):
        found = compare(a, b)

        assert tier is found.tier
        assert score is None or score == round(found.score, 2)
        assert found.needs_review == (tier in {NameTier.NEAR, NameTier.EQUIVALENT})

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("中电建（广州）建设有限公司", "中电建（深圳）建设有限公司"),
            ("中国能源建设集团第一工程有限公司", "中国能源建设集团第二工程有限公司"),
            ("四川宏达电力有限公司", "四川宏大电力有限公司"),
            ("广州宏达电力设备有限公司", "深圳宏达电力设备有限公司"),
            ("国网四川省电力公司成都供电公司", "国网四川省电力公司绵阳供电公司"),
            ("四川宏达能源有限公司成都分公司", "四川宏达能源有限公司成都第二分公司"),
            ("乾元电力有限公司", "干元电力有限公司"),
            ("昇辉科技有限公司", "升辉科技有限公司"),
            ("川能1号电站有限公司", "川能2号电站有限公司"),
            ("四川市政工程有限公司", "四川政工程有限公司"),
            ("宏达电力", "宏达电力有限公司"),
            ("宏达电力厂", "宏达电力有限公司"),
        ],
    )
    def test_different_organisations_are_never_exact_nor_equivalent(self, a, b):
        assert compare(a, b).tier in {NameTier.NEAR, NameTier.NONE}

    @pytest.mark.parametrize(
        ("parent", "branch"),
        [
            ("国网四川省电力公司", "国网四川省电力公司成都供电公司"),
            ("四川宏达能源股份有限公司", "四川宏达能源股份有限公司成都分公司"),
            ("四川宏达能源有限责任公司", "四川宏达能源有限公司分公司"),
            ("四川宏达电力集团有限公司", "四川宏达电力集团有限公司营业部"),
            ("华能国际电力股份有限公司", "华能国际电力股份有限公司太平驿电站"),
        ],
    )
    def test_a_branch_is_none_to_its_parent_however_alike(self, parent, branch):
        assert NameTier.NONE is compare(parent, branch).tier
        assert NameTier.NONE is compare(branch, parent).tier

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("成都宏达有限公司", "成都市宏达有限责任公司"),
            ("四川成都宏达有限公司", "四川省成都市宏达有限公司"),
            ("四川省宏达股份有限公司", "四川宏达股份有限公司"),
        ],
    )
    def test_province_city_and_legal_form_are_equivalent_for_review(self, a, b):
        found = compare(a, b)

        assert NameTier.EQUIVALENT is found.tier
        assert found.needs_review

    @pytest.mark.parametrize(("a", "b"), [("", ""), ("", "宏达"), (" ", "　"), ("\u200b", "")])
    def test_nothing_has_nothing_in_common(self, a, b):
        assert NameTier.NONE is compare(a, b).tier

    @given(chinese, chinese)
    def test_symmetric(self, a, b):
        assert compare(a, b) == compare(b, a)

    @given(chinese, chinese)
    def test_exact_means_equal_keys_and_only_that(self, a, b):
        assert (name_key(a) == name_key(b) != "") == (compare(a, b).tier is NameTier.EXACT)


class TestNameKey:
    @given(st.text(max_size=30))
    def test_idempotent(self, name):
        once = name_key(name)

        assert once == name_key(once)

    @given(chinese)
    def test_idempotent_on_names(self, name):
        once = name_key(name)

        assert once == name_key(once)

    @pytest.mark.parametrize(
        "typed",
        [
            "中电建（广州）建设有限公司",
            "中电建(广州)建设有限公司",
            " 中电建 （广州）　建设有限公司\n",
            "中電建（廣州）建設有限公司",
            "中电建〔广州〕建设有限公司",
            "中电建【广州】建设\u200b有限公司",
        ],
    )
    def test_one_key_however_typed(self, typed):
        assert "中电建(广州)建设有限公司" == name_key(typed)

    def test_letters_are_upper_case_and_half_width(self):
        assert "ABB(中国)有限公司" == name_key("ａbb（中国）有限公司")

    def test_middle_dots_are_one(self):
        assert name_key("阿里•巴巴") == name_key("阿里·巴巴")

    @pytest.mark.parametrize("name", ["乾元", "昇辉", "喆", "镕", "甦", "著"])
    def test_standard_characters_are_not_converted(self, name):
        assert name == name_key(name)

    def test_a_dropped_space_may_join_a_letter_and_its_accent(self):
        assert name_key("É") == name_key("E \u0301")


class TestInitials:
    @pytest.mark.parametrize(
        ("name", "letters"),
        [
            ("国网四川省电力公司", "gwscsdlgs"),
            ("重庆长江银行", "cqcjyh"),
            ("（ＡＢＢ）中国 2 号", "abbzg2h"),
            ("", ""),
            ("（）", ""),
        ],
    )
    def test_letters(self, name, letters):
        assert letters == initials(name)

    @given(st.text(max_size=20))
    def test_only_small_letters_and_digits(self, name):
        assert re.fullmatch(r"[a-z0-9]*", initials(name))


class TestParentNameOf:
    @pytest.mark.parametrize(
        ("branch", "parent"),
        [
            ("国网四川省电力公司成都供电公司", "国网四川省电力公司"),
            ("四川宏达能源有限公司（成都）分公司", "四川宏达能源有限公司"),
            ("国网四川省电力公司成都供电公司锦江分公司", "国网四川省电力公司成都供电公司"),
            ("华能国际电力股份有限公司太平驿电站", "华能国际电力股份有限公司"),
            ("四川省电机厂销售中心", "四川省电机厂"),
        ],
    )
    def test_read_out_of_the_name(self, branch, parent):
        assert parent == parent_name_of(branch)

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "国网四川省电力公司",
            "四川宏达能源有限公司",
            "中国电力工程顾问集团有限公司",
            "华能国际电力江苏能源开发有限公司",
            "四川公司管理有限公司",
            "成都分公司",
            "四川能源有限公司绵阳子公司股份公司",
            "成都供电所",
        ],
    )
    def test_a_company_in_its_own_right_has_none(self, name):
        assert parent_name_of(name) is None

    def test_a_text_longer_than_any_name_has_none(self):
        """And costs no time: the search for a parent grows with the square of the length."""
        assert parent_name_of("四川公司" * 5000 + "成都站") is None


class TestLooseKey:
    def test_place_and_legal_form_fall_away(self):
        assert "四川成都宏达" == loose_key("四川省成都市宏达有限责任公司")

    def test_what_stands_in_brackets_stays(self):
        assert "中电建(广州市)建设" == loose_key("中电建(广州市)建设有限公司")
