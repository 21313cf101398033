"""Global identifiers (Relay): opaque text that names a type and a place, and holds nothing but public codes."""

import base64
import binascii
from dataclasses import dataclass

from schema.plan.guarded import SUBJECT_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeId:
    """
    A subject (`name` None) or a record of a subject.

    Attributes:
        kind: GraphQL type name.
        code: Subject code.
        name: The record's name on the wire, see `hub.access.pseudonyms`; never its key.
    """

    kind: str
    code: str
    name: str | None = None

    def __str__(self) -> str:
        parts = (self.kind, self.code) if self.name is None else (self.kind, self.code, self.name)
        return base64.urlsafe_b64encode(":".join(parts).encode()).decode().rstrip("=")


def find_node_id(text: str) -> NodeId | None:
    """Read a global identifier, None if it is not one of ours."""
    try:
        parts = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(":")
    except (binascii.Error, ValueError):
        return None
    match parts:
        case [kind, code] if kind == SUBJECT_KIND:
            return NodeId(kind=kind, code=code)
        case [kind, code, name] if kind != SUBJECT_KIND:
            return NodeId(kind=kind, code=code, name=name)
    return None
