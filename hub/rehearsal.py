"""
A question rehearsed: the road walked under another policy, or other rights, with an answer that leaves nobody's hands.

Rules:
    - It is the same road (`hub.exchange`), step by step, over what is on file today. Only what it stands on differs:
      the policy, the rights, a clock that stands still, no live source, and a log that keeps nothing.
    - The answer is digested and dropped. Whoever rehearses learns whether two answers differ and which coordinates
      they show, never a value.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from hub.audit.entries import Pending
from hub.audit.receipts import Receipt
from hub.errors import RefusalError
from hub.exchange import ExchangeRoad, Ground, RightsShelf
from hub.gateway.port import Question
from hub.identity.caller import Caller
from hub.road.plans import Plans
from keys.canonical import Json, Spelled, Value
from schema.plan.sizes import Profile
from schema.policy.model import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """
    What a question would be answered.

    Attributes:
        digest: Over the whole response, errors and all: equal digests mean equal answers.
        refused: Code of the refusal, if the question would be refused whole.
        served: Coordinates shown whole.
        masked: Coordinate -> mask.
        denied: Coordinate -> rule.
    """

    digest: str
    refused: str | None = None
    served: frozenset[str] = frozenset()
    masked: Mapping[str, str]
    denied: Mapping[str, str]


class Rehearsals:
    """
    Rehearses questions under one policy. One per policy, since plans are kept.

    Args:
        ground: What the road stands on.
        policy: In force for the rehearsal. Give both sides of a comparison one version number: an answer may tell it.
        rights: Consents and grants for the rehearsal.
        now: When it is for the rehearsal, aware.
    """

    def __init__(self, ground: Ground, policy: Policy, rights: RightsShelf, now: datetime) -> None:
        self._log = _Nowhere()
        self._road = ExchangeRoad(
            replace(
                ground,
                plans=Plans(ground.exchange, ground.table, plans_max=_PLANS_KEPT, profile=Profile()),
                policies=_Fixed(policy, ground),
                rights=rights,
                fetcher=ground.fetcher.of_the_archive(),
                log=self._log,
                clock=_Still(now),
            )
        )

    async def rehearse(self, question: Question, caller: Caller) -> Rehearsal:
        """
        Rehearse *question* as *caller* asks it.

        Raises:
            UnavailableError: the store cannot be read, or changes too fast.
        """
        self._log.last = None
        try:
            answer = await self._road.answer(question, caller)
        except RefusalError as refusal:
            told = orjson.dumps(refusal.as_graphql())
            return Rehearsal(digest=_digest(told), refused=refusal.code.value, masked={}, denied={})
        values: Mapping[str, Value] = {} if self._log.last is None else self._log.last.entry.values
        return Rehearsal(
            digest=_digest(answer.body),
            refused=orjson.loads(answer.body)["errors"][0]["extensions"]["code"] if answer.is_request_error else None,
            served=_texts(values.get("served")),
            masked=_mapping(values.get("masked")),
            denied=_mapping(values.get("denied")),
        )


_PLANS_KEPT = 500


class _Nowhere:
    """A log that keeps nothing but the last entry, until the next."""

    def __init__(self) -> None:
        self.last: Pending | None = None

    async def append(self, pending: Pending) -> Receipt:
        self.last = pending
        return Receipt(
            index=0,
            size=1,
            origin="rehearsal",
            kind=pending.entry.kind,
            proof="",
            opening=b"{}",
            # Nothing is spent either.
            used=tuple(0 for _ in pending.spend),
        )


class _Fixed:
    """A policy that is in force because somebody asks what would be."""

    def __init__(self, policy: Policy, ground: Ground) -> None:
        self._policy = policy
        self._ground = ground

    @property
    def epoch(self) -> int:
        return self._ground.epochs.known.get("policy", 0)

    async def current(self, _now: datetime) -> Policy:
        # So that the epoch is known, as when the policy in force is read.
        await self._ground.epochs.tag("policy")
        return self._policy


class _Still:
    """A clock that stands still: both answers are of one instant."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _plain(value: "Value | None") -> Json:
    return value.value if isinstance(value, Spelled) else value


def _texts(value: "Value | None") -> frozenset[str]:
    plain = _plain(value)
    return frozenset(map(str, plain)) if isinstance(plain, list | tuple) else frozenset()


def _mapping(value: "Value | None") -> Mapping[str, str]:
    plain = _plain(value)
    return {name: str(told) for name, told in plain.items()} if isinstance(plain, dict) else {}
