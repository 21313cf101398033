"""
Values for arguments, input fields and variables: valid for their type always, sensible for their place mostly.

Rules:
    - What the schema would refuse in a document is never made; what only a resolver refuses is made on purpose.
    - A variable is declared so that it may stand where it is used: its own type, a stricter one, or a looser one
      where a default fills the gap.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Protocol

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
)

from tests.equality.tree import MISSING, Name, Ref, Value, Variable

NullableInput = GraphQLScalarType | GraphQLEnumType | GraphQLInputObjectType | GraphQLList[Any]
ANY_VALUES: Sequence[Value] = (None, 0, -1, 1.5, True, "", "x", [], {}, [1, None], {"a": {"b": None}})


class Pools(Protocol):
    """Where values that mean something come from: a world."""

    def scalar(self, coordinate: str, type_name: str, siblings: Mapping[str, Value], dice: Random) -> Value:
        """Pick a value for the scalar at *coordinate*; *siblings* are the input object's fields chosen before it."""

    def nulls(self, coordinate: str) -> float:
        """How often *coordinate* is null where it may be."""

    def member(self, coordinate: str, members: Sequence[str], dice: Random) -> str:
        """Pick one of the enumeration's *members*."""


class Arguments:
    """Makes values; remembers the variables it declared and what it covered. One per document."""

    def __init__(self, dice: Random, pools: Pools, seen: Counter[str]) -> None:
        self._dice = dice
        self._pools = pools
        self._seen = seen
        self._kept: dict[tuple[str, str], list[Variable]] = {}
        self.variables: dict[str, Variable] = {}

    def of_field(self, coordinate: str, arguments: Mapping[str, GraphQLArgument]) -> dict[str, Value]:
        """Fill the arguments of the field at *coordinate*, in any order."""
        dice = self._dice
        chosen: dict[str, Value] = {}
        for name, argument in arguments.items():
            if not _is_required(argument) and dice.random() > _share(argument):
                continue
            place = f"{coordinate}({name}:)"
            self._seen[place] += 1
            chosen[name] = self._at(place, argument, chosen)
        if len(chosen) > 1 and dice.random() < 0.3:
            names = list(chosen)
            dice.shuffle(names)
            return {name: chosen[name] for name in names}
        return chosen

    def condition(self, coordinate: str) -> Value:
        """Fill the `if` of a directive."""
        if self._dice.random() < 0.55:
            self._seen[f"{coordinate} literal"] += 1
            return self._dice.random() < 0.5
        self._seen[f"{coordinate} variable"] += 1
        return self._variable(coordinate, GraphQLNonNull(GraphQLBoolean), has_default=False)

    def drawn(self, variables: Sequence[Variable]) -> dict[str, Value]:
        """Draw what a request sends for *variables*: a value, null, or nothing."""
        sent: dict[str, Value] = {}
        for variable in variables:
            value = self._sent(variable)
            if value is not MISSING:
                sent[variable.name] = value
        if self._dice.random() < 0.03:
            sent["unasked"] = self._dice.choice(ANY_VALUES)
        return sent

    def _sent(self, variable: Variable) -> Value:
        dice = self._dice
        is_nullable = not isinstance(variable.type, GraphQLNonNull)
        if (is_nullable or variable.default is not MISSING) and dice.random() < 0.2:
            self._seen["variable absent"] += 1
            return MISSING
        nulls = 0.02 if variable.null_fails else self._pools.nulls(variable.coordinate)
        if is_nullable and dice.random() < nulls:
            self._seen["variable null"] += 1
            return None
        self._seen["variable given"] += 1
        return self._value(variable.coordinate, _bare(variable.type), {}, fixed=True)

    def _at(self, coordinate: str, place: GraphQLArgument | GraphQLInputField, siblings: Mapping[str, Value]) -> Value:
        """Fill one argument or input field: a variable, or a literal that may hold variables."""
        has_default = place.default_value is not Undefined and place.default_value is not None
        if self._dice.random() < (0.3 if coordinate.endswith(":)") else 0.12):
            return self._variable(coordinate, place.type, has_default=has_default)
        return self._value(coordinate, place.type, siblings, fixed=False)

    def _value(self, coordinate: str, type_: GraphQLInputType, siblings: Mapping[str, Value], *, fixed: bool) -> Value:
        """Make a value of *type_*; *fixed*: without variables in it."""
        dice = self._dice
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        elif not fixed and dice.random() < self._pools.nulls(coordinate):
            self._seen["literal null"] += 1
            return None
        if isinstance(type_, GraphQLList):
            return self._list(coordinate, type_, fixed=fixed)
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, fixed=fixed)
        if isinstance(type_, GraphQLEnumType):
            member = self._pools.member(coordinate, list(type_.values), dice)
            self._seen[f"{type_.name}.{member}"] += 1
            return Name(member)
        return self._pools.scalar(coordinate, type_.name, siblings, dice)

    def _list(self, coordinate: str, type_: GraphQLList[GraphQLInputType], *, fixed: bool) -> Value:
        dice = self._dice
        item = type_.of_type
        if dice.random() < 0.15:
            # A single value stands for a list of one; but null would be no list at all.
            self._seen["single for list"] += 1
            return self._value(coordinate, GraphQLNonNull(_bare(item)), {}, fixed=fixed)
        count = dice.choices((0, 1, 2, 3, 5), (1, 6, 5, 3, 1))[0]
        made = [self._item(coordinate, item, fixed=fixed) for _ in range(count)]
        if made and dice.random() < 0.1:
            made.append(dice.choice(made))
        return made

    def _item(self, coordinate: str, item: GraphQLInputType, *, fixed: bool) -> Value:
        if not fixed and self._dice.random() < 0.08:
            return self._variable(coordinate, item, has_default=False)
        return self._value(coordinate, item, {}, fixed=fixed)

    def _object(self, type_: GraphQLInputObjectType, *, fixed: bool) -> Value:
        made: dict[str, Value] = {}
        for name, place in type_.fields.items():
            if not _is_required(place) and self._dice.random() > 0.3:
                continue
            coordinate = f"{type_.name}.{name}"
            self._seen[coordinate] += 1
            made[name] = (
                self._value(coordinate, place.type, made, fixed=True) if fixed else self._at(coordinate, place, made)
            )
        return made

    def _variable(self, coordinate: str, place: GraphQLInputType, *, has_default: bool) -> Ref:
        """Use a variable that may stand at *place*, one declared before if there is one."""
        dice = self._dice
        kept = self._kept.setdefault((coordinate, f"{place} {has_default}"), [])
        if kept and dice.random() < 0.5:
            return Ref(dice.choice(kept).name)
        nullable = _bare(place)
        is_strict = isinstance(place, GraphQLNonNull)
        default: Value = MISSING
        if dice.random() < 0.4:
            is_null = not is_strict and dice.random() < self._pools.nulls(coordinate)
            default = None if is_null else self._value(coordinate, nullable, {}, fixed=True)
        declared: GraphQLInputType = place
        if is_strict:
            if (default is not MISSING or has_default) and dice.random() < 0.7:
                declared = nullable
        elif default is not None and dice.random() < 0.25:
            declared = GraphQLNonNull(nullable)
        variable = Variable(
            name=dice.choice(("v", "V", "_", "value")) + str(len(self.variables)),
            type=declared,
            default=default,
            coordinate=coordinate,
            null_fails=is_strict and declared is nullable,
        )
        self.variables[variable.name] = variable
        kept.append(variable)
        self._seen["variable default" if default is not MISSING else "variable plain"] += 1
        return Ref(variable.name)


def _bare(type_: GraphQLInputType) -> NullableInput:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _share(argument: GraphQLArgument) -> float:
    """How often an optional argument is given: each narrows an answer, a whole filter most."""
    return 0.18 if isinstance(_bare(argument.type), GraphQLInputObjectType) else 0.4


def _is_required(place: GraphQLArgument | GraphQLInputField) -> bool:
    return isinstance(place.type, GraphQLNonNull) and place.default_value is Undefined
