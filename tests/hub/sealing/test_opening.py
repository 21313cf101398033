"""A sealed field is opened for whom it was granted, when it was asked for, and where it was sealed; never else."""

import msgspec
import pytest

from schema.policy.model import ActorKind
from tests.hub.ingest.world import NOW, code_of, penalty, registration
from tests.hub.sealing.world import (
    ACCOUNT,
    AMOUNT,
    CONTRACT,
    GROUP,
    GROUP_CODE,
    OTHER,
    OWN,
    PASSPORT,
    PUBLIC,
    QUESTION,
    SECRETS,
    arrears,
    nodes,
    owner,
    performance,
)
from tests.support.people import standing

MARKET = (("market", "sc"),)
SELECTED = "UPDATE record SET sealed = :sealed WHERE kind = :kind AND record_key = :key"


async def sealed_of(world, kind: str, table: str = "record") -> list:
    sql = f"SELECT subject_code, record_key, version, sealed FROM {table} WHERE kind = :kind ORDER BY record_key"  # noqa: S608
    return await world.rows(sql, kind=kind)


async def put(world, kind: str, key: str, sealed: bytes | None) -> None:
    await world.write(SELECTED, sealed=sealed, kind=kind, key=key)


def parts_of(sealed) -> dict[str, dict[str, bytes]]:
    return msgspec.msgpack.decode(bytes(sealed))


def changed(sealed, tier: str, name: str, envelope: bytes) -> bytes:
    parts = parts_of(sealed)
    parts[tier][name] = envelope
    return msgspec.msgpack.encode(parts)


class TestAtRest:
    async def test_no_value_of_tier_a_or_r_stands_anywhere_in_the_store(self, world):
        """Whoever has the store alone reads none of them: not in bodies, versions, columns, answers, quarantine."""
        await world.take("Performance", performance(1, CONTRACT, evaluated_on="2026-13-01"), batch_id="bad")
        stored = await world.everything()

        assert [] == [secret for secret in SECRETS if secret.encode() in stored]
        assert b"2026-07-01" not in stored

    async def test_what_is_not_of_these_tiers_is_stored_as_before(self, world):
        for kind, count in {"Penalty": 2, "Registration": 1}.items():
            rows = await world.rows("SELECT sealed FROM record WHERE kind = :kind AND sealed IS NULL", kind=kind)
            assert count == len(rows)

    async def test_head_and_version_are_sealed_apart(self, world):
        heads, versions = [await sealed_of(world, "Performance", table) for table in ("record", "record_version")]

        assert len(heads) == len(versions) == 2
        assert {bytes(row.sealed) for row in heads}.isdisjoint(bytes(row.sealed) for row in versions)

    async def test_each_field_is_sealed_under_its_own_tier(self, world):
        (registration_row,) = [row for row in await sealed_of(world, "Registration") if row.sealed]
        (arrears_row,) = await sealed_of(world, "Arrears")

        assert {"R": ["legal_representative_id_no", "legal_representative_id_type"]} == {
            tier: sorted(part) for tier, part in parts_of(registration_row.sealed).items()
        }
        assert {"R": ["account_no"]} == {tier: sorted(part) for tier, part in parts_of(arrears_row.sealed).items()}
        assert {"A"} == {tier for row in await sealed_of(world, "Performance") for tier in parts_of(row.sealed)}

    async def test_no_two_envelopes_share_a_nonce(self, world):
        found = [
            (row.subject_code, tier, envelope[10:22])
            for table in ("record", "record_version")
            for kind in ("Performance", "Registration", "Arrears")
            for row in await sealed_of(world, kind, table)
            if row.sealed
            for tier, part in parts_of(row.sealed).items()
            for envelope in part.values()
        ]

        assert len(found) == len(set(found)) > 50

    async def test_uses_are_counted_in_the_transaction_that_seals(self, world):
        (row,) = await world.rows("SELECT uses FROM subject_key WHERE subject_code = :c AND tier = 'A'", c=code_of(1))
        sealed = [part for table in ("record", "record_version") for row in await sealed_of(world, "Performance", table)
                  for part in parts_of(row.sealed)["A"]]  # fmt: skip

        assert len(sealed) == row.uses

    async def test_a_record_with_a_disclosure_of_its_own_is_sealed_whole(self, empty):
        await empty.take("Registration", registration(1))
        await empty.take("Penalty", penalty(1), extra={"disclosure": "授权查询"})
        (row,) = await sealed_of(empty, "Penalty")

        assert {"document_no", "facts", "decided_on", "authority_code"} <= set(parts_of(row.sealed)["A"])
        (stored,) = await empty.rows("SELECT body, decided_on FROM record WHERE kind = 'Penalty'")
        assert ({}, None) == (msgspec.msgpack.decode(bytes(stored.body)), stored.decided_on)

    async def test_digests_of_what_is_sealed_are_keyed_by_the_subject(self, world):
        rows = await world.rows("SELECT digest, sealed FROM record UNION ALL SELECT digest, sealed FROM record_version")

        assert {("hmac-sm3", True), ("sm3", False)} == {
            (row.digest.partition(":")[0], row.sealed is not None) for row in rows
        }

    async def test_the_same_content_of_two_subjects_has_two_digests(self, empty):
        for number in (1, 2):
            await empty.take("Registration", owner(number), batch_id=str(number))
        digests = [row.digest for row in await empty.rows("SELECT digest FROM record")]

        assert 2 == len(set(digests))

    async def test_what_is_sent_again_is_known_by_its_keyed_digest(self, world):
        answer = await world.another().take("Performance", performance(1), batch_id="again")

        assert (1, 1) == (answer.accepted, answer.unchanged)
        assert 2 == len(await sealed_of(world, "Performance", "record_version"))

    async def test_a_withdrawal_at_fault_carries_what_is_sealed_over_to_the_new_version(self, world):
        answer = await world.take(
            "Performance", performance(1, rating=None, contract_amount="x"), batch_id="gone", op="D", as_of=NOW
        )
        data = await world.ask(OWN)

        assert 1 == answer.accepted
        assert {"HT-2026-0816", CONTRACT} == {row["contractNo"] for row in nodes(data, "Performance")}


class TestGranted:
    async def test_the_subject_reads_its_own_values(self, world):
        data = await world.ask(OWN)

        assert {(CONTRACT, AMOUNT, True), ("HT-2026-0816", "7.000000", True)} == {
            (row["contractNo"], row["contractAmount"], row["breached"]) for row in nodes(data, "Performance")
        }
        assert [ACCOUNT] == [row["accountNo"] for row in nodes(data, "Arrears")]

    async def test_a_masked_field_is_shown_under_its_mask(self, world):
        (row,) = nodes(await world.ask(OWN), "Registration")

        assert "*" * len(PASSPORT) == row["legalRepresentativeIdNo"]

    async def test_the_source_reads_what_it_sent(self, world):
        source = standing(ActorKind.GC, purpose="MARKET_TRADE", context=MARKET, organisation=GROUP_CODE)
        stranger = standing(ActorKind.GC, purpose="MARKET_TRADE", context=MARKET, organisation=code_of(78))

        assert {CONTRACT, "HT-2026-0816"} == {
            row["contractNo"] for row in nodes(await world.ask(source), "Performance")
        }
        assert [] == nodes(await world.another().ask(stranger), "Performance")

    async def test_only_what_is_asked_for_is_opened(self, world):
        await world.ask(
            OWN, "query($c: ID!) { subject(code: $c) { records { nodes { ... on Arrears { accountNo } } } } }"
        )

        # The account, and the days of two contracts, by which the list is ordered.
        assert 3 == world.tally["opened"]

    async def test_a_filter_reads_what_is_sealed_as_the_asker_may(self, world):
        where = 'where: {fields: [{field: PERFORMANCE_CONTRACT_NO, equals: "%s"}]}'
        question = "query($c: ID!) {{ subject(code: $c) {{ records({}) {{ totalCount nodes {{ id }} }} }} }}"
        counts = [
            (await world.ask(OWN, question.format(where % number)))["subject"]["records"]["totalCount"]
            for number in (CONTRACT, "HT-0")
        ]

        assert [1, 0] == counts

    async def test_lists_are_ordered_by_what_is_sealed(self, world):
        await world.take("Performance", performance(1, "HT-NEW", evaluated_on="2026-09-09"), batch_id="new")
        order = "orderBy: {field: PERFORMANCE_EVALUATED_ON, direction: DESC}, kinds: [PERFORMANCE]"
        question = f"query($c: ID!) {{ subject(code: $c) {{ records({order}) {{ nodes {{ day }} }} }} }}"
        data = await world.ask(OWN, question)

        assert ["2026-09-09", "2026-07-01", "2026-07-01"] == [row["day"] for row in data["subject"]["records"]["nodes"]]

    async def test_a_name_that_only_a_sealed_record_tells_is_told_to_whom_it_is_granted(self, empty):
        await empty.take("Performance", performance(3))
        question = "query($c: ID!) { subject(code: $c) { code name } }"

        assert (
            performance(3)["counterparty_name"]
            == (
                await empty.ask(
                    standing(ActorKind.SU, purpose="SELF_QUERY", organisation=code_of(3)), question, code=code_of(3)
                )
            )["subject"]["name"]
        )
        assert {"subject": None} == await empty.ask(OTHER, question, code=code_of(3))
        assert 1 == empty.tally["opened"]

    async def test_what_was_opened_is_kept_for_the_same_question(self, world):
        first = await world.ask(OWN)
        opened = world.tally["opened"]
        again = await world.ask(OWN, forget=False)

        assert first == again
        # The plan is compiled anew by this test, so it is another question to the memory; the key is not asked for.
        assert opened < world.tally["opened"] <= 2 * opened
        assert 2 == world.tally["key_opened"]


class TestDenied:
    @pytest.mark.parametrize("who", [PUBLIC, GROUP, OTHER], ids=["public", "group", "another subject"])
    async def test_who_is_granted_nothing_makes_nobody_open_anything(self, world, who):
        """Neither a field nor a key is opened for who may see none: counted, not believed."""
        await world.ask(who)
        await world.ask(who, QUESTION.replace("contractAmount", "contractAmount settledAmount remark"))

        assert {"opened": 0, "shredded": 0, "refused": 0, "key_opened": 0, "key_refused": 0} == world.tally

    async def test_a_dossier_is_loaded_without_opening_anything(self, world):
        await world.fetcher().fetch([code_of(1)], frozenset({"Performance", "Registration", "Arrears"}), {})

        assert 0 == sum(world.tally.values())

    async def test_asked_by_no_unsealer_nothing_is_shown(self, world):
        world.fetcher().unsealer = None
        data = await world.ask(OWN)

        assert {None} == {row["contractNo"] for row in nodes(data, "Performance")}


class TestEnemies:
    """
    Whoever can write the store moves and changes what is sealed. Each time: no value, no error, a line and a count.
    """

    async def check(self, world, kind: str, name: str, refused: int = 1, others: int = 1) -> None:
        seen = world.another()
        data = await seen.ask(OWN)
        values = [row[name] for row in nodes(data, kind)]

        assert refused == values.count(None)
        assert others == len(values) - values.count(None)
        assert refused <= seen.tally["refused"] + seen.tally["key_refused"]
        lines = [
            line for line in seen.lines.entries if line["event"] in {"sealed_field_refused", "subject_key_refused"}
        ]
        assert lines
        assert [] == [secret for secret in SECRETS if secret in str(lines)]

    async def test_columns_swapped_between_rows(self, world):
        one, other = await sealed_of(world, "Performance")
        await put(world, "Performance", one.record_key, bytes(other.sealed))
        await put(world, "Performance", other.record_key, bytes(one.sealed))

        await self.check(world, "Performance", "contractNo", refused=2, others=0)

    async def test_one_envelope_put_into_another_row(self, world):
        one, other = await sealed_of(world, "Performance")
        moved = changed(one.sealed, "A", "contract_no", parts_of(other.sealed)["A"]["contract_no"])
        await put(world, "Performance", one.record_key, moved)

        await self.check(world, "Performance", "contractNo")

    async def test_fields_swapped_within_a_row(self, world):
        one, _ = await sealed_of(world, "Performance")
        moved = changed(one.sealed, "A", "contract_no", parts_of(one.sealed)["A"]["project_name"])
        await put(world, "Performance", one.record_key, moved)

        await self.check(world, "Performance", "contractNo")

    async def test_a_column_from_the_table_of_versions(self, world):
        heads, versions = [await sealed_of(world, "Arrears", table) for table in ("record", "record_version")]
        await put(world, "Arrears", heads[0].record_key, bytes(versions[0].sealed))

        await self.check(world, "Arrears", "accountNo", others=0)

    async def test_a_column_of_another_subject(self, world):
        await world.take("Arrears", arrears(2), batch_id="other")
        mine, other = sorted(await sealed_of(world, "Arrears"), key=lambda row: row.subject_code != code_of(1))
        await world.write(
            "UPDATE record SET sealed = :s WHERE kind = 'Arrears' AND subject_code = :c",
            s=bytes(other.sealed),
            c=code_of(1),
        )

        assert mine.subject_code == code_of(1)
        await self.check(world, "Arrears", "accountNo", others=0)

    async def test_an_older_version_put_back(self, world):
        (before,) = await sealed_of(world, "Arrears")
        await world.take("Arrears", arrears(1, amount_due="11.000000"), batch_id="new", as_of=NOW)
        await put(world, "Arrears", before.record_key, bytes(before.sealed))

        await self.check(world, "Arrears", "accountNo", others=0)

    async def test_an_envelope_under_the_name_of_another_tier(self, world):
        (row,) = await sealed_of(world, "Arrears")
        moved = msgspec.msgpack.encode({"A": parts_of(row.sealed)["R"]})
        await put(world, "Arrears", row.record_key, moved)

        await self.check(world, "Arrears", "accountNo", others=0)

    @pytest.mark.parametrize(
        "change",
        [
            lambda envelope: envelope[:-1],
            lambda envelope: envelope[:30],
            lambda envelope: b"",
            lambda envelope: envelope + b"\0",
            lambda envelope: bytes([2]) + envelope[1:],
            lambda envelope: envelope[:1] + bytes([2]) + envelope[2:],
            lambda envelope: envelope[:1] + bytes([9]) + envelope[2:],
            lambda envelope: envelope[:2] + (2).to_bytes(8, "big") + envelope[10:],
            lambda envelope: envelope[:10] + bytes(12) + envelope[22:],
            lambda envelope: envelope[:25] + bytes([envelope[25] ^ 1]) + envelope[26:],
            lambda envelope: envelope[:-1] + bytes([envelope[-1] ^ 1]),
        ],
        ids=[
            "a byte short", "cut", "empty", "longer", "another format", "another suite", "an unknown suite",
            "a generation that has not been", "another nonce", "a bit of the text", "a bit of the tag",
        ],
    )  # fmt: skip
    async def test_changed(self, world, change):
        one, _ = await sealed_of(world, "Performance")
        moved = changed(one.sealed, "A", "contract_no", change(parts_of(one.sealed)["A"]["contract_no"]))
        await put(world, "Performance", one.record_key, moved)

        await self.check(world, "Performance", "contractNo")

    @pytest.mark.parametrize("column", [b"", b"\x01", b"\xc1", b"\x81\xa1X\x80", b"\x81\xa1A\x81\xa1x\xc0"])
    async def test_a_column_that_is_none(self, world, column):
        one, _ = await sealed_of(world, "Performance")
        await put(world, "Performance", one.record_key, column or b"\x00")

        await self.check(world, "Performance", "contractNo")

    async def test_keys_swapped_between_subjects(self, world):
        await world.take("Arrears", arrears(2), batch_id="other")
        rows = await world.rows("SELECT subject_code, wrapped FROM subject_key WHERE tier = 'R'")
        wrapped = {row.subject_code: bytes(row.wrapped) for row in rows}
        await world.write(
            "UPDATE subject_key SET wrapped = :w WHERE tier = 'R' AND subject_code = :c",
            w=wrapped[code_of(2)],
            c=code_of(1),
        )

        await self.check(world, "Arrears", "accountNo", others=0)

    async def test_keys_swapped_between_tiers(self, world):
        rows = await world.rows("SELECT tier, wrapped, key_id FROM subject_key WHERE subject_code = :c", c=code_of(1))
        other = next(row for row in rows if row.tier == "A")
        await world.write(
            "UPDATE subject_key SET wrapped = :w, key_id = :k WHERE tier = 'R' AND subject_code = :c",
            w=bytes(other.wrapped), k=other.key_id, c=code_of(1),
        )  # fmt: skip

        await self.check(world, "Arrears", "accountNo", others=0)

    async def test_a_generation_of_the_key_that_is_not_its_own(self, world):
        await world.write("UPDATE subject_key SET generation = 2 WHERE subject_code = :c", c=code_of(1))

        await self.check(world, "Arrears", "accountNo", others=0)

    async def test_a_key_of_a_tier_that_nobody_knows(self, world):
        await world.write("UPDATE subject_key SET key_id = '0011223344556677' WHERE subject_code = :c", c=code_of(1))

        await self.check(world, "Arrears", "accountNo", others=0)

    async def test_one_damaged_field_leaves_the_rest_of_the_dossier(self, world):
        (row,) = await sealed_of(world, "Arrears")
        await put(world, "Arrears", row.record_key, b"\x00")
        data = await world.ask(OWN)

        assert 5 == data["subject"]["records"]["totalCount"]
        assert "10.000000" == nodes(data, "Arrears")[0]["amountDue"]
        assert {CONTRACT, "HT-2026-0816"} == {row["contractNo"] for row in nodes(data, "Performance")}
