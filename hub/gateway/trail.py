"""What a request leaves behind for the access log and the metrics: bounded words only, never what was asked."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, cast

_KEY = "hub.trail"


@dataclass(slots=True)
class Trail:
    """
    Filled in along the way; owned by one request.

    Attributes:
        request_id: Echoed to the client.
        began: When the request came, by `hub.clock.stopwatch`.
        trace_id: Of the distributed trace.
        route: Name of the route, one of a fixed few; never the path as it came.
        outcome: `answered`, `request_error`, `client_gone` or an `ErrorCode`.
        actor: Kind of asker.
        partner: Partner identifier, None for the public.
        operation: Name of an operation that a registered document has: any other name is the client's free text.
        denials: Denied coordinates.
    """

    request_id: str
    began: float = 0.0
    trace_id: str = ""
    route: str = "other"
    outcome: str = ""
    actor: str | None = None
    partner: str | None = None
    operation: str | None = None
    denials: int = 0


def leave(scope: MutableMapping[str, Any], trail: Trail) -> None:
    """Attach *trail* to an ASGI scope."""
    scope[_KEY] = trail


def trail_of(scope: MutableMapping[str, Any]) -> Trail | None:
    """The trail that `leave` attached, None if none was."""
    return cast("Trail | None", scope.get(_KEY))
