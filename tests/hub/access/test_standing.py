from dataclasses import replace

import pytest

from hub.access.policies import seed_policy
from hub.access.purpose import Purpose
from hub.access.rights import Held
from hub.access.standing import check_purpose, standing_of
from hub.errors import ErrorCode, PurposeRequiredError
from hub.identity.caller import Caller, the_public
from schema.catalogue.model import Category
from schema.policy.decide import decide
from schema.policy.model import ActorKind, Consent, Denied, Fact, Label, Policy, Standing
from schema.tiers import Tier
from tests.support import people


@pytest.fixture(scope="module")
def policy() -> Policy:
    return seed_policy()


@pytest.fixture
def group() -> Caller:
    return Caller(
        partner="jinjiang",
        actor=ActorKind.GC,
        organisation="91510100MA6XXXXXXA",
        ceiling=Tier.I,
        regions=frozenset(),
        sectors=frozenset({"电力"}),
        purposes=frozenset({"PROCUREMENT_CHECK"}),
    )


def consent() -> Consent:
    return Consent(
        id="c-1", subject="S", items=frozenset({Category.C15}), purpose="FINANCING", valid_from="", valid_to=""
    )


def check(policy: Policy, caller: Caller, purpose: Purpose) -> Standing:
    standing = standing_of(caller, purpose, policy)
    check_purpose(policy, standing)
    return standing


class TestStandingOf:
    def test_carries_what_decides_and_nothing_else(self, policy: Policy, group: Caller):
        """Two callers of one kind share a plan: token and partner leave no trace."""
        purpose = Purpose(code="PROCUREMENT_CHECK", context=(("lot", "2"),))
        one = standing_of(group, purpose, policy)
        other = standing_of(replace(group, partner="other", token_id="t-2"), purpose, policy)

        assert one == other
        assert hash(one) == hash(other)
        assert (ActorKind.GC, Tier.I, "PROCUREMENT_CHECK") == (one.actor, one.ceiling, one.purpose)
        assert (("lot", "2"),) == one.context
        assert policy.version == one.policy_version

    def test_public_lookup_is_always_among_its_purposes(self, policy: Policy, group: Caller):
        assert "PUBLIC_LOOKUP" in standing_of(group, Purpose(code="PUBLIC_LOOKUP"), policy).purposes

    def test_rights_count_for_their_own_purpose_only(self, policy: Policy, group: Caller):
        rights = Held(
            consents=(consent(),), grants=(people.grant(Category.C14), people.grant(Category.C15, purpose="RATING"))
        )

        financing = standing_of(group, Purpose(code="FINANCING", context=(("consent", "c-1"),)), policy, rights=rights)
        checking = standing_of(group, Purpose(code="PROCUREMENT_CHECK"), policy, rights=rights)

        assert ((consent(),), ()) == (financing.consents, financing.grants)
        assert ((), (people.grant(Category.C14),)) == (checking.consents, checking.grants)

    def test_purpose_that_names_a_consent_gets_that_one_alone(self, policy: Policy, group: Caller):
        """FINANCING states a consent (DOMAIN 13.4): another subject's, or another one, is not in play."""
        rights = Held(consents=(consent(), replace(consent(), id="c-2", subject="T")))

        for named, held in (("c-1", ["S"]), ("c-2", ["T"]), ("c-3", []), ("", [])):
            purpose = Purpose(code="FINANCING", context=(("consent", named),))
            assert held == [each.subject for each in standing_of(group, purpose, policy, rights=rights).consents]

    def test_purpose_that_names_none_gets_all_that_are_for_it(self, policy: Policy, group: Caller):
        trade = [replace(consent(), id=name, purpose="MARKET_TRADE") for name in ("c-1", "c-2")]

        standing = standing_of(group, Purpose(code="MARKET_TRADE"), policy, rights=Held(consents=tuple(trade)))

        assert tuple(trade) == standing.consents

    def test_the_public_reads_public_data_and_no_other(self, policy: Policy):
        public = standing_of(the_public(), Purpose(code="PUBLIC_LOOKUP"), policy)
        facts = frozenset(Fact)

        assert not isinstance(decide(policy, public, Label(category=Category.C05, tier=Tier.P), facts), Denied)
        assert isinstance(decide(policy, public, Label(category=Category.C06, tier=Tier.G), facts), Denied)


class TestCheckPurpose:
    def test_none_is_public_lookup_and_passes(self, policy: Policy):
        check(policy, the_public(), Purpose(code="PUBLIC_LOOKUP"))

    def test_complete_and_allowed_passes(self, policy: Policy, group: Caller):
        check(
            policy,
            group,
            Purpose(code="PROCUREMENT_CHECK", context=(("lot", "2"), ("stage", "S5"), ("tender", "T-1"))),
        )

    def test_unknown_is_refused_without_repeating_it(self, policy: Policy, group: Caller):
        with pytest.raises(PurposeRequiredError) as caught:
            check(policy, group, Purpose(code="CURIOSITY"))

        assert ErrorCode.PURPOSE_REQUIRED is caught.value.code
        assert "purpose.unknown" == caught.value.extensions["rule"]
        assert "CURIOSITY" not in caught.value.message

    @pytest.mark.parametrize("code", ["SUPERVISION", "SELF_QUERY", "FINANCING"])
    def test_anothers_purpose_is_refused(self, policy: Policy, group: Caller, code: str):
        with pytest.raises(PurposeRequiredError) as caught:
            check(policy, group, Purpose(code=code))

        assert "purpose.not_allowed" == caught.value.extensions["rule"]
        assert "PROCUREMENT_CHECK" in caught.value.message

    @pytest.mark.parametrize(
        ("context", "missing"),
        [
            ((), ["tender", "lot", "stage"]),
            ((("tender", "T-1"),), ["lot", "stage"]),
            ((("lot", "2"), ("stage", " "), ("tender", "T-1")), ["stage"]),
        ],
    )
    def test_incomplete_names_what_is_missing(
        self, policy: Policy, group: Caller, context: tuple[tuple[str, str], ...], missing: list[str]
    ):
        with pytest.raises(PurposeRequiredError) as caught:
            check(policy, group, Purpose(code="PROCUREMENT_CHECK", context=context))

        assert "purpose.context" == caught.value.extensions["rule"]
        assert missing == caught.value.extensions["missing"]
        assert ("extensions", "purpose") == caught.value.place

    @pytest.mark.parametrize(
        "purpose", [Purpose(code="CURIOSITY"), Purpose(code="SUPERVISION"), Purpose(code="PROCUREMENT_CHECK")]
    )
    def test_says_what_decide_says(self, policy: Policy, group: Caller, purpose: Purpose):
        standing = standing_of(group, purpose, policy)
        decision = decide(policy, standing, Label(category=Category.C01, tier=Tier.P), frozenset())
        with pytest.raises(PurposeRequiredError) as caught:
            check_purpose(policy, standing)

        assert decision.rule == caught.value.extensions["rule"]
