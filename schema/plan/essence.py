"""
What of a standing decides: two askers of one essence share decisions, plans and judged rows.

A standing also says which tender or matter it asks about. Decisions depend on whether that is said, never on what.
"""

from dataclasses import replace

from schema.policy.decide import CONTEXT_FACTS
from schema.policy.model import Policy, Standing

SAID = "*"
"""Stands for a context value that is given."""


def essence_of(policy: Policy, standing: Standing) -> Standing:
    """Reduce *standing* to what `decide` under *policy* can tell apart."""
    purpose = policy.purposes.get(standing.purpose)
    asked = {*CONTEXT_FACTS.values(), *(purpose.requires if purpose else ())}
    said = {key for key, value in standing.context if key in asked and value.strip()}
    return replace(standing, context=tuple((key, SAID) for key in sorted(said)))
