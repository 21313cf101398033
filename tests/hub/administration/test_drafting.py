"""What an officer may draft, what is refused with its place, and what each change weighs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from hub.access.policies import policy_digest
from hub.administration.items import (
    AdoptSeed,
    ClassifyField,
    DropCell,
    LabelField,
    LabelRecord,
    ProlongGrant,
    PutCell,
    PutOfficer,
    PutPartner,
    PutPartnerKey,
    RestorePolicy,
    SetCategoryTier,
    SetPartner,
)
from hub.administration.model import ChangeState, NewChange
from hub.clock import iso
from hub.errors import BadInputError, ConflictError, ForbiddenError, UnauthenticatedError
from hub.identity.officers.model import Role
from hub.store.engine import writing
from hub.store.tables import PolicyVersion, table_of
from keys.canonical import canonical_json
from schema.catalogue.model import Category
from schema.policy.model import ActorKind
from schema.policy.parse import policy_json
from schema.policy.weighing import Weight
from schema.tiers import Tier
from tests.hub.administration.hall import (
    ADMINISTRATOR,
    AUDITOR,
    DRAFTER,
    GIVES,
    OPENS,
    OTHER,
    PENALTY_FACTS,
    STRICTER,
    SUBJECT,
    grant,
)
from tests.hub.identity.officers.bureau import NOON

NEW_PARTNER = PutPartner(id="newbank", name="新银行", actor=ActorKind.FI, organisation=OTHER)


def rule_of(refusal) -> str:
    return refusal.value.extensions["rule"]


class TestDraft:
    async def test_a_draft_changes_nothing(self, hall):
        before = (await hall.policy()).digest
        change = await hall.draft(STRICTER, OPENS)

        assert (ChangeState.DRAFT, Weight.OPENS, 2, 1) == (
            change.state,
            change.weight,
            change.needed,
            change.base_version,
        )
        assert before == (await hall.policy()).digest
        assert [1] == await hall.versions()

    @pytest.mark.parametrize("who", [ADMINISTRATOR, AUDITOR])
    async def test_policy_is_drafted_by_security_officers_alone(self, hall, who):
        with pytest.raises(ForbiddenError) as refusal:
            await hall.draft(STRICTER, by=who)

        assert "duty.draft_policy" == rule_of(refusal)

    @pytest.mark.parametrize("who", [DRAFTER, AUDITOR])
    async def test_the_register_is_drafted_by_administrators_alone(self, hall, who):
        with pytest.raises(ForbiddenError) as refusal:
            await hall.draft(NEW_PARTNER, by=who)

        assert "duty.draft_register" == rule_of(refusal)

    @pytest.mark.parametrize(
        ("items", "rule", "place"),
        [
            ((), "change.items", ("items",)),
            ((STRICTER,) * 501, "change.items", ("items",)),
            ((STRICTER, NEW_PARTNER), "change.mixed", ("items", 1)),
            ((STRICTER, RestorePolicy(version=1)), "change.start", ("items", 1)),
            ((RestorePolicy(version=9),), "change.no_such_version", ("items", 0, "version")),
            ((RestorePolicy(version=1),), "change.no_difference", ("items",)),
            ((LabelField(coordinate=PENALTY_FACTS, tier=Tier.P),), "change.no_difference", ("items",)),
            ((DropCell(id="X"),), "edit.no_such_cell", ("items", 0, "id")),
            (
                (grant(), LabelField(coordinate="X.y", tier=Tier.P)),
                "edit.unknown_coordinate",
                ("items", 1, "coordinate"),
            ),
            ((PutCell(category=Category.C05, reader="XX"),), "policy.data", ("items",)),
            ((grant(partner="nobody"),), "grant.partner", ("items", 0, "partner")),
            ((grant(purpose="NONSENSE"),), "grant.purpose", ("items", 0, "purpose")),
            ((grant(purpose="SUPERVISION"),), "grant.partner_purpose", ("items", 0, "purpose")),
            ((grant(category=Category.C08),), "grant.opens_nothing", ("items", 0, "category")),
            ((grant(category=Category.C20),), "grant.opens_nothing", ("items", 0, "category")),
            ((grant(coordinates=frozenset({"Licence.validTo"})),), "grant.coordinates", ("items", 0, "coordinates")),
            ((grant(coordinates=frozenset({"Nonsense.x"})),), "grant.coordinates", ("items", 0, "coordinates")),
            ((grant(source="nowhere"),), "grant.source", ("items", 0, "source")),
            ((grant(subject="über"),), "grant.subject", ("items", 0, "subject")),
            ((grant(valid_to=iso(NOON + timedelta(days=367))),), "grant.time", ("items", 0, "valid_to")),
            ((grant(valid_to=iso(NOON)),), "grant.time", ("items", 0, "valid_to")),
            ((grant(valid_from="2027-03-01"),), "grant.time", ("items", 0, "valid_from")),
            (
                (grant(valid_from=iso(NOON - timedelta(days=9)), valid_to=iso(NOON - timedelta(days=1))),),
                "grant.time",
                ("items", 0, "valid_to"),
            ),
            ((ProlongGrant(id="x", valid_to=iso(NOON + timedelta(days=9))),), "grant.unknown", ("items", 0, "id")),
            (
                (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=None),),
                "label.absent",
                ("items", 0, "tier"),
            ),
            (
                (LabelRecord(subject=SUBJECT, kind="CreditSubject", record_key="k", tier=Tier.R),),
                "label.kind",
                ("items", 0, "kind"),
            ),
            (
                (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="", tier=Tier.R),),
                "label.record_key",
                ("items", 0, "record_key"),
            ),
            (
                (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.G, regions=("5",)),),
                "label.regions",
                ("items", 0, "regions"),
            ),
            (
                (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.G, valid_to="2027-02-01"),),
                "label.time",
                ("items", 0, "valid_to"),
            ),
        ],
    )
    async def test_what_does_not_fit_is_refused_with_its_place(self, hall, items, rule, place):
        with pytest.raises(BadInputError) as refusal:
            await hall.draft(*items)

        assert rule == rule_of(refusal)
        assert place == refusal.value.place

    @pytest.mark.parametrize(
        ("items", "rule", "place"),
        [
            ((PutPartner(id="buyer", name="x", actor=ActorKind.FI, organisation=OTHER),), "register.taken", "id"),
            ((PutPartner(id="b2", name="x", actor=ActorKind.FI, organisation="91"),), "register.entry", "organisation"),
            (
                (PutPartner(id="b2", name="x", actor=ActorKind.FI, organisation=OTHER, ceiling=Tier.R),),
                "register.entry",
                "ceiling",
            ),
            (
                (PutPartner(id="b2", name="x", actor=ActorKind.FI, organisation=OTHER, valid_to="20280101"),),
                "register.day",
                "valid_to",
            ),
            ((SetPartner(id="nobody", name="x"),), "register.unknown", "id"),
            ((SetPartner(id="bank", state="active"),), "change.no_difference", "id"),
            ((PutPartnerKey(partner="bank", jwk="[]"),), "register.key", "jwk"),
            ((PutPartnerKey(partner="bank", jwk='{"kty":"oct","k":"AAAA"}'),), "register.key", "jwk"),
            ((PutOfficer(id="nobody"),), "register.unknown", "id"),
            ((PutOfficer(id="bao", name="鲍", role=Role.AUDITOR),), "register.taken", "id"),
            ((PutOfficer(id="bao"),), "change.no_difference", "id"),
        ],
    )
    async def test_an_entry_of_the_register_that_may_not_be_is_refused(self, hall, items, rule, place):
        with pytest.raises(BadInputError) as refusal:
            await hall.draft(*items, by=ADMINISTRATOR)

        assert rule == rule_of(refusal)
        assert ("items", 0, place) == refusal.value.place

    async def test_another_seed_than_the_release_ships_is_refused(self, hall):
        with pytest.raises(ConflictError) as refusal:
            await hall.draft(AdoptSeed(digest="sm3:00"))

        assert "change.seed" == rule_of(refusal)

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "bell \a"])
    async def test_without_a_reason_nothing_is_drafted(self, hall, reason):
        with pytest.raises(BadInputError) as refusal:
            await hall.changes.draft(await hall.officer(DRAFTER), NewChange(reason=reason, items=(STRICTER,)))

        assert "text.reason" == rule_of(refusal)

    async def test_a_time_that_ends_before_it_begins_is_refused(self, hall):
        with pytest.raises(BadInputError) as refusal:
            await hall.draft(STRICTER, valid_to=NOON - timedelta(days=1))

        assert "change.time" == rule_of(refusal)

    async def test_a_grant_alone_has_no_time_but_its_own(self, hall):
        with pytest.raises(BadInputError) as refusal:
            await hall.draft(grant(), valid_from=NOON + timedelta(days=1))

        assert "change.time" == rule_of(refusal)

    async def test_a_session_that_has_ended_drafts_nothing(self, hall):
        acting = await hall.officer(DRAFTER)
        await hall.bureau.parts.sessions.end(acting, acting.session)

        with pytest.raises(UnauthenticatedError):
            await hall.changes.draft(acting, NewChange(reason="because", items=(STRICTER,)))


class TestWeights:
    @pytest.mark.parametrize(
        ("item", "weight", "needed"),
        [
            (STRICTER, Weight.TAKES, 1),
            (PutCell(category=Category.C05, reader="PU", name="stop", permit=False), Weight.TAKES, 1),
            (DropCell(id="C02.GC"), Weight.TAKES, 1),
            (GIVES, Weight.GIVES, 1),
            (OPENS, Weight.OPENS, 2),
            (DropCell(id="C02.PU"), Weight.TAKES, 1),
            (SetCategoryTier(category=Category.C06, tier=Tier.P), Weight.OPENS, 2),
            (SetCategoryTier(category=Category.C15, tier=Tier.P), Weight.OPENS, 2),
            (SetCategoryTier(category=Category.C16, tier=Tier.P), Weight.GIVES, 1),
            (SetCategoryTier(category=Category.C06, tier=Tier.R), Weight.TAKES, 1),
            (grant(), Weight.GIVES, 1),
            (grant(tier=Tier.A), Weight.OPENS, 2),
            (grant(tier=Tier.R), Weight.OPENS, 2),
            (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.R), Weight.TAKES, 1),
        ],
    )
    async def test_by_hand(self, hall, item, weight, needed):
        change = await hall.draft(item)

        assert (weight, needed) == (change.weight, change.needed)

    async def test_the_heaviest_item_decides(self, hall):
        assert Weight.OPENS is (await hall.draft(STRICTER, grant(), grant(tier=Tier.R, partner="buyer"))).weight

    @pytest.mark.parametrize(
        ("item", "weight"),
        [
            (SetPartner(id="bank", purposes=("RATING", "FINANCING")), Weight.GIVES),
            (SetPartner(id="bank", rows_max=10), Weight.TAKES),
            (SetPartner(id="bank", contact="010"), Weight.TAKES),
            (SetPartner(id="bank", valid_to="2027-12-31"), Weight.TAKES),
            (SetPartner(id="bank", only_trusted_documents=True), Weight.TAKES),
            (SetPartner(id="bank", jwks_uri="https://bank.example/jwks"), Weight.GIVES),
            (NEW_PARTNER, Weight.GIVES),
        ],
    )
    async def test_of_the_register_by_hand(self, hall, item, weight):
        assert weight is (await hall.draft(item, by=ADMINISTRATOR)).weight

    async def test_to_lift_a_label_gives_and_from_r_opens(self, hall):
        marked = LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.S)
        hidden = LabelRecord(subject=SUBJECT, kind="Penalty", record_key="h", tier=Tier.S, regions=("51",))
        await hall.in_force(marked, hidden)

        for lifted, weight in (
            (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=None), Weight.GIVES),
            (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.P), Weight.GIVES),
            (
                LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.S, valid_to="2027-04-01"),
                Weight.GIVES,
            ),
            (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.R), Weight.TAKES),
            (LabelRecord(subject=SUBJECT, kind="Penalty", record_key="h", tier=None), Weight.OPENS),
            (
                LabelRecord(subject=SUBJECT, kind="Penalty", record_key="h", tier=Tier.S, regions=("5101",)),
                Weight.OPENS,
            ),
            (
                LabelRecord(subject=SUBJECT, kind="Penalty", record_key="h", tier=Tier.R, regions=("51", "11")),
                Weight.TAKES,
            ),
        ):
            assert weight is (await hall.draft(lifted)).weight, lifted

    async def test_a_field_that_was_taken_out_is_classified_by_two_if_it_is_of_r(self, hall):
        """As a release that adds fields: they are in nobody's policy until they are classified."""
        coordinate = "Registration.legalRepresentativeIdNo"
        bare = await hall.policy()
        without = {name: label for name, label in bare.fields.items() if name not in {coordinate, PENALTY_FACTS}}
        await _store(hall, without)

        opens = await hall.draft(ClassifyField(coordinate=coordinate, tier=Tier.R))
        gives = await hall.draft(ClassifyField(coordinate=PENALTY_FACTS, tier=Tier.P))

        assert (Weight.OPENS, Weight.OPENS) == (opens.weight, gives.weight)


async def _store(hall, fields) -> None:
    policy = replace(await hall.policy(), fields=fields)
    row = {
        "version": 2,
        "digest": policy_digest(policy_json(policy)),
        "body": canonical_json(policy_json(policy)).decode(),
        "valid_from": hall.desk.now(),
    }
    async with writing(hall.engine) as writer:
        await writer.write(insert(table_of(PolicyVersion)), [row])
