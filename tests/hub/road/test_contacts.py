"""What is told of a source that is asked per question: the newer of the store's and this process's knowledge."""

from datetime import UTC, datetime, timedelta

from hub.clock import iso
from hub.road.contacts import Contacts
from hub.store.sources import Freshness, SourceState, freshness

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def state(succeeded: datetime | None, error: str | None = None, max_age_s: int = 300) -> SourceState:
    last = None if succeeded is None else iso(succeeded)
    return SourceState(
        id="jinjiang",
        name_zh="锦江",
        name_en="Jinjiang",
        connector="group",
        owner_code=None,
        region=None,
        rank=30,
        live=True,
        max_age_s=max_age_s,
        state=freshness(last, error, max_age_s, NOON),
        last_tried_at=last,
        last_succeeded_at=last,
        last_error=error,
    )


class TestContacts:
    def test_source_nobody_asked_is_as_the_store_says(self):
        old = state(NOON - timedelta(hours=1))

        assert old is Contacts().told(old, NOON)
        assert Freshness.STALE is old.state

    def test_answer_just_given_makes_a_stale_source_fresh(self):
        contacts = Contacts()
        contacts.note("jinjiang", NOON, None)

        told = contacts.told(state(NOON - timedelta(hours=1)), NOON)

        assert Freshness.FRESH is told.state
        assert iso(NOON) == told.last_succeeded_at

    def test_failure_is_told_with_the_last_success_before_it(self):
        contacts = Contacts()
        contacts.note("jinjiang", NOON - timedelta(seconds=20), None)
        contacts.note("jinjiang", NOON, "SRC_TIMEOUT")

        told = contacts.told(state(None), NOON)

        assert Freshness.UNREACHABLE is told.state
        assert ("SRC_TIMEOUT", iso(NOON - timedelta(seconds=20))) == (told.last_error, told.last_succeeded_at)

    def test_newer_knowledge_of_the_store_wins(self):
        contacts = Contacts()
        contacts.note("jinjiang", NOON - timedelta(hours=1), "SRC_TIMEOUT")

        assert Freshness.FRESH is contacts.told(state(NOON), NOON).state
