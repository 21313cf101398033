"""
Step 4 of the road: the plan of a question, kept for the next asker of the same standing.

Rules:
    - A plan is kept by (document, operation, decisions, values of its @skip and @include variables), and never by the
      document alone: what it shows is written into it.
    - Decisions are kept by the essence of a standing and the policy version; a new version forgets all older ones.
    - Both memories are bounded; the least recently used leaves first.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from graphql.execution.values import VariableValues

from hub.access.purpose import Purpose
from hub.access.rights import NO_RIGHTS, Held
from hub.access.standing import standing_of
from hub.identity.caller import Caller
from hub.kept import Kept
from hub.road.documents import CHARACTERS_EACH, Prepared
from schema.graph.build import Exchange
from schema.plan.compile import blueprint_of
from schema.plan.cost import Estimate, Quote, quote_of
from schema.plan.decider import Decider
from schema.plan.essence import essence_of
from schema.plan.guarded import GuardTable
from schema.plan.model import Plan
from schema.plan.sizes import Profile
from schema.policy.model import Policy, Standing
from schema.render.compiled import Compiled
from schema.render.runtime import HandOverError

_STANDINGS_KEPT = 4_000
_RULINGS_KEPT = 1_000
_QUOTES_KEPT = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ruling:
    """
    The decisions of one essence.

    Attributes:
        decider: Decides, and remembers.
        countable: Kinds of which some row could be listed or counted.
    """

    decider: Decider
    countable: frozenset[str]


class Compilation:
    """
    A document compiled for one ruling. Its code is written when it is first run: what is refused costs none.

    Attributes:
        blueprint: The plan before its variables are known.
    """

    def __init__(self, exchange: Exchange, prepared: Prepared, ruling: Ruling, profile: Profile) -> None:
        """
        Compile *prepared*.

        Raises:
            GraphQLError: a directive got null by a variable.
            UnknownCoordinateError: the schema serves an uncatalogued field of a guarded type.
        """
        self._exchange = exchange
        self._asked = (exchange.schema, prepared.document, prepared.operation)
        self._switched = prepared.variables
        self._profile = profile
        self._quotes: Kept[bytes, Quote] = Kept(_QUOTES_KEPT)
        self._depends: tuple[str, ...] | None = None
        self._code: Compiled | None = None
        self.reason: str | None = None
        self.blueprint = blueprint_of(*self._asked, prepared.variables, ruling.decider).settled()

    async def estimate(self, plan: Plan, variables: VariableValues) -> Estimate:
        """Predict what *plan*, bound to *variables*, will cost; what is not known yet, apart from the event loop."""
        quote = self._quoted(variables)
        if quote is None:
            quote = await asyncio.to_thread(quote_of, *self._asked, variables, self._profile)
            # Kept here and not in the thread: a memory belongs to the loop.
            self._depends = tuple(sorted(quote.depends))
            self._quotes.keep(_digest(self._depends, variables), quote)
        return quote.estimate({root.key: root.arguments for root in plan.roots})

    def code(self) -> Compiled | None:
        """The code; None, with `reason`, if the document selects what is not compiled."""
        if self._code is None and self.reason is None:
            decider = self.blueprint.decider
            try:
                self._code = Compiled(*self._asked, self._switched, decider=decider, specs=self._exchange.specs)
            except HandOverError as error:
                self.reason = error.reason
        return self._code

    @property
    def is_written(self) -> bool:
        """Whether its code has been asked for before."""
        return self._code is not None

    def _quoted(self, variables: VariableValues) -> Quote | None:
        """The price of a subject, kept by the values that it depends on."""
        return None if self._depends is None else self._quotes.find(_digest(self._depends, variables))


def _digest(names: Iterable[str], variables: VariableValues) -> bytes:
    return hashlib.sha256(repr([variables.coerced.get(name) for name in names]).encode("utf-8", "replace")).digest()


class Plans:
    """Compiles documents, and remembers. One per process."""

    def __init__(
        self, exchange: Exchange, table: GuardTable, *, plans_max: int, profile: Profile | None = None
    ) -> None:
        self._exchange = exchange
        self._table = table
        self._profile = profile or Profile()
        self._version: tuple[int, str] | None = None
        self.standings: Kept[tuple[Caller, Purpose, Held], tuple[Standing, Ruling]] = Kept(_STANDINGS_KEPT)
        self.rulings: Kept[Standing, Ruling] = Kept(_RULINGS_KEPT)
        self.plans: Kept[tuple[object, ...], Compilation] = Kept(plans_max, plans_max * CHARACTERS_EACH)
        self.handovers: Counter[str] = Counter()

    def handed_over(self, reason: str) -> None:
        """Count a question that the reference executor answered, by *reason*."""
        self.handovers[reason] += 1

    def standing(
        self, policy: Policy, caller: Caller, purpose: Purpose, rights: Held = NO_RIGHTS
    ) -> tuple[Standing, Ruling]:
        """Make the standing of *caller* with its *rights* for *purpose*, with its decisions."""
        version = (policy.version, policy.digest)
        if version != self._version:
            self.standings.clear()
            self.rulings.clear()
            self.plans.clear()
            self._version = version
        key = (caller, purpose, rights)
        found = self.standings.find(key)
        if found is None:
            standing = standing_of(caller, purpose, policy, rights=rights)
            found = (standing, self.ruling(policy, standing))
            self.standings.keep(key, found)
        return found

    def ruling(self, policy: Policy, standing: Standing) -> Ruling:
        """Find the decisions that *policy* makes for *standing*."""
        essence = essence_of(policy, standing)
        found = self.rulings.find(essence)
        if found is None:
            decider = Decider(policy, essence, self._table)
            countable = frozenset(kind for kind in self._table.record_kinds if decider.is_countable(kind))
            found = Ruling(decider=decider, countable=countable)
            self.rulings.keep(essence, found)
        return found

    async def plan(self, prepared: Prepared, ruling: Ruling) -> Compilation:
        """Find the plan of *prepared* under *ruling*, or compile it apart from the event loop; errors as `compile`."""
        key = key_of(prepared, ruling)
        found = self.plans.find(key)
        if found is None:
            found = await asyncio.to_thread(self.compile, prepared, ruling)
            self.plans.keep(key, found, prepared.size)
        return found

    def compile(self, prepared: Prepared, ruling: Ruling) -> Compilation:
        """
        Compile *prepared* under *ruling*.

        Raises:
            GraphQLError: a directive got null by a variable.
            UnknownCoordinateError: the schema serves an uncatalogued field of a guarded type.
        """
        return Compilation(self._exchange, prepared, ruling, self._profile)


def key_of(prepared: Prepared, ruling: Ruling) -> tuple[object, ...]:
    """What a plan is kept by."""
    coerced = prepared.variables.coerced
    switches = tuple([coerced.get(name) for name in prepared.switches])
    return (prepared.digest, prepared.place, ruling, switches)
