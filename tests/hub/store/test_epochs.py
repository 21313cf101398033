"""An epoch is raised by every change that an answer may depend on, and by nothing else, whoever makes the change."""

import pytest
from sqlalchemy import insert, text

from hub.store import administration_tables, identity_tables, tables
from hub.store.engine import open_engine, reading, writing
from hub.store.epochs import EpochMissingError, Epochs
from hub.store.tables import table_of

PARTNER = {
    "id": "gc", "name": "甲集团", "actor": "GC", "organisation": None, "ceiling": "I", "regions": "[]",
    "sectors": "[]", "purposes": "[]", "state": "active", "created_at": "2026-01-01T00:00:00.000000Z",
    "valid_to": None, "rows_max": None, "bytes_max": None, "contact": None, "valid_from": None, "jwks_uri": None,
    "only_trusted_documents": False, "requests_per_minute": None, "subjects_per_day": None, "tokens_after": None,
}  # fmt: skip
PARTNER_KEY = {
    "partner": "gc", "thumbprint": "t", "kid": "k", "jwk": "{}", "origin": "value",
    "added_at": "2026-01-01T00:00:00.000000Z", "valid_to": None, "state": "active",
}  # fmt: skip
REVOKED_TOKEN = {"jti": "j", "partner": "gc", "expires_at": "2026-01-01T00:00:00.000000Z"}
SOURCE = {
    "id": "cn-51", "connector": "generic", "name_zh": "四川", "name_en": "Sichuan", "owner_code": None, "region": "51",
    "rank": 10, "live": False, "max_age_s": 60, "last_tried_at": None, "last_succeeded_at": None, "last_error": None,
}  # fmt: skip
STREAM = {
    "source": "cn-51", "name": "penalties", "kind": "Penalty", "cursor": None, "last_batch_id": None,
    "last_read_at": None, "last_error": None, "rows_received": 0, "rows_accepted": 0,
}  # fmt: skip
POLICY = {
    "version": 1,
    "digest": "sm3:00",
    "body": "{}",
    "valid_from": "2026-01-01T00:00:00.000000Z",
    "log_index": None,
    "valid_to": None,
    "change_id": None,
}
GRANT = {
    "id": "g-1", "partner": "gc", "category": "C14", "coordinates": "[]", "source": None, "subject": None,
    "purpose": "PROCUREMENT_CHECK", "tier": "I", "valid_from": "2026-01-01T00:00:00.000000Z",
    "valid_to": "2026-02-01T00:00:00.000000Z", "break_glass": False, "reason": "tender", "change_id": None,
    "given_by": "sec-1", "given_at": "2026-01-01T00:00:00.000000Z", "revoked_at": None, "revoked_by": None,
    "revoked_reason": None, "last_used": None,
}  # fmt: skip
CONSENT = {
    "subject_code": "91510100MA00000010", "id": "c-1", "grantee": "91310000MA00000020", "purpose": "FINANCING",
    "items": '["C15"]', "valid_from": "2026-01-01", "valid_to": "2026-01-30", "evidence": "sm3:00", "given_by": "su",
    "given_at": "2026-01-01T00:00:00.000000Z", "revoked_at": None, "revoked_by": None, "revoked_reason": None,
}  # fmt: skip
ROWS = {
    "partner": PARTNER,
    "partner_key": PARTNER_KEY,
    "revoked_token": REVOKED_TOKEN,
    "source": SOURCE,
    "stream": STREAM,
    "policy_version": POLICY,
    "access_grant": GRANT,
    "consent": CONSENT,
}
MODELS = {
    "access_grant": administration_tables.AccessGrant,
    "consent": administration_tables.ConsentRow,
    "partner": tables.Partner,
    "partner_key": identity_tables.PartnerKey,
    "revoked_token": identity_tables.RevokedToken,
    "source": tables.Source,
    "stream": tables.Stream,
    "policy_version": tables.PolicyVersion,
}
# Table and column -> the epochs its change raises, as promised; by hand, not read from the migration.
RAISED = {
    **{("partner", column): {"partner"} for column in PARTNER},
    **{("partner_key", column): {"partner"} for column in PARTNER_KEY},
    **{("revoked_token", column): {"partner"} for column in REVOKED_TOKEN},
    **{("source", column): {"source"} for column in SOURCE},
    **{("stream", column): set() for column in STREAM},
    **{("policy_version", column): {"policy"} for column in POLICY},
    ("source", "id"): {"source", "owner"},
    ("source", "owner_code"): {"source", "owner"},
    ("stream", "source"): {"source"},
    ("stream", "name"): {"source"},
    ("stream", "kind"): {"source"},
    ("stream", "last_error"): {"source"},
    ("policy_version", "log_index"): set(),
    ("policy_version", "change_id"): set(),
    **{("access_grant", column): {"right"} for column in GRANT},
    **{("consent", column): {"right"} for column in CONSENT},
    # Why and by whom decides nothing, and a note of use must not send answers back.
    **{("access_grant", column): set() for column in ("reason", "change_id", "given_by", "given_at", "last_used")},
    **{(table, column): set() for table in ("access_grant", "consent") for column in ("revoked_by", "revoked_reason")},
    **{("consent", column): set() for column in ("evidence", "given_by", "given_at")},
}
NUMERIC = {"rows_max", "bytes_max", "requests_per_minute", "subjects_per_day", "log_index"}
TRUTHS = {"live", "break_glass", "only_trusted_documents"}
WHOLE = {
    "partner": {"partner"},
    "partner_key": {"partner"},
    "revoked_token": {"partner"},
    "source": {"source", "owner"},
    "stream": {"source"},
    "policy_version": {"policy"},
    "access_grant": {"right"},
    "consent": {"right"},
}


async def stored(engine) -> dict[str, int]:
    async with reading(engine) as reader:
        return {row.name: row.version for row in await reader.rows(text("SELECT name, version FROM epoch"))}


async def raised(engine, *statements: str) -> set[str]:
    """Run plain SQL, as a hand at the database would, and tell which epochs it raised."""
    before = await stored(engine)
    async with writing(engine) as writer:
        for statement in statements:
            await writer.write(text(statement))
    after = await stored(engine)
    assert before.keys() == after.keys()
    return {name for name in after if after[name] > before[name]}


@pytest.fixture
async def filled(store):
    async with writing(store) as writer:
        for name, row in ROWS.items():
            await writer.write(insert(table_of(MODELS[name])), [row])
    return store


class TestTable:
    async def test_a_migrated_store_has_every_epoch(self, store):
        assert {"policy", "partner", "source", "owner", "right"} == set(await stored(store))

    def test_every_column_of_a_watched_table_is_promised_one_way_or_the_other(self):
        """Whoever adds a column must say whether answers depend on it."""
        columns = {(name, column.name) for name, model in MODELS.items() for column in table_of(model).columns}

        assert columns == set(RAISED)


class TestRaised:
    @pytest.mark.parametrize(("table", "column"), sorted(RAISED))
    async def test_setting_a_column_raises_exactly_the_epochs_that_depend_on_it(self, filled, table, column):
        numeric = isinstance(ROWS[table][column], (int, bool)) or column in NUMERIC
        value = "'changed'" if not numeric else "true" if column in TRUTHS else "77"

        assert RAISED[table, column] == await raised(filled, f'UPDATE {table} SET "{column}" = {value}')  # noqa: S608

    @pytest.mark.parametrize("table", sorted(ROWS))
    async def test_setting_what_is_already_there_raises_nothing(self, filled, table):
        """A hub that starts writes its sources down again: that alone must not send any answer back."""
        columns = ", ".join(f'"{column}" = "{column}"' for column in ROWS[table])

        assert set() == await raised(filled, f"UPDATE {table} SET {columns}")  # noqa: S608

    @pytest.mark.parametrize("table", sorted(ROWS))
    async def test_touching_no_row_raises_nothing(self, filled, table):
        assert set() == await raised(filled, f"DELETE FROM {table} WHERE 1 = 0")  # noqa: S608

    @pytest.mark.parametrize("table", sorted(ROWS))
    async def test_a_row_that_comes_or_goes_raises(self, filled, table):
        gone = await raised(filled, f"DELETE FROM {table}")  # noqa: S608
        before = await stored(filled)
        async with writing(filled) as writer:
            await writer.write(insert(table_of(MODELS[table])), [ROWS[table]])
        after = await stored(filled)

        assert WHOLE[table] == gone
        assert WHOLE[table] == {name for name in after if after[name] > before[name]}

    @pytest.mark.postgres
    @pytest.mark.parametrize("table", sorted(ROWS))
    async def test_emptying_a_table_raises(self, postgres_url, table):
        engine = open_engine(postgres_url)
        found = await raised(engine, f"TRUNCATE {table}")
        await engine.dispose()

        assert WHOLE[table] == found

    async def test_a_value_that_becomes_null_raises(self, filled):
        await raised(filled, "UPDATE source SET last_error = 'SRC_TIMEOUT', owner_code = '91510100MA00000010'")

        assert {"source"} == await raised(filled, "UPDATE source SET last_error = NULL")
        assert {"source", "owner"} == await raised(filled, "UPDATE source SET owner_code = NULL")

    async def test_a_change_that_is_taken_back_raises_nothing(self, filled):
        before = await stored(filled)

        async def think_better_of_it():
            async with writing(filled) as writer:
                await writer.write(text("UPDATE partner SET state = 'suspended'"))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await think_better_of_it()

        assert before == await stored(filled)

    async def test_what_a_batch_notes_of_its_stream_raises_nothing(self, filled):
        """A harvest commits many batches; none of them may hold the epoch's row or send an answer back."""
        noted = (
            "UPDATE stream SET kind = 'Penalty', cursor = 'c2', last_batch_id = 'B2', last_error = NULL,"
            " last_read_at = '2026-01-02T00:00:00.000000Z', rows_received = 500, rows_accepted = 499"
        )

        assert set() == await raised(filled, noted)


class TestWaiting:
    @pytest.mark.postgres
    @pytest.mark.parametrize(
        "meanwhile",
        [
            "UPDATE source SET last_error = 'SRC_TIMEOUT'",
            "UPDATE partner SET state = 'suspended'",
            "UPDATE stream SET last_error = 'SRC_REFUSED' WHERE name = 'contracts'",
        ],
    )
    async def test_a_batch_that_takes_long_keeps_nobody_waiting(self, postgres_url, meanwhile):
        """An epoch's row is held until its raiser commits; a batch of a harvest raises none."""
        engine = open_engine(postgres_url)
        async with writing(engine) as writer:
            for name, row in ROWS.items():
                await writer.write(insert(table_of(MODELS[name])), [row])
            await writer.write(insert(table_of(tables.Stream)), [{**STREAM, "name": "contracts"}])
        async with writing(engine) as harvest:
            await harvest.write(text("UPDATE stream SET cursor = 'c2', rows_received = 9 WHERE name = 'penalties'"))
            async with writing(engine) as other:
                await other.write(text("SET LOCAL lock_timeout = '5s'"))
                changed = await other.write(text(meanwhile))
        await engine.dispose()

        assert 1 == changed


class TestTag:
    async def test_is_read_once_and_then_remembered(self, filled):
        epochs = Epochs(filled)
        first = await epochs.tag("partner")
        await raised(filled, "UPDATE partner SET state = 'suspended'")

        assert first == await epochs.tag("partner") == epochs.known["partner"]

    async def test_an_epoch_the_store_does_not_have_is_refused(self, filled):
        """Without it nobody could tell that something in memory has changed."""
        async with writing(filled) as writer:
            await writer.write(text("DELETE FROM epoch WHERE name = 'owner'"))

        with pytest.raises(EpochMissingError, match="hub migrate"):
            await Epochs(filled).tag("owner")


class TestConfirm:
    async def test_what_still_stands_is_confirmed(self, filled):
        epochs = Epochs(filled)

        assert await epochs.confirm({"partner": await epochs.tag("partner"), "policy": await epochs.tag("policy")})
        assert await epochs.confirm({})

    async def test_another_process_change_is_seen_and_noted(self, filled, store_url):
        epochs = Epochs(filled)
        read = {"partner": await epochs.tag("partner"), "policy": await epochs.tag("policy")}
        elsewhere = open_engine(store_url)
        await raised(elsewhere, "UPDATE partner SET state = 'suspended'")
        await elsewhere.dispose()

        assert not await epochs.confirm(read)
        assert read["partner"] < epochs.known["partner"]
        assert read["policy"] == epochs.known["policy"]

    async def test_a_name_nobody_has_is_not_confirmed(self, filled):
        assert not await Epochs(filled).confirm({"rumour": 1})

    async def test_a_change_under_way_is_not_yet_seen(self, filled):
        """Whoever reads beside an open transaction reads the old state, and may say so until it is committed."""
        epochs = Epochs(filled)
        read = {"partner": await epochs.tag("partner")}
        async with writing(filled) as writer:
            await writer.write(text("UPDATE partner SET state = 'suspended'"))
            beside = await epochs.confirm(read)

        assert beside
        assert not await epochs.confirm(read)


class TestNote:
    async def test_a_snapshot_taken_before_does_not_change(self, filled):
        epochs = Epochs(filled)
        await epochs.refresh()
        held = epochs.known
        epochs.note({"partner": held["partner"] + 1})

        assert held["partner"] + 1 == epochs.known["partner"]
        assert held["policy"] == epochs.known["policy"]
        assert held is not epochs.known

    async def test_what_is_known_already_keeps_the_snapshot(self, filled):
        epochs = Epochs(filled)
        await epochs.refresh()
        held = epochs.known
        await epochs.refresh()

        assert held is epochs.known

    @pytest.mark.parametrize("told", ["by a commit", "by a look"])
    async def test_an_epoch_that_is_gone_is_not_believed_any_more(self, filled, told):
        """No trigger would raise it, and a commit would compare nothing with nothing."""
        epochs = Epochs(filled)
        await epochs.refresh()
        async with writing(filled) as writer:
            await writer.write(text("DELETE FROM epoch WHERE name = 'owner'"))
        if told == "by a commit":
            epochs.note({"owner": 0})
        else:
            await epochs.refresh()

        assert "owner" not in epochs.known
        assert not await epochs.confirm({"owner": 0})
        with pytest.raises(EpochMissingError):
            await epochs.tag("owner")

    async def test_a_store_that_was_put_back_is_believed(self, filled):
        """Else nothing would leave any more until the hub is started again."""
        epochs = Epochs(filled)
        await epochs.refresh()
        epochs.note({"partner": 99})
        await epochs.refresh()

        assert 99 > epochs.known["partner"]
