"""
What differs between two versions of the policy, entry by entry. Pure.

A difference names its place as an officer would: `cells.C07.LD.matter`, `fields.Penalty.fineAmount`, `tiers.C06`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from schema.policy import edit
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
        return f"{self.part}.{self.name}".rstrip(".")


def differences(old: Policy, new: Policy) -> list[Difference]:
    """List what *new* says otherwise than *old*, by place; `cells` alone: the same lines in another order."""
    before, after = _parts(old), _parts(new)
    found = []
    for place in edit.differences(old, new):
        part, _, name = place.partition(".")
        found.append(Difference(part=part, name=name, before=before[part].get(name), after=after[part].get(name)))
    return found


def _parts(policy: Policy) -> dict[str, Mapping[str, Any]]:
    content = cast("dict[str, Any]", policy_json(policy))
    cells = {cell["id"]: cell for cell in content["cells"]}
    return {part: cells if part == "cells" else content[part] for part in _PARTS}
