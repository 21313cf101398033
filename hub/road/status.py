"""Open information: the status of the sources, and the asker's own standing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.identity.caller import Caller
from hub.road.contacts import Contacts
from hub.store.sources import SourceState, read_sources
from schema.graph.connection import MAX_PAGE
from schema.graph.root import MAX_CODES
from schema.graph.scalars import Freshness
from schema.graph.views import Plain
from schema.policy.model import Standing


class Status:
    """Reads the status of the sources."""

    def __init__(self, engine: AsyncEngine, contacts: Contacts) -> None:
        self._engine = engine
        self._contacts = contacts

    async def read(self, now: datetime) -> Mapping[str, SourceState]:
        """All sources by id, as of *now*."""
        return {state.id: state for state in await self.all(now)}

    async def all(self, now: datetime) -> Sequence[SourceState]:
        """All sources by rank and id, as of *now*."""
        return [self._contacts.told(state, now) for state in await read_sources(self._engine, now)]

    @staticmethod
    def views(sources: Mapping[str, SourceState]) -> Sequence[Plain]:
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
            for state in sources.values()
        ]

    @staticmethod
    def me(caller: Caller, standing: Standing, catalogue_version: str) -> Plain:
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
                "max_codes": MAX_CODES,
                "max_page": MAX_PAGE,
            },
        )
