"""What an asker gets: data, denials, masks, and no trace of what may not be known."""

import base64

import pytest

from hub.access.pseudonyms import Pseudonyms
from schema.catalogue import Arrears, Commitment, Grade, Licence, ListEntry, Penalty, Performance, SupplierSanction
from schema.policy.model import ActorKind
from schema.records import PublicityState, Severity
from schema.tiers import Tier
from tests.support.people import GROUP, TENDER, standing
from tests.support.worlds import SUBJECT, UNKNOWN, World, dossier, registration, stored

PUBLIC = standing()
BUYER = standing(ActorKind.GC, purpose="PROCUREMENT_CHECK", context=TENDER, organisation=GROUP)
DEPARTMENT = standing(
    ActorKind.LD,
    purpose="SUPERVISION",
    context=(("task", "2026-17"),),
    organisation="11510000MB1N00104A",
    regions=frozenset({"51"}),
)
SELF = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=SUBJECT)
AUDITOR = standing(ActorKind.AU, purpose="AUDIT")

PHONE = "13812345678"
GENERAL = stored(
    Penalty(
        document_no="D-1",
        facts=f"现场负责人电话{PHONE}",
        fine_amount="12.500000",
        penalty_kinds=("罚款",),
        decided_on="2026-05-01",
        legal_representative="张三丰",
        legal_representative_id_no="110105********002*",
    ),
    "k1",
    severity=Severity.GENERAL,
    publicity_from="2026-05-01",
    publicity_to="2027-05-01",
    region="510100",
)
MINOR = stored(
    Penalty(document_no="D-2", decided_on="2026-06-01"),
    "k2",
    severity=Severity.MINOR,
    region="510100",
)
ENDED = stored(
    Penalty(document_no="D-3", decided_on="2024-06-01"),
    "k3",
    severity=Severity.GENERAL,
    publicity_to="2025-06-01",
    region="510100",
)
REPAIRED = stored(
    Penalty(document_no="D-4", decided_on="2026-01-01"),
    "k4",
    severity=Severity.GENERAL,
    state=PublicityState.REPAIRED,
    region="510100",
)
SANCTION = stored(
    SupplierSanction(sanction_no="S-1", starts_on="2026-02-01", cause="质量"), "k5", owner=GROUP, source="jinjiang"
)
FOREIGN_SANCTION = stored(
    SupplierSanction(sanction_no="S-2", starts_on="2026-03-01", cause="工期"), "k6", owner="914401007A"
)
GRADE = stored(Grade(scheme="CEC", grade="AA", score="88.5", issued_on="2025-03-01"), "k7")
LICENCE = stored(Licence(document_no="L-1", content="许可", decided_on="2025-01-01"), "k8")
PERFORMANCE = stored(
    Performance(contract_no="C-1", contract_amount="120.00", evaluated_on="2026-01-05"), "k9", owner=GROUP
)
ARREARS = stored(Arrears(billing_period="2026-08", amount_unpaid="45.6", due_on="2026-09-01"), "ka", region="510100")
WATCHED = stored(ListEntry(list_code="W02", listed_on="2026-04-01", reason="x"), "kb", list_code="W02", region="510100")
PROMISE = stored(Commitment(commitment_type="主动", committed_on="2025-05-05"), "kc")
EVERYTHING = (
    GENERAL,
    MINOR,
    ENDED,
    REPAIRED,
    SANCTION,
    FOREIGN_SANCTION,
    GRADE,
    LICENCE,
    PERFORMANCE,
    ARREARS,
    WATCHED,
    PROMISE,
)


@pytest.fixture
def world(ground):
    return World(ground, {SUBJECT: dossier(*EVERYTHING)})


def subject(selection: str) -> str:
    return f'{{ subject(code: "{SUBJECT}") {{ {selection} }} }}'


def records(selection: str, arguments: str = "") -> str:
    return subject(f"records{arguments} {{ totalCount nodes {{ {selection} }} }}")


def documents_of(told):
    nodes = told.data["subject"]["records"]["nodes"]
    return [node["documentNo"] for node in nodes if node.get("documentNo")]


PENALTIES = records("... on Penalty { documentNo }", "(kinds: [PENALTY])")


class TestWhoSeesWhichRows:
    def test_public_sees_penalties_in_their_term_only(self, world):
        assert ["D-1"] == documents_of(world.ask(PUBLIC, PENALTIES))

    def test_buyer_sees_no_minor_ended_or_repaired_penalty(self, world):
        assert ["D-1"] == documents_of(world.ask(BUYER, PENALTIES))

    def test_department_sees_minor_ones_of_its_region(self, world):
        assert ["D-2", "D-1"] == documents_of(world.ask(DEPARTMENT, PENALTIES))

    def test_department_of_another_region_sees_what_the_public_sees(self, ground, world):
        elsewhere = standing(
            ActorKind.LD, purpose="SUPERVISION", context=(("task", "T"),), organisation="X", regions=frozenset({"44"})
        )

        assert ["D-1"] == documents_of(world.ask(elsewhere, PENALTIES))

    def test_subject_sees_all_of_its_own_even_repaired_ones(self, world):
        assert ["D-2", "D-1", "D-4", "D-3"] == documents_of(world.ask(SELF, PENALTIES))

    def test_self_query_about_another_organisation_finds_nobody(self, world):
        stranger = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=UNKNOWN)

        assert world.ask(stranger, PENALTIES).data["subject"] is None

    def test_auditor_reads_no_business_content(self, world):
        told = world.ask(AUDITOR, subject("name"))

        assert told.data["subject"] is None
        assert "actor.no_content" == told.denials["CreditSubject.name"]["extensions"]["rule"]

    def test_group_sees_its_own_sanctions_and_not_those_of_others(self, world):
        told = world.ask(BUYER, records("... on SupplierSanction { cause }", "(kinds: [SUPPLIER_SANCTION])"))

        assert [{"cause": "质量"}] == told.data["subject"]["records"]["nodes"]
        assert {} == told.denials

    def test_ended_penalties_are_told_of_to_a_department_but_not_listed(self, world):
        told = world.ask(DEPARTMENT, subject("holdings { kind category exists count }"))

        holdings = {(one["kind"], one["category"]): one["count"] for one in told.data["subject"]["holdings"]}
        assert holdings["Penalty", "C07"] is None
        assert 1 == holdings["Penalty", "C06"]

    def test_holdings_name_nothing_the_public_may_not_know_of(self, world):
        told = world.ask(PUBLIC, subject("holdings { kind category }"))

        told_of = {(one["kind"], one["category"]) for one in told.data["subject"]["holdings"]}
        expected = {("Penalty", "C05"), ("Licence", "C04"), ("Grade", "C12"), ("Commitment", "C13")}
        assert expected | {("Registration", "C01")} == told_of


class TestMasksAndDenials:
    def test_public_sees_free_text_redacted_and_names_cut(self, world):
        told = world.ask(PUBLIC, records("... on Penalty { facts legalRepresentative }", "(kinds: [PENALTY])"))

        node = told.data["subject"]["records"]["nodes"][0]
        assert PHONE not in node["facts"]
        assert "张*" == node["legalRepresentative"]

    def test_department_sees_arrears_in_bands(self, world):
        told = world.ask(DEPARTMENT, records("... on Arrears { amountUnpaid }", "(kinds: [ARREARS])"))

        assert [{"amountUnpaid": "30-100"}] == told.data["subject"]["records"]["nodes"]

    def test_static_denial_is_one_error_with_its_count(self, ground):
        many = [
            stored(Penalty(document_no=f"D-{n}", decided_on="2026-05-01"), f"k{n}", severity=Severity.GENERAL)
            for n in range(40)
        ]
        world = World(ground, {SUBJECT: dossier(*many)})

        told = world.ask(PUBLIC, records("... on Penalty { legalRepresentativeIdNo }", "(first: 40)"))

        error = told.denials["Penalty.legalRepresentativeIdNo"]
        assert 1 == len(told.denials)
        assert 40 == error["extensions"]["count"]
        assert ["subject", "records", "nodes", "@", "legalRepresentativeIdNo"] == error["path"]
        assert "R" == error["extensions"]["requiredTier"]
        assert "UNAUTHORIZED_FIELD_OR_TYPE" == error["extensions"]["code"]

    def test_no_denied_value_stands_anywhere_in_the_answer(self, world):
        told = world.ask(
            PUBLIC, records("... on Penalty { legalRepresentativeIdNo facts } ... on SupplierSanction { cause }")
        )

        text = repr((told.data, told.errors, told.denials))
        for secret in ("002*", PHONE, "质量", "工期"):
            assert secret not in text

    def test_outcome_names_what_was_served_masked_and_denied(self, world):
        told = world.ask(PUBLIC, records("... on Penalty { documentNo facts legalRepresentativeIdNo }"))

        assert {"Penalty.documentNo"} == told.outcome.served
        assert {"Penalty.facts"} == set(told.outcome.masked)
        assert 1 == told.outcome.denied["Penalty.legalRepresentativeIdNo"]


class TestWhoKnowsOfTheSubject:
    FACE = subject("code name status region parentCode formerNames { name } timeline { event } registration { name }")

    def test_subject_with_hidden_rows_only_is_not_on_file(self, ground):
        """
        Somebody whose only record was repaired is as unknown to the public as somebody who never had one.
        """
        hidden = World(ground, {SUBJECT: dossier(REPAIRED, ENDED, MINOR, known=False)}).ask(PUBLIC, self.FACE)
        unknown = World(ground, {}).ask(PUBLIC, self.FACE)

        assert hidden.data == unknown.data == {"subject": None}
        assert hidden.denials == unknown.denials

    @pytest.mark.parametrize("hiding", [{"tier": Tier.G}, {"tier": Tier.R}, {"state": PublicityState.WITHDRAWN}])
    def test_hidden_registration_tells_nothing_of_the_subject(self, ground, hiding):
        """
        Name and state are the registration's words: where it may not be shown, they are not shown beside it either.
        """
        world = World(ground, {SUBJECT: dossier(registration(**hiding), LICENCE, known=False)})

        face = world.ask(PUBLIC, self.FACE).data["subject"]

        assert SUBJECT == face.pop("code")
        assert {None} == set(face.values())

    def test_listed_record_tells_the_name_it_bears_where_no_registration_is(self, ground):
        bearing = stored(Licence(document_no="L", decided_on="2025-01-01", counterparty_name="某某公司"), "kx")
        world = World(ground, {SUBJECT: dossier(bearing, known=False)})

        assert "某某公司" == world.ask(PUBLIC, self.FACE).data["subject"]["name"]

    def test_subject_is_known_to_the_owner_of_one_of_its_rows(self, ground):
        owner = standing(ActorKind.CP, purpose="DATA_QUALITY", context=(("batch", "B-1"),), organisation=GROUP)
        world = World(ground, {SUBJECT: dossier(PERFORMANCE, GENERAL)})

        told = world.ask(owner, records("__typename"))

        assert told.data["subject"] is not None


class TestNamesOnTheWire:
    def test_record_is_not_named_by_its_key(self, world):
        """
        A record key is a digest of an account or contract number: on the wire it could be found by trying.
        """
        told = world.ask(DEPARTMENT, records("id", "(kinds: [ARREARS])"))

        named = base64.urlsafe_b64decode(told.data["subject"]["records"]["nodes"][0]["id"] + "==").decode()
        assert named.startswith(f"Arrears:{SUBJECT}:")
        assert not named.endswith(f":{ARREARS.key}")

    def test_names_of_two_hubs_differ(self):
        one, other = Pseudonyms(bytes(32)), Pseudonyms(bytes(31) + b"x")

        assert one.of("Arrears", SUBJECT, "k") != other.of("Arrears", SUBJECT, "k")
        assert one.of("Arrears", SUBJECT, "k") != one.of("Penalty", SUBJECT, "k")

    def test_key_of_another_length_is_refused(self):
        with pytest.raises(ValueError, match="32 bytes"):
            Pseudonyms(b"short")


class TestRowLevelDenialLeavesNoTrace:
    QUESTIONS = (
        records(
            "__typename id kind day ... on Penalty { documentNo facts } ... on SupplierSanction { cause }", "(first: 3)"
        ),
        subject("holdings { kind category count } records { totalCount pageInfo { endCursor hasNextPage } }"),
        records("id", "(orderBy: {field: PENALTY_DECIDED_ON, direction: ASC})"),
        records("id", "(where: {severity: [MINOR, GENERAL]})"),
        records("id", '(where: {dayFrom: "2020-01-01", state: [PUBLISHED, REPAIRED, EXPIRED]})'),
    )

    @pytest.mark.parametrize("question", QUESTIONS)
    @pytest.mark.parametrize("who", [PUBLIC, BUYER])
    def test_two_worlds_that_differ_in_hidden_rows_answer_alike(self, ground, question, who):
        """
        "No record" and "a record you may not know of" give the same answer, byte for byte.
        """
        visible = (GENERAL, GRADE, LICENCE, PROMISE)
        hidden = (MINOR, ENDED, REPAIRED, FOREIGN_SANCTION, WATCHED)
        poor = World(ground, {SUBJECT: dossier(*visible)}).ask(who, question)
        rich = World(ground, {SUBJECT: dossier(*hidden, *visible)}).ask(who, question)

        assert repr(poor.data) == repr(rich.data)
        assert poor.errors == rich.errors
        assert poor.denials == rich.denials
        assert poor.outcome == rich.outcome

    def test_main_day_that_is_not_clear_hides_the_days_that_follow_from_it(self, ground):
        """
        Publicity days are computed from the main day; whoever may not read it whole must not be able to compute back.
        """
        from msgspec.structs import replace

        from hub.road.views import Judge
        from schema.plan.decider import Decider
        from schema.policy.model import Denied
        from schema.tiers import Tier
        from tests.support.worlds import setting_of

        decider = Decider(ground.policy, PUBLIC, ground.table)
        judge = Judge(decider, setting_of(ground))
        view = judge.subject(dossier(known=False), (GENERAL,))
        assert view is not None
        cells = view.records[0].cells
        cells["decided_on"] = Denied(rule="test", required_tier=Tier.R)
        again = judge.subject(dossier(known=False), (replace(GENERAL, key="other"),))

        assert again is not None
        shown = again.records[0].open
        assert (None, None, None) == (shown["day"], shown["publicity_from"], shown["publicity_to"])
