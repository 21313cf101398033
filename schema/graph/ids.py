"""Global identifiers (Relay): opaque text that names a type and a place, and holds nothing but public codes."""

import base64
import binascii
from dataclasses import dataclass

from schema.plan.guarded import SUBJECT_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeId:
    """A subject (`key` None) or a record of a subject."""

    kind: str
    code: str
    key: str | None = None

    def __str__(self) -> str:
        parts = (self.kind, self.code) if self.key is None else (self.kind, self.code, self.key)
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
        case [kind, code, key] if kind != SUBJECT_KIND:
            return NodeId(kind=kind, code=code, key=key)
    return None
