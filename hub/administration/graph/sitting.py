"""What the resolvers of one officer's request may reach."""

from dataclasses import dataclass
from datetime import datetime

from hub.administration.services import Services
from hub.identity.officers.model import Acting
from schema.graph.connection import Cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """
    One request of an officer.

    Attributes:
        acting: Who acts, as the session told when the request came; each act confirms it in its own transaction.
        now: When it came, aware.
        services: See there.
        cursors: Seals cursors.
    """

    acting: Acting
    now: datetime
    services: Services
    cursors: Cursors
