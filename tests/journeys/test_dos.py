"""Requests made to exhaust the hub, over the wire: each is answered in form and within bounds, and nobody else pays."""

import asyncio
import json

import aiohttp
import pytest

from tests.support.attack_list import BODY_MAX, attacks
from tests.support.attacks import codes_on_file, send

SAMPLE = ("91510100MA6CK00A0X",)
CODES = {
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "UNAUTHORIZED_FIELD_OR_TYPE",
    "PURPOSE_REQUIRED",
    "COST_ESTIMATED_TOO_EXPENSIVE",
    "PERSISTED_QUERY_NOT_FOUND",
    "SOURCE_UNAVAILABLE",
}
AT_ONCE = 4


def faults(attack, answer, refusals=frozenset()):
    """What is wrong with *answer*; nothing is the promise. *refusals* are codes that any attack may meet."""
    body = json.loads(answer.body)
    codes = [error["extensions"]["code"] for error in body.get("errors", ())]
    checks = {
        "status": answer.status in {200, 400, 406, 413},
        "members": body.keys() <= {"data", "errors", "extensions"} and body.keys() & {"data", "errors"},
        "codes": set(codes) <= CODES | refusals,
        "expected code": not attack.codes or (codes[:1] and codes[0] in attack.codes | refusals),
        "nothing of a refused request": not attack.codes or not body.get("data"),
        "size": len(answer.body) <= attack.answer_max,
    }
    return [name for name, holds in checks.items() if not holds]


class TestAttackList:
    def test_attacks_are_many_small_and_told_apart(self):
        made = attacks(SAMPLE)

        assert len(made) >= 41
        assert len(made) == len({attack.name for attack in made})
        assert all(len(attack.body) <= BODY_MAX for attack in made)


class TestAttacks:
    @pytest.mark.parametrize(("who", "refusals"), [("procurement", set()), ("public", {"FORBIDDEN"})])
    async def test_each_is_answered_in_form_and_within_bounds(self, stage, who, refusals):
        """
        Whatever 64 KB ask for, the answer is JSON of the one form, never a failure of the hub, and of bounded size:
        as a partner, and as the public, which is refused whatever is about more than one subject.
        """
        token = stage.tokens.get(who, "")
        made = attacks(await codes_on_file(stage.url, token))
        async with aiohttp.ClientSession() as session:
            found = {
                attack.name: faults(attack, await send(session, stage.url, attack, token=token), refusals)
                for attack in made
            }

        assert {} == {name: wrong for name, wrong in found.items() if wrong}

    async def test_neighbour_is_answered_while_they_come(self, stage):
        """
        All attacks, several at a time; meanwhile somebody asks about one company, again and again, and is answered.
        """
        token = stage.tokens["procurement"]
        made = iter(attacks(await codes_on_file(stage.url, token)))
        asker = next(asker for asker in stage.askers if asker.name == "public")
        question = "query($code: ID!) { subject(code: $code) { code } }"
        answers = []

        async def attack(session):
            for each in made:
                await send(session, stage.url, each, turn=1, token=token)

        async with aiohttp.ClientSession() as session:
            under_way = [asyncio.create_task(attack(session)) for _ in range(AT_ONCE)]
            while not all(task.done() for task in under_way):
                answers.append((await stage.ask(asker, question))["data"])
            await asyncio.gather(*under_way)

        assert answers
        assert all({"subject": {"code": stage.subject}} == answer for answer in answers)
