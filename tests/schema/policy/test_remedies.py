"""What would turn a denial into a permission is told if it works, if nothing can be left out, and if it is safe."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schema.catalogue.model import Category
from schema.policy.decide import CONTEXT_FACTS, ROW_MASKS, decide, possible_facts
from schema.policy.model import Denied, Fact, Label, Masked
from schema.policy.remedies import Asked, for_caller, smallest_grant
from schema.tiers import Tier
from tests.schema.policy import strategies as some
from tests.schema.policy.asking import cell

BY_LEAVE = frozenset({Fact.CONSENT, Fact.GRANTED})
asked = st.lists(st.builds(Asked, label=some.labels, facts=some.facts), min_size=1, max_size=2)


def permitted(policy, standing, wanted):
    gives = [decide(policy, standing, each.label, each.facts) for each in wanted]
    counted = isinstance(gives[0], Masked) and gives[0].mask in ROW_MASKS
    return not any(isinstance(each, Denied) for each in gives) and not (len(gives) > 1 and counted)


def changed(standing, wanted, remedy, *, keys, consent, granted):
    """*standing* and *wanted* after the named parts of *remedy* alone."""
    stated = {**dict(standing.context), **dict.fromkeys(keys, "1")}
    after = replace(standing, purpose=remedy.purpose, context=tuple(sorted(stated.items())))
    kept = frozenset() if not remedy.changes_purpose else BY_LEAVE
    helped = [
        replace(
            each,
            facts=(each.facts - kept)
            | ({Fact.CONSENT} if each.label.category in consent else set())
            | ({Fact.GRANTED} if each.label.category in granted else set()),
        )
        for each in wanted
    ]
    return after, helped


def parts(remedy):
    return (
        [("keys", key) for key in remedy.context]
        + [("consent", category) for category in remedy.consent]
        + [("granted", grant.category) for grant in remedy.grants]
    )


def applied(policy, standing, wanted, remedy, chosen):
    said = {name: [part for kind, part in chosen if kind == name] for name in ("keys", "consent", "granted")}
    return permitted(policy, *changed(standing, wanted, remedy, **said))


class TestEveryDenial:
    @settings(max_examples=400, deadline=None)
    @given(some.policies, some.standings(some.PURPOSES), asked)
    def test_is_mended_by_every_remedy_and_by_no_part_of_one(self, policy, standing, wanted):
        advice = smallest_grant(policy, standing, wanted)

        assert permitted(policy, standing, wanted) == advice.is_permitted
        for remedy in advice.remedies:
            whole = parts(remedy)
            assert applied(policy, standing, wanted, remedy, whole)
            for part in whole:
                assert not applied(policy, standing, wanted, remedy, [each for each in whole if each != part])

    @settings(max_examples=400, deadline=None)
    @given(some.policies, some.standings(some.PURPOSES), asked)
    def test_is_beyond_help_only_if_nothing_helps(self, policy, standing, wanted):
        """With every context, consent and grant, under every purpose the asker may name."""
        advice = smallest_grant(policy, standing, wanted)
        helped = [replace(each, facts=each.facts | BY_LEAVE) for each in wanted]
        everything = {*CONTEXT_FACTS.values()}.union(*(rule.requires for rule in policy.purposes.values()))
        context = tuple(sorted({**dict(standing.context), **dict.fromkeys(everything, "1")}.items()))
        purposes = {standing.purpose, "PUBLIC_LOOKUP", *standing.purposes}
        can = [permitted(policy, replace(standing, purpose=each, context=context), helped) for each in purposes]

        assert any(can) == (advice.is_permitted or bool(advice.remedies))
        own = permitted(policy, replace(standing, context=context), helped)
        assert (advice.barred_by is None) == own

    @given(some.policies, some.standings(some.PURPOSES), asked)
    def test_puts_what_the_asker_can_do_alone_first(self, policy, standing, wanted):
        remedies = smallest_grant(policy, standing, wanted).remedies
        sizes = [(len(each.grants), len(each.consent)) for each in remedies]

        assert sorted(sizes) == sizes


def on(asker, category, *, coordinate=None, tier=None):
    known = Category(category)
    return Asked(
        label=Label(category=known, tier=tier or asker.policy.tiers[known], coordinate=coordinate), facts=asker.facts
    )


def advice(asker, *wanted):
    return smallest_grant(asker.policy, asker.standing, wanted)


class TestGrant:
    def test_names_category_field_purpose_and_tier_and_no_more(self, askers):
        asker = askers.group.asking_for("SUPERVISION", task="T")
        found = advice(asker, on(asker, "C06"), on(asker, "C06", coordinate="Penalty.facts")).remedies
        (grant,) = next(each.grants for each in found if each.grants and not each.changes_purpose)

        assert (Category.C06, {"Penalty.facts"}, "SUPERVISION", Tier.G) == (
            grant.category,
            grant.coordinates,
            grant.purpose,
            grant.tier,
        )

    def test_stands_behind_a_consent_that_would_do(self, askers):
        """C06 is open to a group with the subject's consent: that is asked for before officers are."""
        asker = askers.group.asking_for("SUPERVISION", task="T")
        first = advice(asker, on(asker, "C06")).remedies[0]

        assert (frozenset({Category.C06}), ()) == (first.consent, first.grants)

    def test_no_grant_can_lift_a_prohibition(self, askers):
        stopped = replace(askers.policy, cells=(*askers.policy.cells, cell("stop", reader="PU", permit=False)))
        asker = replace(askers.group, policy=stopped)
        found = advice(asker, on(asker, "C05"))

        assert ("C05.PU.stop", ()) == (found.barred_by, found.remedies)

    def test_no_grant_can_widen_a_purpose(self, askers):
        asker = askers.group.asking_for("REPAIR", repair="R")
        found = advice(asker, on(asker, "C15"))

        assert "purpose.category" == found.barred_by
        assert not [each for each in found.remedies if not each.changes_purpose]

    def test_no_grant_opens_what_is_repaired(self, askers):
        """The seed gives the column GRANT no line for C08."""
        found = advice(askers.group, on(askers.group, "C08"))

        assert "matrix.none" == found.barred_by


class TestContext:
    def test_a_matter_code_is_told_where_it_is_all_that_lacks(self, askers):
        asker = askers.department.asking_for("SUPERVISION", task="T")
        field = on(asker, "C07", coordinate="Penalty.facts")
        first = advice(asker, on(asker, "C07"), field).remedies[0]

        assert (("matterCode",), frozenset(), (), False) == (
            first.context,
            first.consent,
            first.grants,
            first.changes_purpose,
        )

    def test_what_a_purpose_requires_is_told(self, askers):
        asker = askers.group.asking_for("PROCUREMENT_CHECK", lot="2")

        assert ("stage", "tender") == advice(asker, on(asker, "C05")).remedies[0].context


class TestForCaller:
    """Callers learn what follows from policy and standing, and nothing that a row, a consent or a grant would tell."""

    def test_tells_context_and_purpose_only(self, askers):
        asker = askers.group.asking_for("SUPERVISION", task="T")
        found = for_caller(asker.policy, asker.standing, [on(asker, "C06").label])

        assert all(not each.consent and not each.grants for each in found.remedies)

    @given(some.policies, some.standings(some.PURPOSES), st.lists(some.labels, min_size=1, max_size=2))
    def test_says_what_it_would_of_any_row(self, policy, standing, labels):
        """It takes no facts: so what it tells is the same whatever rows there are."""
        possible = possible_facts(policy, standing)
        wide = smallest_grant(policy, standing, [Asked(label=each, facts=possible) for each in labels])

        assert [each for each in wide.remedies if not each.consent and not each.grants] == [
            *for_caller(policy, standing, labels).remedies
        ]
