"""The items of a change set as input: every one the domain knows, under its own names."""

from typing import get_args

import msgspec
import pytest

from hub.administration import items as domain
from hub.administration.graph.items import input_types, item_of, shown_item
from hub.errors import BadInputError
from schema.catalogue.model import Category, Mask
from schema.policy.model import Fact
from schema.tiers import Audience, Tier


class TestInputs:
    def test_every_item_of_the_domain_can_be_drafted(self):
        assert {str(kind.__struct_config__.tag) for kind in get_args(domain.Item)} == set(input_types())

    def test_every_member_of_an_item_is_a_member_of_its_input(self):
        members = {str(kind.__struct_config__.tag): list(kind.__struct_fields__) for kind in get_args(domain.Item)}

        assert members == {name: [field.name for field in made.fields] for name, made in input_types().items()}

    def test_no_description_speaks_python(self):
        told = [
            text
            for made in input_types().values()
            for text in (made.description, *(field.description for field in made.fields))
            if text
        ]

        assert [] == [text for text in told if "None" in text or "hub." in text]


ITEMS = [
    domain.LabelField(coordinate="Penalty.facts", tier=Tier.G_CON, mask=Mask.M4),
    domain.PutCell(
        category=Category.C07,
        reader="LD",
        name="matter",
        needs=frozenset({Fact.MATTER_CODE, Fact.IN_REGION}),
        audience=Audience.OWN,
        masks=frozenset({Mask.M7}),
    ),
    domain.PutPurpose(
        code="RATING",
        zh="信用评价",
        en="rating",
        categories=frozenset({Category.C01}),
        basis="S1",
        mark="P",
        needs={Category.C15: frozenset({Fact.CONSENT})},
    ),
    domain.SetPartner(id="jinjiang", contact=None, state="active"),
    domain.LabelRecord(subject="91510100MA6CTE400T", kind="Penalty", record_key="k", tier=None),
    domain.RestorePolicy(version=3),
]


class TestItemOf:
    @pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
    def test_what_is_shown_can_be_drafted_again(self, item):
        shown = shown_item(item)

        assert item == item_of(shown.kind, shown.body, 0)

    def test_words_are_taken_as_graphql_and_as_the_policy_spell_them(self):
        by_name = item_of("labelField", {"coordinate": "Penalty.facts", "tier": "G_CON", "mask": "M4"}, 0)
        by_value = item_of("labelField", {"coordinate": "Penalty.facts", "tier": "G-CON", "mask": "m4"}, 0)

        assert by_name == by_value

    @pytest.mark.parametrize(
        ("kind", "body", "place"),
        [
            ("nothing", {}, ("items", 4)),
            ("LabelField", {}, ("items", 4)),
            ("labelField", {"coordinate": "x"}, ("items", 4, "labelField")),
            ("labelField", {"coordinate": "x", "tier": "Z"}, ("items", 4, "labelField")),
            ("labelField", {"coordinate": "x", "tier": "P", "more": 1}, ("items", 4, "labelField")),
            ("labelField", {"coordinate": 7, "tier": "P"}, ("items", 4, "labelField")),
            ("restorePolicy", {"version": "3"}, ("items", 4, "restorePolicy")),
            ("putOfficer", {"id": "x", "role": "PRESIDENT"}, ("items", 4, "putOfficer")),
            ("putPurpose", {"needs": [{"category": "C01"}]}, ("items", 4, "putPurpose")),
        ],
    )
    def test_refused_by_place_and_rule(self, kind, body, place):
        with pytest.raises(BadInputError) as refused:
            item_of(kind, body, 4)

        assert (place, "change.form") == (refused.value.place, refused.value.extensions["rule"])

    def test_refusal_repeats_no_value(self):
        with pytest.raises(BadInputError) as refused:
            item_of("labelField", {"coordinate": "x", "tier": "11010119900307123X"}, 0)

        assert "1101" not in str(refused.value)
        assert "tier" in str(refused.value)


def test_items_are_what_the_store_keeps():
    assert tuple(ITEMS) == domain.unpacked(domain.packed(tuple(ITEMS)))
    assert all(isinstance(item, msgspec.Struct) for item in ITEMS)
