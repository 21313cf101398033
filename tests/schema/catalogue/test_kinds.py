"""What every reader of the catalogue may rely on, whichever kind it asks."""

import re
from typing import Annotated, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rulebook import load_rules
from schema.catalogue import CATALOGUE_VERSION, KINDS, Grade, Penalty, UnknownKindError, kind_named
from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldSpec, FieldType, Mask, Record, fields_of
from schema.tiers import Tier, is_at_least

SPECS = [spec for kind in KINDS.values() for spec in fields_of(kind)]
PERSONAL = {Category.C02: Mask.M1, Category.C03: Mask.M2}
FREE_TEXT = {
    "Registration.address",
    "Registration.businessScope",
    "Registration.remark",
    "Licence.content",
    "Licence.remark",
    "Penalty.violationType",
    "Penalty.facts",
    "Penalty.legalBasis",
    "Penalty.content",
    "Penalty.remark",
    "Penalty.withdrawalReason",
    "ListEntry.reason",
    "ListEntry.removalReason",
    "ListEntry.remark",
    "Grade.remark",
    "Commitment.matter",
    "Commitment.content",
    "Commitment.remark",
    "SupplierSanction.cause",
    "SupplierSanction.remark",
    "Performance.breachDetail",
    "Performance.remark",
    "Arrears.remark",
}
VALUES = {
    FieldType.TEXT: st.text(),
    FieldType.CODE: st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=1),
    FieldType.DATE: st.dates().map(str),
    FieldType.AMOUNT: st.decimals(min_value=0, max_value=10**6, places=6).map(str),
    FieldType.DECIMAL: st.decimals(min_value=0, max_value=100, places=2).map(str),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.TEXTS: st.lists(st.text(), max_size=4).map(tuple),
}


def each(specs=SPECS):
    return pytest.mark.parametrize("spec", specs, ids=[spec.coordinate for spec in specs])


@st.composite
def records(draw):
    kind = draw(st.sampled_from(list(KINDS.values())))
    return kind(**{spec.name: draw(st.none() | VALUES[spec.field.type]) for spec in fields_of(kind)})


class TestKinds:
    def test_the_nine_kinds_stand_in_order(self):
        expected = [
            "Registration",
            "Licence",
            "Penalty",
            "ListEntry",
            "Grade",
            "Commitment",
            "SupplierSanction",
            "Performance",
            "Arrears",
        ]

        assert expected == list(KINDS)
        assert expected == [kind.__name__ for kind in KINDS.values()]

    def test_the_catalogue_cannot_be_changed_while_it_is_served(self):
        with pytest.raises(TypeError):
            KINDS["Penalty"] = Grade  # type: ignore[index]

    def test_the_version_is_a_year_and_a_month(self):
        assert re.fullmatch(r"\d{4}\.(0[1-9]|1[0-2])", CATALOGUE_VERSION)

    @pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
    def test_main_day_key_name_and_code_are_fields_of_the_kind(self, kind):
        held = {spec.name: spec.field for spec in fields_of(kind)}

        assert FieldType.DATE is held[kind.MAIN_DAY].type
        assert held[kind.MAIN_DAY].sortable
        assert held[kind.MAIN_DAY].filterable
        assert held[kind.NAME_FIELD].required
        assert FieldType.CODE is held[kind.CODE_FIELD].type
        assert kind.KEY_FIELDS
        assert set(kind.KEY_FIELDS) <= held.keys()

    @pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
    def test_a_record_is_made_of_nothing(self, kind):
        assert b"{}" == msgspec.json.encode(kind())

    @pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
    def test_every_kind_can_be_taken_down(self, kind):
        assert Category.C08 in kind.CATEGORIES


class TestKindNamed:
    def test_a_known_name_gets_its_class(self):
        assert Penalty is kind_named("Penalty")

    @pytest.mark.parametrize("name", ["", "penalty", "Penalties", "Record", "__class__"])
    def test_any_other_name_is_refused_and_told_what_there_is(self, name):
        with pytest.raises(UnknownKindError, match=f"unknown record kind '{name}', expected one of: Registration, "):
            kind_named(name)

    def test_the_refusal_is_a_key_error(self):
        assert issubclass(UnknownKindError, KeyError)


class TestFieldsOf:
    def test_a_field_without_annotation_is_refused(self):
        class Bare(Record, frozen=True, kw_only=True):
            KIND: ClassVar[str] = "Bare"
            name: str | None = None

        with pytest.raises(TypeError, match=r"Bare\.name: expected one catalogue Field in its annotation, got 0"):
            fields_of(Bare)

    def test_a_field_annotated_with_something_else_is_refused(self):
        class Odd(Record, frozen=True, kw_only=True):
            KIND: ClassVar[str] = "Odd"
            name: Annotated[str | None, msgspec.Meta(max_length=3)] = None

        with pytest.raises(TypeError, match="got 0"):
            fields_of(Odd)

    def test_a_field_with_two_descriptions_is_refused(self):
        one = Field(zh="一", en="one", tier=Tier.P)

        class Twice(Record, frozen=True, kw_only=True):
            KIND: ClassVar[str] = "Twice"
            name: Annotated[str | None, one, one] = None

        with pytest.raises(TypeError, match="got 2"):
            fields_of(Twice)

    def test_a_field_without_tier_cannot_be_described(self):
        with pytest.raises(TypeError, match="tier"):
            Field(zh="名称", en="Name")  # type: ignore[call-arg]


class TestFields:
    def test_no_two_fields_share_a_coordinate(self):
        coordinates = [spec.coordinate for spec in SPECS]

        assert len(set(coordinates)) == len(coordinates)

    @each()
    def test_names_are_safe_in_graphql(self, spec: FieldSpec):
        """`__` is GraphQL's own, and a leading digit or an acronym's capitals would break a client's generator."""
        assert re.fullmatch(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*", spec.api_name)
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", spec.name)

    @each()
    def test_labels_are_whole_in_both_languages(self, spec: FieldSpec):
        assert re.search(r"[一-鿿]", spec.field.zh)
        assert re.fullmatch(r"[ -~]+", spec.field.en)
        assert spec.field.zh == spec.field.zh.strip()
        assert spec.field.en == spec.field.en.strip()

    @each([spec for spec in SPECS if spec.field.category in PERSONAL])
    def test_what_says_who_a_person_is_has_its_mask(self, spec: FieldSpec):
        assert PERSONAL[spec.field.category] is spec.field.mask

    @each([spec for spec in SPECS if "id_no" in spec.name or "id_type" in spec.name])
    def test_identity_documents_of_persons_are_restricted(self, spec: FieldSpec):
        assert Category.C03 is spec.field.category
        assert Tier.R is spec.field.tier
        assert not spec.field.filterable
        assert not spec.field.sortable

    @each([spec for spec in SPECS if spec.name == "legal_representative"])
    def test_a_legal_representative_is_a_category_of_its_own(self, spec: FieldSpec):
        assert Category.C02 is spec.field.category

    def test_free_text_is_redacted_and_nothing_else_is(self):
        assert FREE_TEXT == {spec.coordinate for spec in SPECS if spec.field.mask is Mask.M4}

    @each([spec for spec in SPECS if spec.field.type is FieldType.TEXT and (spec.field.length or 0) > 200])
    def test_long_text_without_a_value_list_is_free_text(self, spec: FieldSpec):
        assert spec.field.values or spec.coordinate in FREE_TEXT

    @each([spec for spec in SPECS if spec.field.type is FieldType.DATE])
    def test_a_day_can_be_shown_to_the_month(self, spec: FieldSpec):
        assert Mask.M5 is spec.field.mask

    @each([spec for spec in SPECS if spec.field.type is FieldType.AMOUNT])
    def test_an_amount_can_be_shown_as_a_band_and_is_never_sorted_as_text(self, spec: FieldSpec):
        assert Mask.M3 is spec.field.mask
        assert spec.field.precision is not None
        assert not spec.field.sortable

    @each([spec for spec in SPECS if spec.field.required_when])
    def test_a_condition_is_one_the_catalogue_knows_and_never_beside_required(self, spec: FieldSpec):
        assert Condition(spec.field.required_when)
        assert not spec.field.required

    @each([spec for spec in SPECS if spec.field.type is FieldType.BOOLEAN])
    def test_a_yes_or_no_may_be_missing(self, spec: FieldSpec):
        assert not spec.field.required

    @each([spec for spec in SPECS if spec.field.values])
    def test_a_value_list_is_in_the_rule_data_and_fits_the_field(self, spec: FieldSpec):
        longest = spec.field.length

        for page in load_rules().pages:
            assert all(len(value) <= longest for value in page.value_list(spec.field.values).values)

    def test_a_score_stays_within_the_industry(self):
        assert Tier.I is next(spec.field.tier for spec in fields_of(Grade) if spec.name == "score")

    @pytest.mark.parametrize(
        ("kind", "floor"),
        [("SupplierSanction", Tier.I), ("Performance", Tier.A), ("Arrears", Tier.S)],
    )
    def test_what_is_not_public_by_its_nature_has_no_field_that_is(self, kind, floor):
        assert all(is_at_least(spec.field.tier, floor) for spec in fields_of(KINDS[kind]))


class TestRecords:
    @given(records())
    def test_msgpack_gives_back_what_it_took(self, record):
        packed = msgspec.msgpack.encode(record)

        assert record == msgspec.msgpack.decode(packed, type=type(record))

    @given(records())
    def test_json_gives_back_what_it_took(self, record):
        text = msgspec.json.encode(record)

        assert record == msgspec.json.decode(text, type=type(record))

    @given(records())
    def test_what_is_absent_takes_no_room(self, record):
        held = {name for name in record.__struct_fields__ if getattr(record, name) is not None}

        assert held == msgspec.json.decode(msgspec.json.encode(record)).keys()

    def test_a_record_cannot_be_changed(self):
        with pytest.raises(AttributeError):
            Penalty().document_no = "x"  # type: ignore[misc]

    @pytest.mark.parametrize("amount", [1.5, 3, True])
    def test_an_amount_is_never_a_number(self, amount):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"fine_amount": amount}, Penalty)
