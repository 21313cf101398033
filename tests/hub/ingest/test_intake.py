"""What becomes of a batch: accepted, refused, repeated, corrected, withdrawn."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.port import Place
from hub.ingest.intake import StreamMovedError
from hub.store import tables
from hub.store.dossiers import Dossiers
from schema.records import PublicityState, Severity, SeverityBasis
from schema.tiers import Tier
from tests.hub.ingest.world import (
    AUTHORITY,
    NOW,
    batch,
    code_of,
    count_of,
    list_entry,
    name_of,
    penalty,
    registration,
    row,
    rows_of,
)
from tests.support.sealing import opened_row

KINDS = frozenset({"Penalty", "Registration", "ListEntry"})


class TestAccepted:
    async def test_a_good_row_becomes_a_record_with_everything_that_judging_it_needs(self, store, take):
        taken = await take(batch([row(penalty())]))
        dossier = (await Dossiers(store).read([code_of(1)], KINDS))[code_of(1)]

        assert (1, 1, 0) == (taken.answer.received, taken.answer.accepted, taken.answer.rejected)
        assert ("R-2",) == taken.answer.accepted_row_ids
        (record,) = dossier.records
        assert "川能罚〔2026〕1号" == record.body.document_no
        assert PublicityState.PUBLISHED == record.state
        assert (Severity.GENERAL, SeverityBasis.ASSUMED) == (record.severity, record.severity_basis)
        assert ("2026-11-18", "2027-11-18") == (record.publicity_from, record.publicity_to)
        assert (AUTHORITY, AUTHORITY, "510000") == (record.owner, record.authority, record.region)
        assert ("uscc", 1.0) == (record.link_method, record.link_confidence)
        assert ("cn-51", "B-1", 1) == (record.provenance.source, record.provenance.batch, record.provenance.version)
        assert "2026-11-19T04:00:00.000000Z" == record.provenance.as_of
        assert record.provenance.digest.startswith("sm3:")

    async def test_a_record_about_an_unknown_code_makes_its_subject_under_the_name_as_sent(self, store, take):
        await take(batch([row(penalty())]))
        subject = await Dossiers(store).find(code_of(1))

        assert (name_of(1), None, "510100", 1) == (subject.name, subject.status, subject.region, subject.version)
        assert code_of(1)[8:17] == subject.organisation_code

    async def test_the_good_rest_of_a_batch_is_accepted(self, store, take):
        taken = await take(batch([row(penalty(1), 2), row(penalty(2, fine_amount=None), 3), row(penalty(3), 4)]))

        assert (3, 2, 1) == (taken.answer.received, taken.answer.accepted, taken.answer.rejected)
        assert ("R-2", "R-4") == taken.answer.accepted_row_ids
        assert 2 == await count_of(store, tables.Record)

    async def test_a_row_with_a_warning_is_accepted_and_kept_whole_beside(self, store, take, sealing):
        taken = await take(batch([row(penalty(decided_on="2026-01-05"))]))

        (ticket,) = [t for t in await rows_of(store, tables.Quarantine) if t["code"] == "DG14"]
        assert 1 == taken.answer.accepted
        assert "W" == ticket["severity"]
        assert penalty(decided_on="2026-01-05") == (await opened_row(store, sealing, ticket, code_of(1)))["values"]

    async def test_the_stream_moves_with_the_rows(self, store, take):
        await take(batch([row(penalty())], cursor="2026-11-20|R-2"))

        (stream,) = await rows_of(store, tables.Stream)
        assert ("2026-11-20|R-2", "B-1", 1, 1) == tuple(
            stream[name] for name in ("cursor", "last_batch_id", "rows_received", "rows_accepted")
        )

    async def test_an_empty_batch_moves_the_stream_and_is_answered(self, store, take):
        taken = await take(batch([], cursor="end"))

        (stream,) = await rows_of(store, tables.Stream)
        assert (0, 0) == (taken.answer.received, taken.answer.rejected)
        assert "end" == stream["cursor"]

    async def test_the_disclosure_a_record_carries_becomes_its_tier(self, store, take):
        await take(batch([row(penalty(), extra={"disclosure": "政务共享"})]))

        (record,) = await rows_of(store, tables.Record)
        assert Tier.G == record["tier"]


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"counterparty_code": "91510100MA000001"}, "ID01"),
            ({"counterparty_code": code_of(1)[:17] + ("0" if code_of(1)[17] != "0" else "1")}, "ID02"),
            ({"counterparty_code": None}, "DG01"),
            ({"document_no": "无"}, "DG01"),
            ({"violation_type": "长" * 2001}, "DG02"),
            ({"penalty_kinds": "打手心"}, "DG03"),
            ({"decided_on": "2026/11/18"}, "DG04"),
            ({"decided_on": "2027-01-01"}, "DG05"),
            ({"fine_amount": "0"}, "DG08"),
            ({"penalty_kinds": "吊销许可证件", "fine_amount": None}, "DG09"),
            ({"counterparty_kind": "个体工商户"}, "DG10"),
            ({"facts": "联系人身份证号11010519491231002X"}, "DG15"),
            ({"counterparty_kind": "自然人"}, "DG15"),
        ],
    )
    async def test_a_row_at_fault_is_kept_out_with_its_rule_place_and_column(self, store, take, changes, code):
        taken = await take(batch([row(penalty(**changes), 7)]))
        tickets = await rows_of(store, tables.Quarantine)

        assert (0, 1) == (taken.answer.accepted, taken.answer.rejected)
        assert 0 == await count_of(store, tables.Record)
        assert code in {found.code for found in taken.answer.findings}
        ticket = next(each for each in tickets if each["code"] == code)
        assert {"part": "data.csv", "row": 7, "path": None} == json.loads(ticket["place"])
        assert ("open", "R-7", "E") == (ticket["state"], ticket["row_id"], ticket["severity"])
        assert "2026-11-27" == ticket["due_on"]
        assert ticket["message_zh"]
        assert ticket["message_en"]

    async def test_the_owner_reads_its_own_column_name(self, take):
        taken = await take(batch([row(penalty(counterparty_code="no code"))]))

        assert "CF_XDR_SHXYM" in {found.column for found in taken.answer.findings}

    async def test_a_row_the_connector_could_not_read_is_kept_and_counted(self, store, take):
        taken = await take(batch([row({}, 3, fault="RW01"), row(penalty(), 4)]))

        assert (2, 1, 1) == (taken.answer.received, taken.answer.accepted, taken.answer.rejected)
        assert ["RW01"] == [ticket["code"] for ticket in await rows_of(store, tables.Quarantine)]

    async def test_the_same_record_twice_in_one_batch_is_taken_once(self, store, take):
        taken = await take(batch([row(penalty(), 2), row(penalty(), 3)]))

        assert (1, 1) == (taken.answer.accepted, taken.answer.rejected)
        assert "DG13" in {found.code for found in taken.answer.findings}
        assert 1 == await count_of(store, tables.RecordVersion)

    async def test_one_document_against_two_subjects_passes_with_a_warning(self, store, take):
        taken = await take(batch([row(penalty(1), 2), row(penalty(2), 3)]))

        assert 2 == taken.answer.accepted
        assert ["DG12", "DG12"] == [found.code for found in taken.answer.findings if found.code == "DG12"]

    async def test_a_citizen_number_is_not_even_kept_in_quarantine(self, store, take):
        await take(batch([row(penalty(facts="身份证11010519491231002X，罚款"))]))

        for ticket in await rows_of(store, tables.Quarantine):
            assert b"19491231" not in ticket["row"]

    async def test_a_batch_whose_digest_is_wrong_is_refused_whole_and_the_stream_goes_on(self, store, take):
        taken = await take(batch([row(penalty(1)), row(penalty(2))], fault="DG17"))

        (stream,) = await rows_of(store, tables.Stream)
        assert ("DG17", 2, 0, 2) == (
            taken.answer.fault,
            taken.answer.received,
            taken.answer.accepted,
            taken.answer.rejected,
        )
        assert 0 == await count_of(store, tables.Record)
        assert 0 == await count_of(store, tables.Subject)
        assert ["DG17"] == [ticket["code"] for ticket in await rows_of(store, tables.Quarantine)]
        assert "B-1" == stream["cursor"]

    async def test_a_refused_batch_without_rows_still_has_a_ticket(self, store, take):
        """A package that could not be opened has no rows, and its owner must hear of it all the same."""
        taken = await take(batch([], fault="DG17"))

        assert ["DG17"] == [ticket["code"] for ticket in await rows_of(store, tables.Quarantine)]
        assert ["DG17"] == [found.code for found in taken.answer.findings]


class TestHostile:
    @pytest.mark.parametrize("poison", ["\x00", "\ud800", "\ufffe", "'; DROP TABLE record; --", "%s {x} :y ?"])
    @pytest.mark.parametrize("column", ["counterparty_name", "facts", "document_no", "remark", "authority_name"])
    async def test_no_text_of_a_source_breaks_its_batch(self, store, take, column, poison):
        """PostgreSQL takes neither NUL nor a lone surrogate; the good rest of the batch must not suffer for it."""
        bad = penalty(1)
        bad[column] = f"{bad.get(column) or ''}{poison}文"
        taken = await take(batch([row(bad, 2), row(penalty(2), 3)]))

        assert "R-3" in taken.answer.accepted_row_ids
        assert {code_of(2)} <= {each["subject_code"] for each in await rows_of(store, tables.Record)}

    @pytest.mark.parametrize("poison", ["\x00", "\ud800"])
    async def test_nor_do_its_names_for_rows_and_places(self, store, take, poison):
        faulty = row(penalty(fine_amount=None), extra={"withdrawal_reason": poison, "unheard of": poison})
        faulty = replace(faulty, row_id=f"R{poison}", place=Place(part=f"data{poison}.csv", row=2, path=f"$.{poison}"))
        taken = await take(batch([faulty, row(penalty(2), 3)]))

        assert (2, 1) == (taken.answer.received, taken.answer.accepted)

    async def test_a_row_of_nothing_and_a_row_of_strangers_are_refused(self, take):
        taken = await take(batch([row({}), row({"nonsense": "x" * 10_000}, 3)]))

        assert 2 == taken.answer.rejected

    async def test_a_very_long_name_is_refused_or_kept_but_breaks_nothing(self, store, take):
        taken = await take(batch([row(penalty(counterparty_name="长" * 100_000)), row(penalty(2), 3)]))

        assert "R-3" in taken.answer.accepted_row_ids


class TestRepeated:
    async def test_the_same_batch_again_is_answered_the_same_and_writes_nothing(self, store, take):
        rows = [row(penalty(1), 2), row(penalty(2, fine_amount=None), 3)]
        first = await take(batch(rows))
        before = [await rows_of(store, model) for model in (tables.RecordVersion, tables.Quarantine, tables.Subject)]
        again = await take(batch(rows), now=NOW + timedelta(hours=1))
        after = [await rows_of(store, model) for model in (tables.RecordVersion, tables.Quarantine, tables.Subject)]

        assert (False, True) == (first.repeated, again.repeated)
        assert first.answer == again.answer
        assert before == after

    async def test_a_repeated_batch_with_other_content_is_not_looked_into(self, store, take):
        await take(batch([row(penalty(1))]))
        again = await take(batch([row(penalty(9))]))

        assert again.repeated
        assert 1 == await count_of(store, tables.Record)

    async def test_the_same_content_in_a_new_batch_is_unchanged(self, store, take):
        await take(batch([row(penalty())]))
        again = await take(batch([row(penalty())], "B-2"))
        (subject,) = await rows_of(store, tables.Subject)

        assert (1, 1) == (again.answer.accepted, again.answer.unchanged)
        assert 1 == await count_of(store, tables.RecordVersion)
        assert 1 == subject["version"]

    async def test_the_form_of_brackets_and_spaces_makes_no_new_record(self, store, take):
        await take(batch([row(penalty(document="川能罚〔2026〕1号"))]))
        await take(batch([row(penalty(document="川能罚[2026] 1 号"))], "B-2"))

        assert 1 == await count_of(store, tables.Record)

    async def test_a_stream_that_someone_else_moved_is_not_written(self, store, take):
        await take(batch([row(penalty(1))], "B-1"))

        with pytest.raises(StreamMovedError):
            await take(batch([row(penalty(2))], "B-2"), after="somewhere else")
        assert 1 == await count_of(store, tables.Record)


class TestCorrected:
    async def test_new_content_is_a_new_version_and_the_old_one_stays(self, store, take):
        await take(batch([row(penalty())]))
        later = NOW - timedelta(hours=1)
        await take(batch([row(penalty(fine_amount="6.000000"), as_of=later)], "B-2"))
        versions = await rows_of(store, tables.RecordVersion)
        (head,) = await rows_of(store, tables.Record)
        (subject,) = await rows_of(store, tables.Subject)

        assert [1, 2] == [version["version"] for version in versions]
        assert versions[0]["digest"] != versions[1]["digest"]
        assert (2, versions[1]["digest"]) == (head["version"], head["digest"])
        assert 2 == subject["version"]

    async def test_a_late_correction_is_kept_but_does_not_overwrite_a_newer_head(self, store, take):
        await take(batch([row(penalty(fine_amount="6.000000"), as_of=NOW)]))
        taken = await take(batch([row(penalty(), as_of=NOW - timedelta(days=3))], "B-2"))
        dossier = (await Dossiers(store).read([code_of(1)], KINDS))[code_of(1)]

        assert (1, 0) == (taken.answer.accepted, taken.answer.unchanged)
        assert 2 == await count_of(store, tables.RecordVersion)
        assert ("6.000000", 1) == (dossier.records[0].body.fine_amount, dossier.records[0].provenance.version)
        assert 1 == dossier.subject.version

    async def test_a_source_whose_clock_runs_ahead_does_not_block_its_own_correction(self, store, take):
        await take(batch([row(penalty(), as_of=NOW + timedelta(days=900))]))
        later = NOW + timedelta(hours=1)
        await take(batch([row(penalty(fine_amount="6.000000"), as_of=later)], "B-2"), now=later)
        (head,) = await rows_of(store, tables.Record)

        assert 2 == head["version"]

    async def test_two_sources_do_not_push_each_other_out(self, store, take):
        """The lower rank is in force whoever spoke last; what the other says is kept."""
        ours = penalty(content="罚款人民币50000元。")
        await take(batch([row(penalty())]), source="national", rank=10)
        for number in range(3):
            at = NOW + timedelta(hours=number)
            await take(batch([row(ours, as_of=at)], f"P-{number}"), source="cn-51", rank=20, now=at)
            await take(batch([row(penalty(), as_of=at)], f"N-{number}"), source="national", rank=10, now=at)
        (head,) = await rows_of(store, tables.Record)
        versions = await rows_of(store, tables.RecordVersion)

        assert ("national", 1) == (head["source"], head["version"])
        assert [("national", 1), ("cn-51", 2)] == [(each["source"], each["version"]) for each in versions]

    async def test_two_steps_of_one_record_in_one_batch_are_two_versions(self, store, take):
        steps = [
            row(penalty(), 2, as_of=NOW - timedelta(days=2)),
            row(penalty(fine_amount="6.000000"), 3, op="U", as_of=NOW - timedelta(days=1)),
            row(penalty(fine_amount="6.000000"), 4, op="D", as_of=NOW),
        ]
        taken = await take(batch(steps))
        (head,) = await rows_of(store, tables.Record)

        assert 3 == taken.answer.accepted
        assert ("WITHDRAWN", 3) == (head["state"], head["version"])
        assert 3 == await count_of(store, tables.RecordVersion)


class TestHidden:
    @pytest.mark.parametrize(
        ("extra", "op", "state"),
        [
            ({}, "D", "WITHDRAWN"),
            ({"case_withdrawn": "1"}, "U", "WITHDRAWN"),
            ({"repaired": "1"}, "U", "REPAIRED"),
            ({"publicity_state": "已修复"}, "U", "REPAIRED"),
            ({"publicity_state": "已撤销"}, "U", "WITHDRAWN"),
            ({"publicity_state": "已到期"}, "U", "EXPIRED"),
            ({"publicity_state": "告知中"}, "U", "WINDOW"),
            ({"publicity_state": "待公示"}, "U", "READY"),
            ({"publicity_state": "看不懂"}, "U", "RECEIVED"),
            ({"publicity_from": "2026-12-01"}, "U", "READY"),
        ],
    )
    async def test_what_a_source_takes_back_is_a_new_version_with_its_state(self, store, take, extra, op, state):
        await take(batch([row(penalty())]))
        await take(batch([row(penalty(), op=op, extra=extra, as_of=NOW)], "B-2"))
        (head,) = await rows_of(store, tables.Record)
        versions = await rows_of(store, tables.RecordVersion)

        assert (state, 2) == (head["state"], head["version"])
        assert ["PUBLISHED", state] == [each["state"] for each in versions]

    @pytest.mark.parametrize(("extra", "op", "state"), [({}, "D", "WITHDRAWN"), ({"repaired": "1"}, "U", "REPAIRED")])
    async def test_a_withdrawal_with_other_columns_at_fault_still_hides_its_record(self, store, take, extra, op, state):
        await take(batch([row(penalty())]))
        broken = penalty(facts=None, content=None, fine_amount="-", decided_on=None)
        taken = await take(batch([row(broken, op=op, extra=extra, as_of=NOW)], "B-2"))
        (head,) = await rows_of(store, tables.Record)
        first, second = await rows_of(store, tables.RecordVersion)

        assert (1, 0) == (taken.answer.accepted, taken.answer.rejected)
        assert (state, 2) == (head["state"], head["version"])
        assert first["body"] == second["body"]
        assert "WD01" in {found.code for found in taken.answer.findings}
        assert {"W"} == {found.severity for found in taken.answer.findings}

    async def test_a_withdrawal_at_fault_of_a_record_nobody_has_is_refused(self, store, take):
        taken = await take(batch([row(penalty(facts=None), op="D")]))

        assert 1 == taken.answer.rejected
        assert 0 == await count_of(store, tables.Record)

    async def test_a_late_copy_of_the_record_does_not_bring_it_back(self, store, take):
        await take(batch([row(penalty())]))
        await take(batch([row(penalty(), op="D", as_of=NOW)], "B-2"))
        await take(batch([row(penalty(), as_of=NOW - timedelta(days=1))], "B-3"))
        (head,) = await rows_of(store, tables.Record)

        assert "WITHDRAWN" == head["state"]

    async def test_a_list_entry_that_was_removed_ends_with_the_day_before(self, store, take):
        entry = list_entry(removed_on="2026-11-10", removal_reason="已完成整改")
        await take(batch([row(entry)], kind="ListEntry"))
        (head,) = await rows_of(store, tables.Record)

        assert ("L06", "2026-11-09") == (head["list_code"], head["publicity_to"])


class TestTickets:
    async def test_a_mended_row_closes_its_ticket(self, store, take):
        await take(batch([row(penalty(fine_amount=None), 2)]))
        later = NOW + timedelta(days=1)
        await take(batch([row(penalty(), 2, as_of=later)], "B-2"), now=later)

        (ticket,) = await rows_of(store, tables.Quarantine)
        assert ("closed", "2026-11-21T04:00:00.000000Z") == (ticket["state"], ticket["closed_at"])

    async def test_a_row_at_fault_again_leaves_its_ticket_open(self, store, take):
        await take(batch([row(penalty(fine_amount=None), 2)]))
        await take(batch([row(penalty(fine_amount=None), 2)], "B-2"))

        assert ["open", "open"] == [ticket["state"] for ticket in await rows_of(store, tables.Quarantine)]


class TestRegistration:
    async def test_a_registration_says_what_its_subject_is(self, store, take):
        await take(batch([row(penalty(counterparty_name="四川锦江电力工程有限公司"))]))
        await take(
            batch([row(registration(parent_code=code_of(7), registration_no="510100000000017"))], kind="Registration")
        )
        subject = await Dossiers(store).find(code_of(1), names=True)

        assert (name_of(1), "存续", "510107", "电力", code_of(7)) == (
            subject.name,
            subject.status,
            subject.region,
            subject.sector,
            subject.parent_code,
        )
        assert () == subject.former_names

    async def test_a_change_of_name_keeps_the_old_one_and_stands_on_the_timeline(self, store, take):
        await take(batch([row(registration())], kind="Registration"))
        renamed = registration(name="四川锦江能源建设集团有限公司", former_names="锦江电力一公司;锦江电力二公司")
        await take(batch([row(renamed, as_of=NOW)], "B-2", kind="Registration"))
        subject = await Dossiers(store).find(code_of(1), names=True)
        events = await rows_of(store, tables.SubjectEvent)

        assert "四川锦江能源建设集团有限公司" == subject.name
        assert {name_of(1), "锦江电力一公司", "锦江电力二公司"} == {former.name for former in subject.former_names}
        assert {"2026-11-20", None} == {former.valid_to for former in subject.former_names}
        assert {"seen", "status", "renamed"} == {event["event"] for event in events}

    async def test_a_late_registration_changes_nothing_but_leaves_its_name(self, store, take):
        await take(batch([row(registration(name="四川锦江能源建设集团有限公司"), as_of=NOW)], kind="Registration"))
        old = row(registration(status="吊销"), as_of=NOW - timedelta(days=90))
        await take(batch([old], "B-2", kind="Registration"))
        subject = await Dossiers(store).find(code_of(1), names=True)

        assert ("四川锦江能源建设集团有限公司", "存续") == (subject.name, subject.status)
        assert [name_of(1)] == [former.name for former in subject.former_names]

    async def test_other_records_never_rename_a_subject(self, store, take):
        await take(batch([row(registration())], kind="Registration"))
        taken = await take(batch([row(penalty(counterparty_name="成都宏大燃气有限公司"))]))
        subject = await Dossiers(store).find(code_of(1), names=True)

        assert (name_of(1), ()) == (subject.name, subject.former_names)
        assert 1 == taken.answer.accepted
        assert "SR02" in {found.code for found in taken.answer.findings}

    async def test_a_former_name_on_a_record_is_no_fault(self, take):
        await take(batch([row(registration(former_names="锦江电力一公司"))], kind="Registration"))
        taken = await take(batch([row(penalty(counterparty_name="锦江电力一公司"))]))

        assert "SR02" not in {found.code for found in taken.answer.findings}


class TestResolution:
    async def test_an_organisation_code_alone_ties_a_record_to_its_subject(self, store, take):
        await take(batch([row(registration())], kind="Registration"))
        taken = await take(batch([row(penalty(counterparty_code=None, organisation_code=code_of(1)[8:17]))]))
        (record,) = [each for each in await rows_of(store, tables.Record) if each["kind"] == "Penalty"]

        assert 1 == taken.answer.accepted
        assert (code_of(1), "organisation_code", 0.98) == (
            record["subject_code"],
            record["link_method"],
            record["link_confidence"],
        )

    async def test_a_name_alone_only_proposes(self, store, take):
        await take(batch([row(registration())], kind="Registration"))
        taken = await take(batch([row(penalty(counterparty_code=None))]))
        tickets = {ticket["id"]: ticket["code"] for ticket in await rows_of(store, tables.Quarantine)}
        (link,) = await rows_of(store, tables.SubjectLink)

        assert 1 == taken.answer.rejected
        assert "SR01" == tickets[link["quarantine_id"]]
        assert (code_of(1), "name", "proposed") == (link["subject_code"], link["method"], link["state"])

    async def test_codes_that_contradict_each_other_tie_nothing(self, store, take):
        await take(batch([row(registration(1), 2), row(registration(2), 3)], kind="Registration"))
        taken = await take(batch([row(penalty(1, organisation_code=code_of(2)[8:17]))]))

        assert 1 == taken.answer.rejected
        assert {code_of(1), code_of(2)} == {link["subject_code"] for link in await rows_of(store, tables.SubjectLink)}
        assert {"Registration"} == {each["kind"] for each in await rows_of(store, tables.Record)}

    async def test_an_unknown_organisation_code_waits_for_a_person(self, store, take):
        taken = await take(batch([row(penalty(counterparty_code=None, organisation_code=code_of(5)[8:17]))]))

        assert 1 == taken.answer.rejected
        assert "SR01" in {found.code for found in taken.answer.findings}
        assert 0 == await count_of(store, tables.Subject)
