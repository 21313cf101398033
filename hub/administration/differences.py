"""
What differs between two versions of the policy, entry by entry. Pure.

A difference names its place as an officer would: `cells.C07.LD.matter`, `fields.Penalty.fineAmount`, `tiers.C06`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from schema.policy.model import Policy
from schema.policy.parse import policy_json

_PARTS = ("tiers", "readers", "purposes", "cells", "fields")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    One entry that is not the same.

    Attributes:
        part: `tiers`, `readers`, `purposes`, `cells` or `fields`.
        name: Of the entry within its part.
        before, after: The entry, JSON-ready; None where it is absent.
    """

    part: str
    name: str
    before: Any
    after: Any

    @property
    def place(self) -> str:
        """Part and name."""
        return f"{self.part}.{self.name}"


def differences(old: Policy, new: Policy) -> list[Difference]:
    """List what *new* says otherwise than *old*, part by part, each sorted by name; a change of order is none."""
    before, after = _parts(old), _parts(new)
    return [
        Difference(part=part, name=name, before=was, after=becomes)
        for part in _PARTS
        for name, was, becomes in _pairs(before[part], after[part])
        if was != becomes
    ]


def _parts(policy: Policy) -> dict[str, Mapping[str, Any]]:
    content = cast("dict[str, Any]", policy_json(policy))
    cells = {cell["id"]: cell for cell in content["cells"]}
    return {part: cells if part == "cells" else content[part] for part in _PARTS}


def _pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(before.keys() | after.keys()):
        yield name, before.get(name), after.get(name)
