"""
Random valid documents over a schema, read off the schema itself: a new kind, field or argument is asked about at once.

Rules:
    - Valid by construction: what is put under a response key is checked as it is put there (`scopes`), variables are
      declared where they fit (`arguments`), fragments are complete before they are spread.
    - The same dice make the same document.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    get_named_type,
    is_composite_type,
    is_introspection_type,
)

from tests.equality.arguments import Arguments, Pools
from tests.equality.scopes import Scope, entry_of
from tests.equality.tree import Directive, Document, Field, Fragment, Inline, Operation, Selection, Spread, Value

KEYS = (
    "a",
    "b",
    "c",
    "A",
    "Z9",
    "_",
    "_a",
    "aa",
    "a_",
    "id",
    "name",
    "code",
    "kind",
    "nodes",
    "data",
    "x1",
    "longer_key",
)
"""Aliases: few, so that they meet; some are names of fields; their order differs between upper, lower and `_`."""
ROOT_WEIGHTS: Mapping[str, float] = {"subject": 6, "subjects": 5, "_entities": 4, "node": 3, "searchSubjects": 3}
RARE: Mapping[str, float] = {"_service": 0.1, "__schema": 0.01, "__type": 0.03}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """
    How documents are spread.

    Attributes:
        sizes: (least, most, weight) of the number of fields aimed at.
        alias, directive, typename, named: Shares of fields with an alias, nodes with a directive, extra
            `__typename`s, fragments that are named.
        operations: Share of documents with several operations.
    """

    sizes: Sequence[tuple[int, int, float]] = ((1, 12, 1.5), (20, 70, 6), (70, 150, 2))
    alias: float = 0.2
    directive: float = 0.06
    typename: float = 0.06
    named: float = 0.4
    operations: float = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A document, the operation to ask for, and the way to draw its variables again."""

    document: Document
    operation: Operation
    operation_name: str | None
    arguments: Arguments

    def turned(self, dice: Random) -> "Made":
        """Ask for any of the operations, the document being the same."""
        operation = dice.choice(self.document.operations)
        return replace(self, operation=operation, operation_name=operation.name)

    def draw(self) -> dict[str, Value]:
        """Draw what a request sends for the operation's variables."""
        document = self.document
        return self.arguments.drawn([document.variables[name] for name in document.variables_of(self.operation)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A field that may be selected; `leads_on`: its *target* has fields itself."""

    name: str
    field: GraphQLField
    target: Any
    leads_on: bool


class Map:
    """What the generator needs of a schema, looked up once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        composites = [kind for kind in schema.type_map.values() if is_composite_type(kind)]
        self._own = [kind for kind in composites if not is_introspection_type(kind)]
        self.conditions = {kind.name: self._conditions(kind) for kind in self._own}
        self.fields = {kind.name: self._fields(kind) for kind in composites}

    def _possible(self, kind: GraphQLCompositeType) -> set[str]:
        if isinstance(kind, GraphQLAbstractType):
            return {each.name for each in self.schema.get_possible_types(kind)}
        return {kind.name}

    def _conditions(self, kind: GraphQLCompositeType) -> list[GraphQLCompositeType]:
        """Types that a fragment within *kind* may be on; an object type counts more than the others."""
        fitting = [other for other in self._own if self._possible(kind) & self._possible(other)]
        return [other for other in fitting for _ in range(6 if isinstance(other, GraphQLObjectType) else 1)]

    def _fields(self, kind: GraphQLCompositeType) -> tuple[list[Choice], list[float]]:
        fields = [] if isinstance(kind, GraphQLUnionType) else list(kind.fields.items())
        is_root = kind is self.schema.query_type
        weights = [
            RARE.get(name) or (ROOT_WEIGHTS.get(name, 1) if is_root else self._weight(field)) for name, field in fields
        ]
        if is_root:
            fields += [("__schema", SchemaMetaFieldDef), ("__type", TypeMetaFieldDef)]
            weights += [RARE["__schema"], RARE["__type"]]
        choices = [
            Choice(name=name, field=field, target=target, leads_on=is_composite_type(target))
            for name, field in fields
            for target in (get_named_type(field.type),)
        ]
        return choices, list(accumulate(weights))

    @staticmethod
    def _weight(field: GraphQLField) -> float:
        # A field that leads on is worth more than one that ends; one with arguments most.
        return (2.5 if is_composite_type(get_named_type(field.type)) else 1) + 3 * bool(field.args)


class Grower:
    """Grows one document."""

    def __init__(self, map_: Map, pools: Pools, dice: Random, seen: Counter[str], knobs: Knobs | None = None) -> None:
        self._map = map_
        self._dice = dice
        self._seen = seen
        self._knobs = knobs or Knobs()
        self._arguments = Arguments(dice, pools, seen)
        self._fragments: dict[str, Fragment] = {}
        self._scopes: dict[str, Scope] = {}

    def grow(self) -> Made:
        """Grow the document."""
        dice, knobs = self._dice, self._knobs
        least, most, _ = dice.choices(knobs.sizes, [size[2] for size in knobs.sizes])[0]
        count = dice.choice((2, 2, 3)) if dice.random() < knobs.operations else 1
        operations = [self._operation(index, count, dice.randint(least, most)) for index in range(count)]
        document = Document(operations=operations, fragments=self._fragments, variables=self._arguments.variables)
        chosen = dice.choice(operations)
        must_name = count > 1 or (chosen.name is not None and dice.random() < 0.5)
        self._seen["several operations" if count > 1 else "one operation"] += 1
        return Made(
            document=document,
            operation=chosen,
            operation_name=chosen.name if must_name else None,
            arguments=self._arguments,
        )

    def _operation(self, index: int, count: int, size: int) -> Operation:
        root = self._map.schema.query_type
        assert root is not None
        is_named = count > 1 or self._dice.random() < 0.3
        return Operation(
            name=f"Q{index}" if is_named else None,
            selections=self._selections(root, Scope(), size if index == 0 else size // 4 + 1),
        )

    def _selections(self, parent: GraphQLCompositeType, scope: Scope, size: int) -> list[Selection]:
        """Select about *size* fields of *parent*, at least one."""
        made: list[Selection] = []
        left, tries = size, 0
        while (left > 0 or not made) and tries < 60:
            tries += 1
            node, cost = self._one(parent, scope, max(left, 1))
            if node is not None:
                made.append(node)
                left -= cost
        if not made:
            made.append(self._typename(parent, scope))
        return made

    def _one(self, parent: GraphQLCompositeType, scope: Scope, left: int) -> tuple[Selection | None, int]:
        dice = self._dice
        is_abstract = isinstance(parent, GraphQLAbstractType)
        if parent.name in self._map.conditions and dice.random() < (0.65 if is_abstract else 0.12):
            return self._fragment(parent, scope, left)
        is_told = "__typename" in scope.entries and dice.random() < 0.8
        if not is_told and (isinstance(parent, GraphQLUnionType) or dice.random() < self._knobs.typename):
            return self._typename(parent, scope), 1
        return self._field(parent, scope, left)

    def _fragment(self, parent: GraphQLCompositeType, scope: Scope, left: int) -> tuple[Selection | None, int]:
        dice = self._dice
        condition = dice.choice(self._map.conditions[parent.name])
        size = max(1, int(left * dice.uniform(0.3, 0.9))) if left > 2 else left
        if dice.random() > self._knobs.named:
            inside = None if dice.random() < 0.1 else condition
            self._seen["inline on " + (inside.name if inside else "nothing")] += 1
            selections = self._selections(inside or parent, scope, size)
            name = inside.name if inside else None
            return Inline(condition=name, directives=self._directives(), selections=selections), size
        known = [
            fragment
            for fragment in self._fragments.values()
            if any(fragment.condition == kind.name for kind in self._map.conditions[parent.name])
        ]
        if known and dice.random() < 0.5:
            fragment = dice.choice(known)
            self._seen["fragment again"] += 1
        else:
            fragment = self._named(condition, size)
        if not scope.takes_all(self._scopes[fragment.name]):
            return None, 0
        scope.put_all(self._scopes[fragment.name])
        return Spread(fragment=fragment.name, directives=self._directives()), size

    def _named(self, condition: GraphQLCompositeType, size: int) -> Fragment:
        scope = Scope()
        selections = self._selections(condition, scope, size)
        fragment = Fragment(name=f"F{len(self._fragments)}", condition=condition.name, selections=selections)
        self._seen[f"fragment on {condition.name}"] += 1
        self._fragments[fragment.name] = fragment
        self._scopes[fragment.name] = scope
        return fragment

    def _typename(self, parent: GraphQLCompositeType, scope: Scope) -> Field:
        is_object = isinstance(parent, GraphQLObjectType)
        entry = entry_of(parent.name, "__typename", {}, TypeNameMetaFieldDef.type, is_object=is_object)
        key = self._dice.choice(KEYS) if self._dice.random() < 0.3 else "__typename"
        if not scope.takes(key, entry):
            key = "__typename"
        scope.put(key, entry)
        self._seen[f"{parent.name}.__typename"] += 1
        return Field(name="__typename", alias=None if key == "__typename" else key, directives=self._directives())

    def _field(self, parent: GraphQLCompositeType, scope: Scope, left: int) -> tuple[Selection | None, int]:
        dice = self._dice
        choices, weights = self._map.fields[parent.name]
        if not choices:
            return None, 0
        choice = dice.choices(choices, cum_weights=weights)[0]
        name, field = choice.name, choice.field
        if left == 1 and choice.leads_on and is_introspection_type(parent):
            return None, 0
        is_object = isinstance(parent, GraphQLObjectType)
        key = dice.choice(KEYS) if dice.random() < self._knobs.alias else name
        held = scope.same(key, parent.name, name, is_object=is_object)
        if held and not choice.leads_on and dice.random() < 0.85:
            # Told twice, a leaf tells nothing more: once in a while is enough.
            return None, 0
        coordinate = f"{parent.name}.{name}"
        arguments = dict(held.arguments) if held else self._arguments.of_field(coordinate, field.args)
        entry = entry_of(parent.name, name, arguments, field.type, is_object=is_object)
        if not scope.takes(key, entry):
            key = f"{name}_{dice.randint(0, 9)}"
            if not scope.takes(key, entry):
                return None, 0
        below = scope.put(key, entry)
        self._seen[coordinate] += 1
        if held and field.args:
            self._seen["same key, same arguments"] += 1
        made = Field(name=name, alias=None if key == name else key, arguments=arguments, directives=self._directives())
        if not choice.leads_on:
            return made, 1
        size = self._share(choice.target, left)
        made.selections = self._selections(choice.target, below, size)
        return made, size + 1

    def _share(self, target: GraphQLCompositeType, left: int) -> int:
        if is_introspection_type(target):
            # A schema is a graph: three steps into it are enough.
            return max(1, min(left - 1, 3))
        return max(1, min(int(left * self._dice.uniform(0.5, 0.97)), self._most(target)))

    def _most(self, target: GraphQLCompositeType) -> int:
        """As many fields as make sense on *target*: a small type is soon told whole."""
        fields, _ = self._map.fields[target.name]
        has_more = isinstance(target, GraphQLAbstractType) or any(choice.leads_on for choice in fields)
        return 150 if has_more else 2 * len(fields)

    def _directives(self) -> tuple[Directive, ...]:
        dice = self._dice
        if dice.random() >= self._knobs.directive:
            return ()
        names = dice.choice((("skip",), ("include",), ("skip", "include"), ("include", "skip")))
        return tuple(Directive(name=name, condition=self._arguments.condition(f"@{name}")) for name in names)
