"""
Sends the attacks of `tests.support.attack_list`, and measures what each does to a neighbour.

The neighbour asks the cheapest question there is, in a loop; what it waits longer than usual, the attack cost.

`python -m tests.support.attacks --stage URL` prints the table; URL is the hub's, e.g. of `hub demo --json`.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from time import perf_counter

import aiohttp

from tests.support.attack_list import Attack, attacks

_JSON = {"content-type": "application/json"}
_NEIGHBOUR = b'{"query":"{ me { actor } }"}'
_ROUNDS_AFTER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What came back.

    Attributes:
        status: HTTP status.
        body: As sent.
        took_ms: From the first byte sent to the last byte read.
    """

    status: int
    body: bytes
    took_ms: float

    def code(self) -> str:
        """`extensions.code` of the first error, empty if there is none."""
        errors = json.loads(self.body).get("errors")
        return str(errors[0]["extensions"]["code"]) if errors else ""


async def send(session: aiohttp.ClientSession, url: str, attack: Attack, turn: int = 0, token: str = "") -> Answer:
    """Send *attack* to the hub at *url*, as the partner whose *token* it is; without one, as the public."""
    return await _post(session, url, attack.on_turn(turn), {**_bearing(token), **attack.headers})


async def neighbour_delay(url: str, attack: Attack, turn: int = 0, token: str = "") -> tuple[float, Answer]:
    """
    Ask a cheap question in a loop while *attack* is answered.

    Returns:
        By how many milliseconds the slowest cheap answer came later than usual, and the answer to the attack.
    """
    async with aiohttp.ClientSession() as near, aiohttp.ClientSession() as far:
        await _post(far, url, _NEIGHBOUR, _JSON)
        usual = statistics.median([(await _post(near, url, _NEIGHBOUR, _JSON)).took_ms for _ in range(20)])
        attacking = asyncio.create_task(send(far, url, attack, turn, token))
        worst, after = 0.0, 0
        while after < _ROUNDS_AFTER:
            worst = max(worst, (await _post(near, url, _NEIGHBOUR, _JSON)).took_ms)
            # What the attack leaves behind (garbage to collect) is its doing too.
            after += attacking.done()
        return worst - usual, await attacking


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    started = perf_counter()
    async with session.post(f"{url}/graphql", data=body, headers=headers) as response:
        data = await response.read()
        return Answer(status=response.status, body=data, took_ms=(perf_counter() - started) * 1_000)


async def codes_on_file(url: str, token: str = "") -> list[str]:
    """Find some subjects of the hub at *url*; the public finds twenty."""
    first = 200 if token else 20
    body = json.dumps({"query": f'{{searchSubjects(name:"公司",first:{first}){{nodes{{code}}}}}}'}).encode()
    async with aiohttp.ClientSession() as session:
        answer = json.loads((await _post(session, url, body, _bearing(token))).body)
    return [node["code"] for node in answer["data"]["searchSubjects"]["nodes"]]


def _bearing(token: str) -> dict[str, str]:
    return {**_JSON, "authorization": f"Bearer {token}"} if token else dict(_JSON)


async def table(urls: Sequence[str], turns: int, wanted: str, seed: int, token: str) -> AsyncIterator[str]:
    """Tell, line by line, what each attack whose name holds *wanted* does to each hub: medians of *turns*, in turn."""
    columns = f" {'answer':28} {'bytes':>9} {'own ms':>8} {'neighbour ms':>12}"
    yield f"{'attack':58}{columns * len(urls)}"
    for attack in attacks(await codes_on_file(urls[0], token)):
        if wanted not in attack.name:
            continue
        seen: dict[str, list[tuple[float, Answer]]] = {url: [] for url in urls}
        for turn, url in product(range(turns), urls):
            seen[url].append(await neighbour_delay(url, attack, seed + turn, token))
        yield f"{attack.name:58}{''.join(_told(each) for each in seen.values())}"


def _told(seen: Sequence[tuple[float, Answer]]) -> str:
    answer = seen[-1][1]
    own = statistics.median(each.took_ms for _, each in seen)
    delay = statistics.median(each for each, _ in seen)
    return f" {answer.code() or answer.status:28} {len(answer.body):9} {own:8.1f} {delay:12.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True, action="append", help="URL of a hub; several are attacked in turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", default="", help="part of an attack's name")
    parser.add_argument("--seed", type=int, default=0, help="number of the first turn: another one is not cached")
    parser.add_argument("--token", default="", help="a partner's; without one it is the public that attacks")
    given = parser.parse_args()
    urls = [url.removesuffix("/graphql") for url in given.stage]

    async def tell() -> None:
        async for line in table(urls, given.turns, given.only, given.seed, given.token):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    asyncio.run(tell())


if __name__ == "__main__":
    main()
