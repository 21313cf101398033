"""Rule data that is not whole never gets as far as a judgment: each fault names file, entry and reason."""

import pytest

from schema.rules.book import RuleBook
from schema.rules.errors import RuleDataError, RuleError
from tests.schema.rules.texts import BASIS, SINCE, shipped, with_file

DEFAULT = '[[default]]\ncode = "罚款"\nseverity = "一般"\n'
LIST = '[[list]]\ncode = "penalty_kind"\nzh = "甲"\nen = "a"\n'
VALUE = '[[list.value]]\nvalue = "罚款"\nen = "Fine"\n'
PERIOD = '[[period]]\ncode = "一般"\nregime = "r"\nshown = true\n'
YEAR = '[[year]]\ncode = "2026"\n'
TYPE = '[[type]]\ncode = "L01"\nzh = "甲"\nen = "a"\ndecided_by = "乙"\ntier = "P"\n'
MEASURE = '[[measure]]\ncode = "M1"\nclass = "I"\nzh = "甲"\nen = "a"\ndecided_by = "乙"\n'
SCHEME = '[[scheme]]\ncode = "X"\nzh = "甲"\nen = "a"\nowner = "乙"\n'
LIMIT = '[[limit]]\ncode = "T01"\nzh = "甲"\nen = "a"\n'


def refused(name: str, text: str) -> RuleDataError:
    with pytest.raises(RuleDataError) as caught:
        RuleBook.parse(with_file(name, text))
    assert name == caught.value.file
    assert str(caught.value).startswith(f"{name}: ")
    return caught.value


class TestFiles:
    @pytest.mark.parametrize("name", list(shipped()))
    def test_a_missing_file_is_refused(self, name):
        texts = shipped()
        del texts[name]

        with pytest.raises(RuleDataError, match=f"^{name}: missing$"):
            RuleBook.parse(texts)

    def test_a_file_nobody_knows_is_refused(self):
        with pytest.raises(RuleDataError, match=r"^extra\.toml: unknown file, expected value_lists\.toml, "):
            RuleBook.parse(shipped() | {"extra.toml": ""})

    def test_what_is_no_toml_is_refused(self):
        assert refused("severity.toml", "[[default").problem.startswith("not TOML: ")

    def test_a_section_nobody_knows_is_refused(self):
        assert "unknown section, expected default, violation" == refused("severity.toml", "[[defaults]]\na=1").problem

    @pytest.mark.parametrize("text", ["default = 3", "[default]\na = 1"])
    def test_a_section_that_is_no_list_of_entries_is_refused(self, text):
        assert "expected [[default]] entries" == refused("severity.toml", text).problem

    def test_an_entry_that_is_no_table_is_refused(self):
        assert "default 1" == refused("severity.toml", 'default = ["罚款"]').entry

    def test_every_fault_is_of_one_family(self):
        assert issubclass(RuleDataError, RuleError)


class TestEveryEntry:
    def test_the_place_is_named_by_position_and_code(self):
        error = refused("severity.toml", DEFAULT + SINCE + BASIS + DEFAULT.replace("罚款", "警告") + SINCE)

        assert "default 2 (警告)" == error.entry

    @pytest.mark.parametrize("missing", ["legal_basis", "source_mark", "effective_from", "code", "severity"])
    def test_a_missing_key_is_refused(self, missing):
        lines = (DEFAULT + SINCE + BASIS).splitlines()
        error = refused("severity.toml", "\n".join(line for line in lines if not line.startswith(missing)))

        assert f"missing required field `{missing}`" in error.problem

    @pytest.mark.parametrize("empty", ['legal_basis = ""', 'source_mark = ""', 'code = ""'])
    def test_an_empty_text_is_no_basis(self, empty):
        name = empty.split(" ", maxsplit=1)[0]
        lines = [empty if line.startswith(name) else line for line in (DEFAULT + SINCE + BASIS).splitlines()]

        assert name in refused("severity.toml", "\n".join(lines)).problem

    @pytest.mark.parametrize("mark", ["X", "m", "M ", "M, P", "S5", "F0", "F", "M,", ",M", "F100"])
    def test_a_mark_that_domain_does_not_know_is_refused(self, mark):
        text = DEFAULT + SINCE + f'legal_basis = "某办法"\nsource_mark = "{mark}"\n'

        assert "source_mark" in refused("severity.toml", text).problem

    def test_an_unknown_key_is_refused(self):
        error = refused("severity.toml", DEFAULT + SINCE + BASIS + 'efective_to = "2020-01-01"\n')

        assert "unknown field `efective_to`" in error.problem

    @pytest.mark.parametrize("day", ['"soon"', '"2020-02-30"', "2020", "2020-01-01T00:00:00", '""', "true"])
    def test_what_is_no_day_is_refused(self, day):
        assert "effective_from" in refused("severity.toml", DEFAULT + f"effective_from = {day}\n" + BASIS).problem

    def test_an_end_before_the_beginning_is_refused(self):
        error = refused("severity.toml", DEFAULT + SINCE + "effective_to = 2019-12-31\n" + BASIS)

        assert "effective_to 2019-12-31 is before effective_from 2020-01-01" == error.problem

    @pytest.mark.parametrize("second", ["2020-01-01", "2020-06-30", "2021-12-31"])
    def test_two_versions_of_one_code_may_not_overlap(self, second):
        first = DEFAULT + SINCE + "effective_to = 2021-12-31\n" + BASIS
        error = refused("severity.toml", first + DEFAULT + f"effective_from = {second}\n" + BASIS)

        assert "default (罚款)" == error.entry
        assert f"the entry from {second} overlaps the one from 2020-01-01" == error.problem

    def test_nothing_follows_a_version_without_end(self):
        refused("severity.toml", DEFAULT + SINCE + BASIS + DEFAULT + "effective_from = 2030-01-01\n" + BASIS)

    def test_the_day_after_the_last_is_free(self):
        first = DEFAULT + SINCE + "effective_to = 2021-12-31\n" + BASIS

        assert RuleBook.parse(
            with_file("severity.toml", first + DEFAULT + "effective_from = 2022-01-01\n" + BASIS),
        )


class TestSections:
    @pytest.mark.parametrize("severity", ["较重", "", "GENERAL"])
    def test_a_class_nobody_knows_is_refused(self, severity):
        refused("severity.toml", DEFAULT.replace("一般", severity) + SINCE + BASIS)

    def test_a_default_for_a_kind_no_list_has_is_refused(self):
        error = refused("severity.toml", DEFAULT.replace("罚款", "罚金") + SINCE + BASIS)

        assert "not a value of the list penalty_kind" == error.problem

    def test_a_list_without_values_is_refused(self):
        assert (
            "a value list needs at least one value"
            == refused("value_lists.toml", LIST + "value = []\n" + SINCE + BASIS).problem
        )

    @pytest.mark.parametrize(
        "again",
        [VALUE, VALUE.replace("罚款", "警告") + 'synonyms = ["罚款"]\n', VALUE + 'synonyms = ["罚款"]\n'],
    )
    def test_a_text_that_would_mean_two_values_is_refused(self, again):
        assert (
            "罚款 stands twice in the list" == refused("value_lists.toml", LIST + SINCE + BASIS + VALUE + again).problem
        )

    @pytest.mark.parametrize(
        ("bounds", "problem"),
        [
            ("min_months = 13\nmax_months = 12\n", "the minimum is longer than max_months"),
            (
                'min_months = 1\nmax_months = 12\nlong_min_months = 13\nlong_min_words = ["消防"]\n',
                "the minimum is longer than max_months",
            ),
            (
                "min_months = 1\nmax_months = 12\nlong_min_months = 6\n",
                "long_min_months and long_min_words stand together or not at all",
            ),
            (
                'min_months = 1\nmax_months = 12\nlong_min_words = ["消防"]\n',
                "long_min_months and long_min_words stand together or not at all",
            ),
        ],
    )
    def test_a_period_that_contradicts_itself_is_refused(self, bounds, problem):
        assert problem == refused("publicity.toml", PERIOD + bounds + SINCE + BASIS).problem

    @pytest.mark.parametrize(
        "bounds",
        ["min_months = -1\nmax_months = 12\n", 'min_months = 1\nmax_months = 2\nolder = "both"\n', "min_months = 1\n"],
    )
    def test_a_period_of_the_wrong_shape_is_refused(self, bounds):
        refused("publicity.toml", PERIOD + bounds + SINCE + BASIS)

    def test_a_period_of_a_class_nobody_knows_is_refused(self):
        text = PERIOD.replace("一般", "较重") + "min_months = 1\nmax_months = 2\n" + SINCE + BASIS

        assert "code must be one of 轻微, 一般, 严重" == refused("publicity.toml", text).problem

    @pytest.mark.parametrize(
        ("days", "problem"),
        [
            ("off = []\nwork = [2027-01-02]\n", "2027-01-02 is not in 2026"),
            (
                'off = [{ from = 2025-12-31, to = 2026-01-01, zh = "甲", en = "a" }]\n',
                "2025-12-31 is not in 2026",
            ),
            (
                'off = [{ from = 2026-01-03, to = 2026-01-01, zh = "甲", en = "a" }]\n',
                "甲 ends on 2026-01-01, before it begins on 2026-01-03",
            ),
            (
                'off = [{ from = 2026-01-01, to = 2026-01-03, zh = "甲", en = "a" }]\nwork = [2026-01-03]\n',
                "2026-01-03 is both off and work",
            ),
        ],
    )
    def test_a_calendar_that_contradicts_itself_is_refused(self, days, problem):
        assert problem == refused("calendar.toml", YEAR + days + SINCE + BASIS).problem

    @pytest.mark.parametrize("code", ["26", "２０２６", "year", "20266"])
    def test_a_year_of_other_than_four_digits_is_refused(self, code):
        text = YEAR.replace("2026", code) + "off = []\n" + SINCE + BASIS

        assert "code must be a year of four digits" == refused("calendar.toml", text).problem

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ('code = "X01"\n', "code must begin with L (serious list) or W (abnormal or key-watch list)"),
            ("term_min_months = 1\n", "term_min_months and term_max_months stand together or not at all"),
            ("term_max_months = 1\n", "term_min_months and term_max_months stand together or not at all"),
            ("term_min_months = 2\nterm_max_months = 1\n", "term_min_months is longer than term_max_months"),
        ],
    )
    def test_a_list_type_that_contradicts_itself_is_refused(self, change, problem):
        text = TYPE.replace('code = "L01"\n', change) if change.startswith("code") else TYPE + change

        assert problem == refused("list_types.toml", text + SINCE + BASIS).problem

    def test_a_tier_nobody_knows_is_refused(self):
        refused("list_types.toml", TYPE.replace('"P"', '"Q"') + SINCE + BASIS)

    def test_a_measure_for_a_list_nobody_describes_is_refused(self):
        error = refused("measures.toml", MEASURE + 'applies_to = ["L99"]\n' + SINCE + BASIS)

        assert "unknown list type 'L99'" == error.problem

    def test_a_measure_of_a_fourth_class_is_refused(self):
        refused("measures.toml", MEASURE.replace('"I"', '"IV"') + "applies_to = []\n" + SINCE + BASIS)

    @pytest.mark.parametrize("grades", ["[]", '["A", "B", "A"]'])
    def test_a_scale_that_is_none_is_refused(self, grades):
        text = SCHEME + f'category = "C11"\ngrades = {grades}\n' + SINCE + BASIS

        assert "grades must name each grade once, best first" == refused("grade_schemes.toml", text).problem

    def test_a_scheme_of_another_category_is_refused(self):
        text = SCHEME + 'category = "C05"\ngrades = ["A"]\n' + SINCE + BASIS

        assert "category must be C11 (public) or C12 (industry)" == refused("grade_schemes.toml", text).problem

    @pytest.mark.parametrize(
        "bounds",
        [
            'unit = "fortnight"\nvalue = 1\n',
            'unit = "day"\nvalue = -1\n',
            'unit = "day"\nvalue = "7"\n',
            'unit = "day"\nvalue = 7\nmaximum = 6\n',
        ],
    )
    def test_a_limit_that_is_none_is_refused(self, bounds):
        refused("time_limits.toml", LIMIT + bounds + SINCE + BASIS)
