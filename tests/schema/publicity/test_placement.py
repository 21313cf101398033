"""A record's row of the matrix and its tier: what is gone or not yet out is never public."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rulebook import load_rules
from schema.catalogue import KINDS, Grade, ListEntry, Penalty, UnknownKindError
from schema.catalogue.model import Category, Record
from schema.publicity import category_of, place_record, row_tier, tier_of_disclosure
from schema.records import Provenance, PublicityState, Severity, StoredRecord
from schema.tiers import Audience, Tier, is_at_least

S, C = PublicityState, Category
RULES = load_rules().on(date(2026, 11, 20))
LISTS = list(RULES.list_types)
PROVENANCE = Provenance(
    source="national", batch="B-1", version=1, digest="sm3:00", as_of="", received_at="", catalogue_version="2026.11"
)


def stored(body: Record, **given) -> StoredRecord:
    return StoredRecord(
        subject="91350100M000100Y43",
        kind=body.KIND,
        key="k",
        body=body,
        link_method="uscc",
        link_confidence=1.0,
        provenance=PROVENANCE,
        **({"state": S.PUBLISHED} | given),
    )


class TestCategoryOf:
    @pytest.mark.parametrize(
        ("state", "severity", "expected"),
        [
            (S.PUBLISHED, Severity.MINOR, C.C06),
            (S.PUBLISHED, Severity.GENERAL, C.C05),
            (S.PUBLISHED, Severity.SERIOUS, C.C05),
            (S.PUBLISHED, None, C.C05),
            (S.EXPIRED, Severity.SERIOUS, C.C07),
            (S.EXPIRED, Severity.MINOR, C.C07),
            (S.REPAIRED, Severity.MINOR, C.C08),
            (S.REPAIRED, Severity.SERIOUS, C.C08),
            (S.WITHDRAWN, Severity.GENERAL, C.C08),
            (S.SHIELDED, Severity.GENERAL, C.C08),
            (S.RECEIVED, Severity.SERIOUS, C.C06),
            (S.CHECKED, Severity.SERIOUS, C.C06),
            (S.NOTICE_SERVED, Severity.SERIOUS, C.C06),
            (S.WINDOW, Severity.SERIOUS, C.C06),
            (S.READY, Severity.SERIOUS, C.C06),
        ],
    )
    def test_a_penalty(self, state, severity, expected):
        assert expected is category_of("Penalty", state, severity, None)

    @pytest.mark.parametrize("code", LISTS)
    def test_a_standing_list_entry_goes_by_its_list(self, code):
        assert RULES.list_type(code).category is category_of("ListEntry", S.PUBLISHED, None, code)

    @pytest.mark.parametrize("code", ["L01", "W01", "W03", None])
    @pytest.mark.parametrize(
        ("state", "expected"), [(S.EXPIRED, C.C07), (S.REPAIRED, C.C08), (S.WITHDRAWN, C.C08), (S.WINDOW, C.C06)]
    )
    def test_a_list_entry_that_does_not_stand(self, code, state, expected):
        assert expected is category_of("ListEntry", state, None, code)

    @pytest.mark.parametrize("code", [None, "", "X99"])
    def test_an_entry_of_an_unknown_list_is_with_the_watch_lists(self, code):
        assert C.C10 is category_of("ListEntry", S.PUBLISHED, None, code)

    @pytest.mark.parametrize(("given", "expected"), [(None, C.C11), (C.C11, C.C11), (C.C12, C.C12)])
    def test_a_grade_goes_by_its_scheme_and_the_stricter_if_unknown(self, given, expected):
        assert expected is category_of("Grade", S.PUBLISHED, None, None, scheme_category=given)

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("Registration", C.C01),
            ("Licence", C.C04),
            ("Commitment", C.C13),
            ("SupplierSanction", C.C14),
            ("Performance", C.C15),
            ("Arrears", C.C16),
        ],
    )
    def test_the_other_kinds_have_one_category(self, kind, expected):
        assert expected is category_of(kind, S.PUBLISHED, None, None)

    @pytest.mark.parametrize("kind", [name for name in KINDS if name not in {"Penalty", "ListEntry"}])
    @pytest.mark.parametrize("state", [state for state in S if state is not S.PUBLISHED])
    def test_another_kind_that_is_not_published_is_its_owners_alone(self, kind, state):
        assert C.C08 is category_of(kind, state, None, None, scheme_category=C.C12)

    @pytest.mark.parametrize("kind", ["", "penalty", "Theft"])
    def test_an_unknown_kind_is_refused(self, kind):
        with pytest.raises(UnknownKindError):
            category_of(kind, S.REPAIRED, None, None)

    @given(
        st.sampled_from(list(KINDS)),
        st.sampled_from(S),
        st.none() | st.sampled_from(Severity),
        st.none() | st.sampled_from(LISTS),
    )
    def test_every_category_is_one_the_kind_declares(self, kind, state, severity, code):
        assert category_of(kind, state, severity, code) in KINDS[kind].CATEGORIES


class TestRowTier:
    @pytest.mark.parametrize(
        ("category", "code", "state", "expected"),
        [
            (C.C05, None, S.PUBLISHED, Tier.P),
            (C.C06, None, S.PUBLISHED, Tier.G),
            (C.C06, None, S.WINDOW, Tier.G_CON),
            (C.C06, None, S.RECEIVED, Tier.G_CON),
            (C.C07, None, S.EXPIRED, Tier.G_CON),
            (C.C08, None, S.REPAIRED, Tier.R),
            (C.C09, "L01", S.PUBLISHED, Tier.P),
            (C.C10, "W01", S.PUBLISHED, Tier.P),
            (C.C10, "W02", S.PUBLISHED, Tier.G),
            (C.C10, "W03", S.PUBLISHED, Tier.I),
            (C.C07, "L01", S.EXPIRED, Tier.G_CON),
            (C.C07, "W02", S.EXPIRED, Tier.G_CON),
            (C.C07, "W03", S.EXPIRED, Tier.R),  # government never had it, industry has it no longer
            (C.C06, "W03", S.WINDOW, Tier.R),
            (C.C08, "W01", S.REPAIRED, Tier.R),
            (C.C10, None, S.PUBLISHED, Tier.R),
            (C.C10, "X99", S.PUBLISHED, Tier.R),
            (C.C09, "L99", S.PUBLISHED, Tier.R),
            (C.C01, None, S.PUBLISHED, Tier.P),
            (C.C12, None, S.PUBLISHED, Tier.P),
            (C.C14, None, S.PUBLISHED, Tier.P),
        ],
    )
    def test_by_category_list_and_state(self, category, code, state, expected):
        assert expected is row_tier(category, code, state, RULES)

    @pytest.mark.parametrize(("published", "expected"), [(False, Tier.S), (True, Tier.P)])
    def test_a_public_grade_is_public_where_its_evaluator_published_it(self, published, expected):
        assert expected is row_tier(C.C11, None, S.PUBLISHED, RULES, published=published)


class TestTierOfDisclosure:
    @pytest.mark.parametrize(
        ("disclosure", "expected"),
        [
            ("社会公开", Tier.P),
            ("政务共享", Tier.G),
            ("授权查询", Tier.A),
            ("", Tier.R),
            ("内部", Tier.R),
            ("1", Tier.R),
        ],
    )
    def test_what_is_not_known_is_strict(self, disclosure, expected):
        assert expected is tier_of_disclosure(disclosure)


class TestPlaceRecord:
    def test_a_penalty_leaves_the_public_the_day_after_its_last(self):
        record = stored(Penalty(), severity=Severity.GENERAL, publicity_to="2026-11-20")
        today = place_record(record, date(2026, 11, 20), RULES)
        tomorrow = place_record(record, date(2026, 11, 21), RULES)

        assert (S.PUBLISHED, C.C05, Tier.P) == (today.state, today.category, today.tier)
        assert (S.EXPIRED, C.C07, Tier.G_CON) == (tomorrow.state, tomorrow.category, tomorrow.tier)

    @pytest.mark.parametrize(
        ("scheme", "category", "tier"),
        [("CEC", C.C12, Tier.P), ("GBT45255-2025", C.C11, Tier.S), ("MOODY", C.C11, Tier.S), (None, C.C11, Tier.S)],
    )
    def test_a_grade_is_placed_by_its_scheme(self, scheme, category, tier):
        placed = place_record(stored(Grade(scheme=scheme)), date(2026, 11, 20), RULES)

        assert (category, tier) == (placed.category, placed.tier)

    @pytest.mark.parametrize(
        ("own", "expected"), [(None, Tier.P), (Tier.P, Tier.P), (Tier.G, Tier.G), (Tier.A, Tier.A), (Tier.R, Tier.R)]
    )
    def test_the_records_own_attribute_makes_it_stricter(self, own, expected):
        record = stored(ListEntry(), list_code="L01", tier=own)

        assert expected is place_record(record, date(2026, 11, 20), RULES).tier

    @given(
        st.sampled_from(S),
        st.none() | st.sampled_from(Severity),
        st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        st.integers(-400, 400),
        st.none() | st.sampled_from(Tier),
    )
    def test_a_penalty_past_its_end_or_not_published_is_never_public(self, state, severity, until, days, own):
        """Whatever its class and whatever it says of itself."""
        record = stored(Penalty(), state=state, severity=severity, publicity_to=until.isoformat(), tier=own)
        placed = place_record(record, until + timedelta(days=days), RULES)
        live = state is S.PUBLISHED and days <= 0

        assert live or placed.category is not C.C05
        assert live or Audience.PUB not in placed.tier.readers
        assert live or Audience.IND not in placed.tier.readers

    @given(st.sampled_from(LISTS), st.sampled_from([state for state in S if state is not S.PUBLISHED]))
    def test_a_list_entry_that_does_not_stand_is_never_public(self, code, state):
        placed = place_record(stored(ListEntry(), list_code=code, state=state), date(2026, 11, 20), RULES)

        assert is_at_least(placed.tier, Tier.G_CON)

    @given(st.sampled_from(list(KINDS)), st.sampled_from([S.REPAIRED, S.WITHDRAWN, S.SHIELDED]))
    def test_what_was_taken_down_is_its_owners_alone(self, kind, state):
        placed = place_record(stored(KINDS[kind](), state=state), date(2026, 11, 20), RULES)

        assert (C.C08, Tier.R) == (placed.category, placed.tier)
