"""A world with who asks in it, under one policy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from hub.access.policies import policy_digest
from schema.policy.entries import PolicyDataError
from schema.policy.model import Policy
from schema.policy.parse import policy_from_json, policy_json
from tests.equality.standings import random_policy
from tests.equality.worlds import dice_of
from tests.interference.people import Person, people_of
from tests.interference.world import OWNER, STRANGER, TRUSTED, World, build_world
from tests.support.worlds import Ground

DAWN = datetime(2026, 11, 19, 16, 0, 1, tzinfo=UTC)
"""The first second of the day in Shanghai: the clock of a scene goes on from here, within the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A world with who asks in it, under one policy."""

    seed: int
    ground: Ground
    world: World
    policy: Policy
    people: Sequence[Person]


def build_scene(ground: Ground, seed: int) -> Scene:
    """Make the scene of *seed*; every fourth under a policy as officers might write it, the others under the seed's."""
    dice = dice_of("scene", seed)
    world = build_world(ground, seed)
    return Scene(
        seed=seed,
        ground=ground,
        world=world,
        policy=_policy(dice, ground.policy) if seed % 4 == 3 else ground.policy,
        people=people_of(
            DAWN, subjects=list(world.dossiers), owner=OWNER, stranger=STRANGER, trusted=TRUSTED, dice=dice
        ),
    )


def _policy(dice: Random, seed: Policy) -> Policy:
    """Draw policies until one is as a store takes it."""
    while True:
        body = policy_json(replace(random_policy(dice, seed), version=2))
        try:
            found = policy_from_json(body, version=2, digest_of=policy_digest)
        except PolicyDataError:
            continue
        if found.digest != seed.digest:
            return found
