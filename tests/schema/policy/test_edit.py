"""Changes to a policy make the policy they say, or are refused with the place."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.access.policies import policy_digest, seed_policy
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category, Mask
from schema.plan.guarded import guard_table
from schema.policy.edit import (
    ClassifyField,
    DropCell,
    EditError,
    LabelField,
    PutCell,
    PutPurpose,
    SetCategoryTier,
    apply_items,
    differences,
)
from schema.policy.entries import PolicyDataError
from schema.policy.model import Fact, FieldLabel
from schema.policy.parse import policy_from_json, policy_json
from schema.tiers import Tier, is_at_least

TABLE = guard_table(KINDS, CATALOGUE_VERSION)
SEED = seed_policy()
RATING_2 = PutPurpose(
    code="RATING_TWO",
    zh="评价二",
    en="rating two",
    categories=frozenset({Category.C05, Category.C15}),
    basis="test",
    mark="P",
    needs={Category.C15: frozenset({Fact.CONSENT})},
)


def edited(*items, policy=SEED):
    return apply_items(policy, items, floors=TABLE.by_coordinate, version=9, digest_of=policy_digest)


def refused(*items) -> EditError:
    with pytest.raises(EditError) as refusal:
        edited(*items)
    return refusal.value


class TestApplyItems:
    def test_each_item_changes_what_it_names_and_nothing_else(self):
        after = edited(
            LabelField(coordinate="Penalty.facts", tier=Tier.S),
            SetCategoryTier(category=Category.C13, tier=Tier.G),
            PutCell(category=Category.C05, reader="GC", name="stop", permit=False),
            DropCell(id="C02.PU"),
            RATING_2,
        )

        assert (
            "cells.C02.PU",
            "cells.C05.GC.stop",
            "fields.Penalty.facts",
            "purposes.RATING_TWO",
            "tiers.C13",
        ) == differences(SEED, after)
        assert FieldLabel(tier=Tier.S) == after.fields["Penalty.facts"]
        assert 9 == after.version
        assert SEED.digest == seed_policy().digest

    def test_a_line_put_again_stands_where_it_stood(self):
        ids = [cell.id for cell in SEED.cells]
        after = edited(
            PutCell(category=Category.C02, reader="PU", masks=frozenset({Mask.M1}), needs=frozenset({Fact.PUBLISHED}))
        )

        assert ids == [cell.id for cell in after.cells]
        assert ("cells.C02.PU",) == differences(SEED, after)

    def test_a_new_line_stands_beside_those_of_its_category(self):
        after = edited(PutCell(category=Category.C05, reader="PU", name="again"))
        ids = [cell.id for cell in after.cells]
        at = ids.index("C05.PU.again")

        assert "C05" == ids[at - 1][:3]
        assert [cell.id for cell in SEED.cells] == ids[:at] + ids[at + 1 :]

    def test_later_items_see_what_earlier_ones_did(self):
        after = edited(
            PutCell(category=Category.C05, reader="GC", name="stop", permit=False), DropCell(id="C05.GC.stop")
        )

        assert SEED.digest == after.digest

    def test_a_field_that_is_not_classified_is_classified_first(self):
        bare = {**policy_json(SEED), "fields": {}}
        policy = policy_from_json(bare, version=1, digest_of=policy_digest)
        after = edited(ClassifyField(coordinate="Penalty.facts", tier=Tier.P), policy=policy)

        assert {"Penalty.facts": FieldLabel(tier=Tier.P)} == dict(after.fields)
        with pytest.raises(EditError, match="classify it"):
            edited(LabelField(coordinate="Penalty.facts", tier=Tier.P), policy=policy)

    @pytest.mark.parametrize(
        ("item", "member", "rule"),
        [
            (LabelField(coordinate="Penalty.nonsense", tier=Tier.R), "coordinate", "edit.unknown_coordinate"),
            (LabelField(coordinate="Registration.legalRepresentativeIdNo", tier=Tier.A), "tier", "edit.below_floor"),
            (LabelField(coordinate="Registration.legalRepresentativeIdNo", tier=Tier.P), "tier", "edit.below_floor"),
            (LabelField(coordinate="Penalty.fineAmount", tier=Tier.R, mask=Mask.M1), "mask", "edit.mask_does_not_fit"),
            # A list of texts, a subject's timeline: no mask fits, and one would leave the executors without an answer.
            (
                LabelField(coordinate="Penalty.penaltyKinds", tier=Tier.P, mask=Mask.M3),
                "mask",
                "edit.mask_does_not_fit",
            ),
            (
                LabelField(coordinate="CreditSubject.timeline", tier=Tier.P, mask=Mask.M5),
                "mask",
                "edit.mask_does_not_fit",
            ),
            (ClassifyField(coordinate="Penalty.facts", tier=Tier.R), "coordinate", "edit.classified"),
            (DropCell(id="C05.NOBODY"), "id", "edit.no_such_cell"),
            (
                PutCell(category=Category.C05, reader="PU", except_fields=frozenset({"Penalty.fcats"})),
                "except_fields",
                "edit.unknown_coordinate",
            ),
        ],
    )
    def test_what_does_not_fit_is_refused_with_its_place(self, item, member, rule):
        error = refused(DropCell(id="C02.PU"), item)

        assert (1, member) == error.place
        assert rule == error.rule

    @pytest.mark.parametrize(
        ("item", "said"),
        [
            (PutCell(category=Category.C05, reader="XX"), "expected one of"),
            (PutCell(category=Category.C05, reader="PU", masks=frozenset({Mask.M6, Mask.M4})), "m6 or m7 alone"),
            (
                PutCell(category=Category.C05, reader="PU", permit=False, needs=frozenset({Fact.CONSENT})),
                "a prohibition that holds for every row",
            ),
            (LabelField(coordinate="Licence.certificateName", tier=Tier.S, mask=Mask.M6), "a mask of values"),
            (msgspec.structs.replace(RATING_2, code="rating"), "upper case"),
            (msgspec.structs.replace(RATING_2, categories=frozenset({Category.C05})), "some of its categories"),
            (msgspec.structs.replace(RATING_2, basis=""), "basis"),
            (msgspec.structs.replace(RATING_2, requires=("Not a key",)), "requires"),
        ],
    )
    def test_what_would_be_no_policy_is_refused(self, item, said):
        with pytest.raises(PolicyDataError, match=said):
            edited(item)

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.builds(
                    LabelField,
                    coordinate=st.sampled_from(sorted(TABLE.by_coordinate)),
                    tier=st.sampled_from(Tier),
                    mask=st.sampled_from([None, *Mask]),
                ),
                st.builds(SetCategoryTier, category=st.sampled_from(Category), tier=st.sampled_from(Tier)),
                st.builds(
                    PutCell,
                    category=st.sampled_from(Category),
                    reader=st.sampled_from([*SEED.readers, "XX"]),
                    name=st.sampled_from([None, "one"]),
                    permit=st.booleans(),
                    masks=st.frozensets(st.sampled_from(Mask), max_size=2),
                ),
                st.builds(DropCell, id=st.sampled_from([cell.id for cell in SEED.cells])),
            ),
            max_size=5,
        )
    )
    def test_whatever_is_accepted_is_a_policy_that_reads_back_and_lies_above_the_floor(self, items):
        try:
            after = edited(*items)
        except PolicyDataError:
            return

        assert after == policy_from_json(policy_json(after), version=9, digest_of=policy_digest)
        assert after.digest == policy_digest(policy_json(after))
        for item in items:
            if isinstance(item, LabelField):
                assert is_at_least(item.tier, TABLE.by_coordinate[item.coordinate].tier)


class TestDifferences:
    def test_the_same_has_none(self):
        assert () == differences(SEED, seed_policy(7))

    def test_an_order_of_lines_is_told(self):
        body = policy_json(SEED)
        turned = {**body, "cells": list(reversed(body["cells"]))}

        assert ("cells",) == differences(SEED, policy_from_json(turned, version=1, digest_of=policy_digest))
