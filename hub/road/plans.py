"""
Step 4 of the road: the plan of a question, kept for the next asker of the same standing.

Rules:
    - A plan is kept by (document, operation, decisions, values of its @skip and @include variables), and never by the
      document alone: what it shows is written into it.
    - Decisions are kept by the essence of a standing and the policy version; a new version forgets all older ones.
    - Both memories are bounded; the least recently used leaves first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hub.road.documents import Prepared
from schema.graph.build import Exchange
from schema.plan.compile import Blueprint, blueprint_of
from schema.plan.decider import Decider
from schema.plan.essence import essence_of
from schema.plan.guarded import GuardTable
from schema.policy.model import Policy, Standing
from schema.render.compiled import Compiled
from schema.render.runtime import HandOverError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """A bounded memory that counts: the least recently used is forgotten first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[K, V] = OrderedDict()
        self.hits = 0
        self.misses = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._held)

    def find(self, key: K) -> V | None:
        """What is kept under *key*, None if nothing is."""
        found = self._held.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._held.move_to_end(key)
        return found

    def keep(self, key: K, value: V) -> None:
        """Keep *value* under *key*."""
        self._held[key] = value
        while len(self._held) > self._size:
            self._held.popitem(last=False)
            self.evictions += 1

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """
    A document compiled for one ruling.

    Attributes:
        blueprint: The plan before its variables are known.
        compiled: Its code; None if it selects what is not compiled.
        reason: Why it has no code, a word.
    """

    blueprint: Blueprint
    compiled: Compiled | None
    reason: str | None = None


class Plans:
    """Compiles documents, and remembers. One per process."""

    def __init__(self, exchange: Exchange, table: GuardTable, *, plans_max: int, rulings_max: int = 1_000) -> None:
        self._exchange = exchange
        self._table = table
        self._version: tuple[int, str] | None = None
        self.rulings: Kept[Standing, Ruling] = Kept(rulings_max)
        self.plans: Kept[tuple[object, ...], Compilation] = Kept(plans_max)

    def ruling(self, policy: Policy, standing: Standing) -> Ruling:
        """Find the decisions that *policy* makes for *standing*."""
        version = (policy.version, policy.digest)
        if version != self._version:
            self.rulings.clear()
            self.plans.clear()
            self._version = version
        essence = essence_of(policy, standing)
        found = self.rulings.find(essence)
        if found is None:
            decider = Decider(policy, essence, self._table)
            countable = frozenset(kind for kind in self._table.record_kinds if decider.is_countable(kind))
            found = Ruling(decider=decider, countable=countable)
            self.rulings.keep(essence, found)
        return found

    def compilation(self, prepared: Prepared, ruling: Ruling) -> Compilation:
        """
        Find the plan of *prepared* under *ruling*, or compile it.

        Raises:
            GraphQLError: a directive got null by a variable.
            UnknownCoordinateError: the schema serves an uncatalogued field of a guarded type.
        """
        coerced = prepared.variables.coerced
        switches = tuple(coerced.get(name) for name in prepared.switches)
        key = (prepared.digest, prepared.place, ruling, switches)
        found = self.plans.find(key)
        if found is None:
            found = self._compile(prepared, ruling)
            self.plans.keep(key, found)
        return found

    def _compile(self, prepared: Prepared, ruling: Ruling) -> Compilation:
        asked = (self._exchange.schema, prepared.document, prepared.operation, prepared.variables)
        blueprint = blueprint_of(*asked, ruling.decider)
        try:
            compiled = Compiled(*asked, decider=ruling.decider, specs=self._exchange.specs)
        except HandOverError as reason:
            return Compilation(blueprint=blueprint, compiled=None, reason=reason.reason)
        return Compilation(blueprint=blueprint, compiled=compiled)
