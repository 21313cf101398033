"""A GraphQL document as a tree: what the generator grows, what the shrinker cuts, and how it becomes text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLInputType


@dataclass(frozen=True, slots=True)
class Name:
    """A member of an enumeration."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A use of a variable."""

    name: str


class Missing:
    """No value at all, which is not null."""


MISSING = Missing()

Value = Any
"""None, bool, int, float, str, `Name`, `Ref`, or a list or dict of these."""


@dataclass(frozen=True, slots=True)
class Directive:
    """`@skip` or `@include`."""

    name: str
    condition: Value


@dataclass(slots=True, kw_only=True)
class Field:
    """A field; `selections` None: a leaf."""

    name: str
    alias: str | None = None
    arguments: Mapping[str, Value] = field(default_factory=dict)
    directives: tuple[Directive, ...] = ()
    selections: list["Selection"] | None = None


@dataclass(slots=True, kw_only=True)
class Inline:
    """An inline fragment; `condition` None: of the type it stands in."""

    condition: str | None
    directives: tuple[Directive, ...] = ()
    selections: list["Selection"]


@dataclass(slots=True, kw_only=True)
class Spread:
    """A use of a named fragment."""

    fragment: str
    directives: tuple[Directive, ...] = ()


Selection = Field | Inline | Spread


@dataclass(slots=True, kw_only=True)
class Fragment:
    """A named fragment."""

    name: str
    condition: str
    selections: list[Selection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """
    A variable, declared alike by every operation that reaches it.

    Attributes:
        name: Without `$`.
        type: What it is declared as.
        default: `MISSING`: none.
        coordinate: The argument or input field it was made for.
        null_fails: The place takes no null, though the variable's type does.
    """

    name: str
    type: GraphQLInputType
    default: Value
    coordinate: str
    null_fails: bool = False


@dataclass(slots=True, kw_only=True)
class Operation:
    """A query; `name` None: the only one."""

    name: str | None
    selections: list[Selection]


@dataclass(slots=True, kw_only=True)
class Document:
    """
    A whole document.

    Text leaves out the fragments that no operation reaches, and each operation declares exactly the variables it
    reaches, so a document stays valid whatever selections are cut out of it.
    """

    operations: list[Operation]
    fragments: dict[str, Fragment]
    variables: dict[str, Variable]

    def text(self) -> str:
        """Write the document."""
        parts: list[str] = []
        reached: dict[str, None] = {}
        for operation in self.operations:
            used = self.variables_of(operation)
            reached |= dict.fromkeys(self._fragments_of(operation.selections))
            declared = ", ".join(_declared(self.variables[name]) for name in used)
            if operation.name is not None or declared:
                parts.append(f"query {operation.name or ''}{f'({declared})' if declared else ''} ")
            _write_selections(operation.selections, parts)
            parts.append("\n")
        for name in reached:
            fragment = self.fragments[name]
            parts.append(f"fragment {name} on {fragment.condition} ")
            _write_selections(fragment.selections, parts)
            parts.append("\n")
        return "".join(parts)

    def variables_of(self, operation: Operation) -> list[str]:
        """Names of the variables that *operation* reaches, in order of use."""
        used: dict[str, None] = {}
        bodies = [operation.selections]
        bodies += [self.fragments[name].selections for name in self._fragments_of(operation.selections)]
        for body in bodies:
            for node in walk(body):
                for value in _values_of(node):
                    used |= dict.fromkeys(_refs(value))
        return list(used)

    def _fragments_of(self, selections: list[Selection]) -> list[str]:
        found: dict[str, None] = {}
        waiting = [selections]
        while waiting:
            for node in walk(waiting.pop()):
                if isinstance(node, Spread) and node.fragment not in found:
                    found[node.fragment] = None
                    waiting.append(self.fragments[node.fragment].selections)
        return list(found)


def copied(selections: list[Selection]) -> list[Selection]:
    """Copy *selections*, all the way down."""
    return [_copy(node) for node in selections]


def _copy(node: Selection) -> Selection:
    if isinstance(node, Spread) or node.selections is None:
        return replace(node)
    return replace(node, selections=copied(node.selections))


def walk(selections: list[Selection]) -> Iterator[Selection]:
    """Every node of *selections*, outer ones first, fragments not followed."""
    waiting = list(reversed(selections))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Spread) and node.selections:
            waiting.extend(reversed(node.selections))


def literal(value: Value) -> str:  # noqa: PLR0911  one line per kind of value
    """Write *value* as it stands in a document."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Name():
            return value.text
        case Ref():
            return f"${value.name}"
        case str():
            return json.dumps(value, ensure_ascii=len(value) % 2 == 1)
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{name}: {literal(part)}" for name, part in value.items()) + "}"
        case _:
            return repr(value)


def plain(value: Value) -> Any:
    """Write *value* as JSON sends it: for variables, which hold no variables."""
    match value:
        case Name():
            return value.text
        case list():
            return [plain(part) for part in value]
        case dict():
            return {name: plain(part) for name, part in value.items()}
        case _:
            return value


def _declared(variable: Variable) -> str:
    default = "" if variable.default is MISSING else f" = {literal(variable.default)}"
    return f"${variable.name}: {variable.type}{default}"


def _values_of(node: Selection) -> Iterator[Value]:
    for directive in node.directives:
        yield directive.condition
    if isinstance(node, Field):
        yield from node.arguments.values()


def _refs(value: Value) -> Iterator[str]:
    if isinstance(value, Ref):
        yield value.name
    elif isinstance(value, list):
        for part in value:
            yield from _refs(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _refs(part)


def _write_selections(selections: list[Selection], parts: list[str]) -> None:
    parts.append("{ ")
    for node in selections:
        _write(node, parts)
    parts.append("} ")


def _write(node: Selection, parts: list[str]) -> None:
    match node:
        case Field():
            parts.append(f"{node.alias}: {node.name}" if node.alias else node.name)
            if node.arguments:
                parts.append("(" + ", ".join(f"{name}: {literal(part)}" for name, part in node.arguments.items()) + ")")
        case Inline():
            parts.append(f"... on {node.condition}" if node.condition else "...")
        case Spread():
            parts.append(f"...{node.fragment}")
    parts.append(" ")
    parts.extend(f"@{directive.name}(if: {literal(directive.condition)}) " for directive in node.directives)
    if not isinstance(node, Spread) and node.selections is not None:
        _write_selections(node.selections, parts)
