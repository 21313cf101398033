"""
Which fields may share a response key: the rule that keeps generated documents valid by construction.

Rules:
    - One scope stands for one place of the response; everything merged into that place registers there.
    - Two fields under one key whose parents are different object types can never both apply: they need one shape only.
    - Any other two need one name and the same arguments as well.

Source: GraphQL, 5.3.2 Field Selection Merging; ours is stricter where that costs no interesting document.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import GraphQLOutputType, get_named_type, is_leaf_type

from tests.equality.tree import Value, literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One field that was put under a key.

    Attributes:
        parent: Name of the type it stands on.
        is_object: That type is an object type.
        name: Name of the field.
        arguments: As first given.
        spelled: The same, comparable.
        shape: Its type, the name of a composite one left out.
    """

    parent: str
    is_object: bool
    name: str
    arguments: Mapping[str, Value]
    spelled: str
    shape: str

    def agrees(self, other: "Entry") -> bool:
        """Whether both may stand under one key."""
        if self.shape != other.shape:
            return False
        if self.is_object and other.is_object and self.parent != other.parent:
            return True
        return self.name == other.name and self.spelled == other.spelled


@dataclass(slots=True)
class Scope:
    """One place of the response: key -> the fields under it, key -> the place below it."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    children: dict[str, "Scope"] = field(default_factory=dict)

    def takes(self, key: str, entry: Entry) -> bool:
        """Whether *entry* may stand under *key*."""
        return all(entry.agrees(other) for other in self.entries.get(key, ()))

    def put(self, key: str, entry: Entry) -> "Scope":
        """Put *entry* under *key*; return the place below."""
        held = self.entries.setdefault(key, [])
        if entry not in held:
            held.append(entry)
        return self.children.setdefault(key, Scope())

    def same(self, key: str, parent: str, name: str, *, is_object: bool) -> Entry | None:
        """Find a field *name* under *key* that could apply to the same object, so that its arguments must be ours."""
        for entry in self.entries.get(key, ()):
            if entry.name == name and not (is_object and entry.is_object and entry.parent != parent):
                return entry
        return None

    def takes_all(self, other: "Scope") -> bool:
        """Whether everything of *other* may be merged into this place."""
        return all(self.takes(key, entry) for key, held in other.entries.items() for entry in held) and all(
            self.children[key].takes_all(below) for key, below in other.children.items() if key in self.children
        )

    def put_all(self, other: "Scope") -> None:
        """Merge *other* into this place."""
        for key, held in other.entries.items():
            for entry in held:
                self.put(key, entry)
        for key, below in other.children.items():
            self.children.setdefault(key, Scope()).put_all(below)


def entry_of(
    parent: str,
    name: str,
    arguments: Mapping[str, Value],
    type_: GraphQLOutputType,
    *,
    is_object: bool,
) -> Entry:
    """Make the entry of a field."""
    named = get_named_type(type_)
    text = str(type_)
    return Entry(
        parent=parent,
        is_object=is_object,
        name=name,
        arguments=arguments,
        spelled=", ".join(f"{key}: {literal(arguments[key])}" for key in sorted(arguments)),
        shape=text if is_leaf_type(named) else text.replace(named.name, "*"),
    )
