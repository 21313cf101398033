"""Standings, labels and policies of every shape, sensible or not: `decide` has to answer them all."""

from hypothesis import strategies as st

from schema.catalogue.model import Category, Mask
from schema.policy.model import (
    ActorKind,
    Cell,
    Consent,
    Fact,
    Grant,
    Label,
    Policy,
    PurposeRule,
    Reader,
    Standing,
)
from schema.tiers import Audience, Tier

CATEGORIES = (Category.C05, Category.C07)
COORDINATES = ("Penalty.facts", "Penalty.fineAmount")
PURPOSES = ("PUBLIC_LOOKUP", "SUPERVISION", "SELF_QUERY")

facts = st.frozensets(st.sampled_from(Fact))
tiers = st.sampled_from(Tier)
labels = st.builds(
    Label,
    category=st.sampled_from(Category),
    tier=tiers,
    coordinate=st.sampled_from([None, *COORDINATES]),
    mask=st.sampled_from([None, *Mask]),
)
_contexts = st.dictionaries(
    st.sampled_from(["matterCode", "caseId", "tender", "lot", "stage", "task", "consent", "contract"]),
    st.sampled_from(["", " ", "1"]),
).map(lambda context: tuple(sorted(context.items())))
_consents = st.builds(
    Consent,
    subject=st.just("S"),
    items=st.frozensets(st.sampled_from(Category)),
    purpose=st.sampled_from(["FINANCING", "SUPERVISION", "MARKET_TRADE"]),
    valid_from=st.just("2026-01-01"),
    valid_to=st.just("2026-12-31"),
)
_grants = st.builds(
    Grant,
    id=st.just("g-1"),
    category=st.sampled_from(Category),
    purpose=st.sampled_from(["FINANCING", "SUPERVISION", "MARKET_TRADE"]),
    tier=tiers,
    valid_from=st.just("2026-01-01"),
    valid_to=st.just("2026-12-31"),
)


def standings(purposes: tuple[str, ...]) -> st.SearchStrategy[Standing]:
    return st.builds(
        Standing,
        actor=st.sampled_from(ActorKind),
        organisation=st.sampled_from([None, "ORG"]),
        ceiling=tiers,
        regions=st.frozensets(st.sampled_from(["", "51"])),
        sectors=st.just(frozenset()),
        purposes=st.frozensets(st.sampled_from(purposes)),
        purpose=st.sampled_from([*purposes, "NONSENSE"]),
        context=_contexts,
        consents=st.lists(_consents, max_size=2).map(tuple),
        grants=st.lists(_grants, max_size=2).map(tuple),
        policy_version=st.just(1),
    )


_readers = st.builds(
    Reader,
    code=st.just("R"),
    actors=st.frozensets(st.sampled_from(ActorKind)),
    audience=st.sampled_from(Audience),
    needs=facts,
    purposes=st.frozensets(st.sampled_from(PURPOSES), max_size=1),
)
_cells = st.builds(
    Cell,
    id=st.uuids().map(str),
    category=st.sampled_from(CATEGORIES),
    reader=st.sampled_from(["A", "B"]),
    permit=st.booleans(),
    needs=st.frozensets(st.sampled_from(Fact), max_size=2),
    audience=st.sampled_from([None, *Audience]),
    masks=st.frozensets(st.sampled_from(Mask), max_size=2),
    except_fields=st.frozensets(st.sampled_from(COORDINATES), max_size=1),
)
_rules = st.builds(
    PurposeRule,
    code=st.sampled_from(PURPOSES),
    zh=st.just("目的"),
    en=st.just("purpose"),
    requires=st.lists(st.sampled_from(["task"]), max_size=1).map(tuple),
    categories=st.frozensets(st.sampled_from(CATEGORIES)),
    needs=st.dictionaries(st.sampled_from(CATEGORIES), facts, max_size=1),
    needs_always=st.frozensets(st.sampled_from(Fact), max_size=1),
    max_tier=st.sampled_from([None, *Tier]),
    basis=st.just("basis"),
    mark=st.just("P"),
)
policies = st.builds(
    Policy,
    version=st.just(1),
    digest=st.just(""),
    tiers=st.just({}),
    readers=st.fixed_dictionaries({"A": _readers, "B": _readers}),
    purposes=st.lists(_rules, max_size=3).map(lambda rules: {rule.code: rule for rule in rules}),
    cells=st.lists(_cells, max_size=6).map(tuple),
)
