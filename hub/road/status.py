"""Open information: the status of the sources, and the asker's own standing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.access.budget import Allowance
from hub.identity.caller import Caller
from hub.road.contacts import Contacts
from hub.store.sources import Sources, SourceState
from schema.graph.connection import MAX_PAGE
from schema.graph.scalars import Freshness
from schema.graph.views import Plain
from schema.policy.model import Standing

_TOLD_MAX = 2**31 - 1


class Status:
    """Tells the status of the sources: what the store says, and what this process heard since."""

    def __init__(self, sources: Sources, contacts: Contacts) -> None:
        self._sources = sources
        self._contacts = contacts

    async def read(self, now: datetime) -> tuple[Sequence[SourceState], int]:
        """All sources by rank and id as of *now*, and the epoch they were read at."""
        states, epoch = await self._sources.read(now)
        return [self._contacts.told(state, now) for state in states], epoch

    async def all(self, now: datetime) -> Sequence[SourceState]:
        """All sources by rank and id, as of *now*."""
        return (await self.read(now))[0]

    @staticmethod
    def views(sources: Sequence[SourceState]) -> Sequence[Plain]:
        """Make the views of `Query.sources`."""
        return [
            Plain(
                type_name="SourceStatus",
                values={
                    "id": state.id,
                    "name_zh": state.name_zh,
                    "name_en": state.name_en,
                    "state": Freshness(state.state.value),
                    "is_live": state.live,
                    "last_tried_at": state.last_tried_at,
                    "last_succeeded_at": state.last_succeeded_at,
                    "max_age_seconds": state.max_age_s,
                },
            )
            for state in sources
        ]

    @staticmethod
    def me(caller: Caller, standing: Standing, catalogue_version: str, limits: "AskersLimits") -> Plain:
        """Make the view of `Query.me`."""
        return Plain(
            type_name="Me",
            values={
                "actor": caller.actor.value,
                "partner": caller.partner,
                "organisation": caller.organisation,
                "ceiling": caller.ceiling.value,
                "regions": sorted(caller.regions),
                "purposes": sorted(caller.purposes),
                "purpose": standing.purpose,
                "policy_version": standing.policy_version,
                "catalogue_version": catalogue_version,
                "max_codes": limits.allowance.subjects_per_question,
                "max_page": MAX_PAGE,
                "limits": _limits(limits),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AskersLimits:
    """What the asker of one question may use: its budgets, and rows and bytes of one answer."""

    allowance: Allowance
    rows: int
    bytes: int


def _limits(limits: AskersLimits) -> Plain:
    allowance = limits.allowance
    return Plain(
        type_name="Limits",
        values={
            "requests_per_minute": allowance.requests_per_minute,
            "subjects_per_day": allowance.subjects_per_day,
            "subjects_per_question": allowance.subjects_per_question,
            "search_page": allowance.page,
            "rows_per_answer": min(limits.rows, _TOLD_MAX),
            "bytes_per_answer": min(limits.bytes, _TOLD_MAX),
        },
    )
