"""
The words of the officers' schema: enumerations of the domain, and the scalars.

Rule: an enumeration is the domain's own, so that a word added there appears here, and nowhere else is a list of them.
"""

from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from hub.identity.officers.duties import Duty
from hub.identity.officers.model import OfficerState, Role
from hub.identity.partners import PartnerState
from schema.catalogue.model import Category, FieldType, Mask
from schema.graph.scalars import SCALARS, Day, Instant
from schema.policy.model import ActorKind, Fact
from schema.tiers import Audience, Tier

__all__ = ["SCALARS_HERE", "Day", "Document", "Instant"]

Document = NewType("Document", dict[str, Any])

SCALARS_HERE: dict[object, ScalarDefinition] = {
    Day: SCALARS[Day],
    Instant: SCALARS[Instant],
    Document: strawberry.scalar(
        name="Document",
        description="文件 A JSON object: what was drafted or noted, by the names of the inputs.",
        serialize=lambda value: value,
    ),
}
"""Scalars of both schemas."""

strawberry.enum(Role, description="三员 Kinds of officer: administrator, security officer, auditor.")
strawberry.enum(OfficerState, description="Whether an officer may act.")
strawberry.enum(Duty, description="职责 Something an officer does; which role does what is fixed.")
strawberry.enum(PartnerState, description="Whether a partner is served.")
strawberry.enum(ActorKind, description="Kinds of asker (DOMAIN 13.2); PU is the public.")
strawberry.enum(Tier, description="信息分级 A named reader set; the suffix CON takes the consent route away.")
strawberry.enum(Category, description="信息类别 Category of the access matrix.")
strawberry.enum(Mask, description="M1 name, M2 number, M3 band, M4 redacted text, M5 month, M6 a count, M7 yes or no.")
strawberry.enum(Fact, description="What must hold between a reader and a row for a permission to apply.")
strawberry.enum(Audience, description="Who may stand before a label.")
strawberry.enum(FieldType, name="CatalogueFieldType", description="Type of a catalogued field.")
