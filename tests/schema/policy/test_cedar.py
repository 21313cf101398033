"""
An independent engine agrees: Cedar, told the rules of docs/access.md, decides as the hub does.

20,000 random worlds here; more by `python -m tests.schema.policy.cedar --worlds 1000000`.
"""

from collections import Counter
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from schema.plan import decider
from schema.policy import decide
from tests.schema.policy.cedar import compare, differs, opinions
from tests.schema.policy.cedar_worlds import random_policies, random_world, said_by_us

PARTS = 10
POLICIES, EACH = 20, 100

WRONGS = {
    "an operator reads": ("if standing.actor in _NO_CONTENT:", "if False:"),
    "any purpose may be named": ("or purpose.code in standing.purposes", "or True"),
    "context is not asked for": ("not missing_context(purpose, standing)", "True"),
    "a purpose reads every category": ("label.category in purpose.categories", "True"),
    "a purpose's facts are not asked for": ('("purpose.needs", needs <= known)', '("purpose.needs", True)'),
    "a purpose has no bound": ("purpose.max_tier is None or is_at_least(purpose.max_tier, label.tier)", "True"),
    "a prohibition is overlooked": ("if not cell.permit:", "if False:"),
    "a left out field is shown": (" or label.coordinate in cell.except_fields", ""),
    "a column is everybody's": ("standing.actor in reader.actors", "True"),
    "a column is open under every purpose": ("not reader.purposes or standing.purpose in reader.purposes", "True"),
    "a column's facts are not asked for": ("reader.needs | cell.needs <= known", "cell.needs <= known"),
    "a line's facts are not asked for": ("reader.needs | cell.needs <= known", "reader.needs <= known"),
    "the label's readers do not count": ("if audience not in tier.readers:", "if False:"),
    "there is no ceiling": ("not within(tier, ceiling):", "False:"),
    "a ceiling bounds the consent route": ("ceiling.readers - {Audience.CON} <=", "ceiling.readers <="),
    "a line's audience is overlooked": ("tier(cell.audience or reader.audience,", "tier(reader.audience,"),
    "a counted row is listed": ("of_rows = cell.masks & ROW_MASKS", "of_rows = frozenset()"),
    "a told row is counted": ("mask=min(of_rows)", "mask=max(of_rows)"),
    "a mask is overlooked": ("if label.mask in cell.masks or", "if"),
    "a mask laid on by policy is overlooked": ("(label.masked and audience is not Audience.OWN)", "False"),
    "a mask laid on by policy meets owners": ("(label.masked and audience is not Audience.OWN)", "label.masked"),
}  # fmt: skip


class TestOracle:
    @pytest.mark.timeout(600)
    @pytest.mark.parametrize("part", range(PARTS))
    def test_agrees_over_random_worlds(self, part):
        """What is shown, through which mask, whether rows are counted or told of, and which rule denies."""
        found = list(compare(Random(f"cedar {part}"), policies=POLICIES, each=EACH))  # noqa: S311

        assert [] == found


@pytest.fixture(scope="module")
def pool():
    """Worlds with Cedar's opinion of each, asked once."""
    dice = Random("wrongs")  # noqa: S311
    asked = []
    for policy in random_policies(dice, 40):
        worlds = [random_world(dice, policy) for _ in range(100)]
        asked += [(policy, *pair) for pair in zip(worlds, opinions(policy, worlds), strict=True)]
    return asked


def disagreeing(pool):
    return sum(differs(world, said_by_us(policy, world), theirs) for policy, world, theirs in pool)


class TestSharpness:
    @pytest.mark.timeout(600)
    def test_worlds_reach_every_answer(self, pool):
        """Nothing of access.md's table stays untried: every way of showing, and every rule a denial can name."""
        words = Counter(theirs.word for _, _, theirs in pool)
        rules = {rule for _, _, theirs in pool if theirs.word == "x" for rule in theirs.rules}
        named = {rule for rule in rules if rule.partition(".")[0].islower()}

        assert {"m0", "m6", "m7", "masked", "x"} == set(words)
        assert min(words.values()) >= 10
        assert named == {
            "catalogue.unclassified", "actor.no_content",
            "purpose.unknown", "purpose.not_allowed", "purpose.context", "purpose.category",
            "purpose.needs", "purpose.tier",
            "matrix.none", "matrix.count_only", "tier.audience", "tier.ceiling",
        }  # fmt: skip
        assert rules - named

    def test_agrees_with_what_is_right(self, pool):
        assert 0 == disagreeing(pool)

    @pytest.mark.parametrize("wrong", WRONGS)
    def test_notices_a_wrong_decision(self, wrong, pool, monkeypatch):
        """One rule of `decide` is made wrong: Cedar disagrees somewhere."""
        before, after = WRONGS[wrong]
        text = Path(decide.__file__).read_text(encoding="utf-8")
        assert before in text
        mutant = ModuleType("mutant")
        exec(compile(text.replace(before, after), "mutant", "exec"), mutant.__dict__)  # noqa: S102
        monkeypatch.setattr(decider, "decide", mutant.decide)

        assert disagreeing(pool) > 0
