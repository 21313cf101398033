"""The purposes of DOMAIN 13.4, written from the paper: what each reads, what it must say, what it may never read."""

from dataclasses import replace

import pytest

from schema.catalogue.model import Category
from schema.policy.model import ActorKind, Fact, Policy
from schema.tiers import Tier
from tests.schema.policy.asking import Asker, Askers

EVERY = frozenset(Category)


def span(*names: str) -> frozenset[Category]:
    """Categories as the paper writes them: "C01", "C09-C14"."""
    found = set()
    for name in names:
        first, _, last = name.partition("-")
        found |= {Category(f"C{number:02}") for number in range(int(first[1:]), int((last or first)[1:]) + 1)}
    return frozenset(found)


@pytest.fixture
def real(seed: Policy) -> Askers:
    """Askers under the seed as it ships."""
    return Askers(seed)


def check(asker: Asker) -> Asker:
    return asker.asking_for("PROCUREMENT_CHECK", tender="T-1", lot="2", stage="S5")


class TestTable:
    def test_the_purposes_are_those_of_the_paper(self, seed: Policy):
        expected = (
            "PUBLIC_LOOKUP, ADMIN_APPROVAL, SUPERVISION, FISCAL_FUND, HONOUR_AWARD, PREFERENCE, PROCUREMENT_CHECK, "
            "CONTRACT_MONITOR, MARKET_TRADE, FINANCING, RATING, RISK_WARNING, PUBLICITY, REPAIR, OBJECTION, "
            "SELF_QUERY, STATISTICS, DATA_QUALITY, AUDIT"
        )

        assert set(expected.split(", ")) == set(seed.purposes)

    def test_each_has_labels_a_basis_and_a_mark(self, seed: Policy):
        for purpose in seed.purposes.values():
            assert all((purpose.zh, purpose.en, purpose.basis, purpose.mark))

    def test_only_the_public_and_the_subject_need_no_context(self, seed: Policy):
        bare = {code for code, purpose in seed.purposes.items() if not purpose.requires}

        assert {"PUBLIC_LOOKUP", "SELF_QUERY"} == bare

    @pytest.mark.parametrize(
        ("code", "requires"),
        [
            ("PROCUREMENT_CHECK", ("tender", "lot", "stage")),
            ("ADMIN_APPROVAL", ("matterCode", "caseId")),
            ("FINANCING", ("consent",)),
        ],
    )
    def test_context_named_in_the_paper_is_required(self, seed: Policy, code: str, requires: tuple[str, ...]):
        assert requires == seed.purposes[code].requires

    @pytest.mark.parametrize(
        ("code", "categories"),
        [
            ("PROCUREMENT_CHECK", span("C01", "C02", "C04", "C05", "C09-C14")),
            ("CONTRACT_MONITOR", span("C01", "C02", "C04", "C05", "C09-C14", "C19")),
            ("FINANCING", span("C01-C05", "C09", "C11-C13", "C15", "C16")),
            ("RATING", span("C01-C05", "C09-C13", "C15")),
            ("SELF_QUERY", EVERY),
            ("STATISTICS", frozenset()),
        ],
    )
    def test_categories_named_in_the_paper_are_exactly_those(
        self, seed: Policy, code: str, categories: frozenset[Category]
    ):
        assert categories == seed.purposes[code].categories

    def test_public_lookup_is_bounded_by_p(self, seed: Policy):
        assert Tier.P is seed.purposes["PUBLIC_LOOKUP"].max_tier

    @pytest.mark.parametrize("code", ["SUPERVISION", "AUDIT", "SELF_QUERY", "OBJECTION"])
    def test_repaired_records_are_read_under_four_purposes(self, seed: Policy, code: str):
        """7.3: SELF_QUERY, OBJECTION, AUDIT and the deciding authority's own archive."""
        assert Category.C08 in seed.purposes[code].categories

    def test_and_under_no_other(self, seed: Policy):
        reading = {code for code, purpose in seed.purposes.items() if Category.C08 in purpose.categories}

        assert {"SUPERVISION", "AUDIT", "SELF_QUERY", "OBJECTION"} == reading


class TestPublicLookup:
    def test_reads_what_everyone_may_read(self, real: Askers):
        public = real.public.asking_for("PUBLIC_LOOKUP")

        assert ["m0"] * 6 == [public.row(category) for category in ("C01", "C04", "C05", "C09", "C12", "C13")]
        assert "m0" == public.knowing(Fact.PUBLISHED).row("C11")

    def test_reads_nothing_else_even_for_those_who_may(self, real: Askers):
        department = real.department.asking_for("PUBLIC_LOOKUP", matterCode="M", caseId="C")
        restricted = ("C03", "C06", "C07", "C08", "C14", "C15", "C16", "C17", "C18", "C19", "C20")

        assert ["x"] * len(restricted) == [department.knowing(*Fact).row(category) for category in restricted]


class TestProcurementCheck:
    def test_reads_its_categories(self, real: Askers):
        group = check(real.group.knowing(Fact.GRANTED))

        assert ["m0"] * 8 == [group.row(c) for c in ("C01", "C04", "C05", "C09", "C10", "C11", "C12", "C14")]

    def test_reads_no_other_whatever_the_group_holds(self, real: Askers):
        group = check(real.group.knowing(*Fact))
        others = ("C03", "C06", "C07", "C08", "C15", "C16", "C17", "C18", "C19", "C20")

        assert ["purpose.category"] * len(others) == [group.rule(category) for category in others]

    @pytest.mark.parametrize("missing", ["tender", "lot", "stage"])
    def test_says_which_tender_which_lot_which_stage(self, real: Askers, missing: str):
        context = {"tender": "T-1", "lot": "2", "stage": "S5"}
        del context[missing]

        assert "purpose.context" == real.group.asking_for("PROCUREMENT_CHECK", **context).rule("C01")


class TestAdminApproval:
    def test_opens_expired_penalties_by_its_matter_code(self, real: Askers):
        department = real.department.asking_for("ADMIN_APPROVAL", matterCode="M-1", caseId="C-1")

        assert ["m0", "m0", "m0"] == [department.row(category) for category in ("C05", "C06", "C07")]

    def test_reads_no_arrears_and_no_open_cases(self, real: Askers):
        department = real.department.asking_for("ADMIN_APPROVAL", matterCode="M-1", caseId="C-1")

        assert ["purpose.category"] * 3 == [department.rule(category) for category in ("C16", "C17", "C18")]

    def test_without_a_case_reads_nothing(self, real: Askers):
        assert "purpose.context" == real.department.asking_for("ADMIN_APPROVAL", matterCode="M-1").rule("C01")


class TestSupervision:
    def test_reads_what_government_reads(self, real: Askers):
        department = real.department.asking_for("SUPERVISION", task="T-1")
        asked = ("C05", "C06", "C07", "C10", "C16", "C18", "C19")

        assert ["m0", "m0", "m7", "m0", "m0", "m7", "m0"] == [department.row(category) for category in asked]

    def test_reads_a_case_by_its_number(self, real: Askers):
        assert "x" == real.department.asking_for("SUPERVISION", task="T-1").row("C17")
        assert "m0" == real.department.asking_for("SUPERVISION", task="T-1", caseId="C-1").row("C17")

    def test_reads_restricted_rows_as_the_authoritys_own_only(self, real: Askers):
        branch = real.branch.asking_for("SUPERVISION", task="T-1")

        assert ["purpose.needs", "purpose.needs"] == [branch.rule("C08"), branch.rule("C03")]
        assert "m0" == branch.knowing(Fact.OWN_SOURCE).row("C08")
        assert "m2" == branch.knowing(Fact.OWN_SOURCE).value("C03", mask="m2")

    def test_reads_no_trade_secrets(self, real: Askers):
        assert "purpose.category" == real.branch.knowing(*Fact).asking_for("SUPERVISION", task="T-1").rule("C15")


class TestMarketTrade:
    def test_reads_a_minor_penalty_by_consent(self, real: Askers):
        group = real.group.asking_for("MARKET_TRADE", market="M-1")

        assert ["x", "m0"] == [group.row("C06"), group.knowing(Fact.CONSENT).row("C06")]

    def test_reads_own_performance_and_others_by_consent_in_bands(self, real: Askers):
        group = real.group.asking_for("MARKET_TRADE", market="M-1")

        assert "x" == group.row("C15")
        assert "m0" == group.knowing(Fact.OWN_SOURCE).value("C15", mask="m3")
        assert "m3" == group.knowing(Fact.CONSENT).value("C15", mask="m3")

    def test_tells_whether_a_counterparty_has_arrears(self, real: Askers):
        group = real.group.asking_for("MARKET_TRADE", market="M-1")

        assert ["x", "m7"] == [group.row("C16"), group.knowing(Fact.COUNTERPARTY).row("C16")]


class TestFinancing:
    def test_reads_performance_and_arrears_by_consent_only(self, real: Askers):
        bank = real.bank.asking_for("FINANCING", consent="A-1")

        assert ["m3", "m3"] == [bank.value(category, mask="m3") for category in ("C15", "C16")]
        assert ["purpose.needs"] * 2 == [bank.without(Fact.CONSENT).rule(category) for category in ("C15", "C16")]

    def test_reads_no_watch_lists_no_sanctions_no_minor_penalties(self, real: Askers):
        bank = real.bank.asking_for("FINANCING", consent="A-1").knowing(*Fact)

        assert ["purpose.category"] * 3 == [bank.rule(category) for category in ("C06", "C10", "C14")]

    def test_reads_no_identity_numbers_though_the_paper_spans_them(self, real: Askers):
        """C01-C05 holds C03; the matrix says x."""
        assert "tier.audience" != real.bank.asking_for("FINANCING", consent="A-1").rule("C03")
        assert "matrix.none" == real.bank.asking_for("FINANCING", consent="A-1").rule("C03")


class TestRating:
    def test_reads_voluntary_performance_by_consent(self, real: Askers):
        agency = real.agency.asking_for("RATING", rating="R-1")

        assert "m3" == agency.value("C15", mask="m3")
        assert "purpose.needs" == agency.without(Fact.CONSENT).rule("C15")

    def test_an_association_reads_none(self, real: Askers):
        association = real.association.asking_for("RATING", rating="R-1")

        assert "purpose.needs" == association.rule("C15")
        assert "matrix.none" == association.knowing(Fact.CONSENT).rule("C15")
        assert "m0" == association.row("C10", tier="I")


class TestSelfQuery:
    def test_reads_all_of_ones_own(self, real: Askers):
        own = [f"C{number:02}" for number in range(1, 21) if number not in (17, 18)]

        assert "m2" == real.subject.value("C03", mask="m2")
        assert ["m0"] * 18 == [real.subject.row(category) for category in own]

    def test_but_neither_open_cases_nor_anomalies(self, real: Askers):
        assert ["matrix.none"] * 2 == [real.subject.rule(category) for category in ("C17", "C18")]

    def test_reads_nothing_of_others(self, real: Askers):
        stranger = real.subject.without(Fact.OWN_SUBJECT)

        assert ["purpose.needs"] * 20 == [stranger.rule(category) for category in Category]

    @pytest.mark.parametrize("actor", [ActorKind.GC, ActorKind.FI, ActorKind.LD, ActorKind.PC, ActorKind.CP])
    def test_any_organisation_is_the_subject_of_its_own(self, real: Askers, actor: ActorKind):
        itself = real.of(actor).knowing(Fact.OWN_SUBJECT).asking_for("SELF_QUERY")

        assert ["m0"] * 4 == [itself.row(category) for category in ("C06", "C08", "C16", "C20")]

    def test_the_public_has_no_self(self, real: Askers):
        """Without an organisation there is no subject, whatever the facts say."""
        someone = real.public.knowing(Fact.OWN_SUBJECT).asking_for("SELF_QUERY")

        assert "matrix.none" == someone.rule("C06")


class TestTheRest:
    def test_statistics_reads_no_field_of_any_subject(self, real: Askers):
        for asker in (real.nea, real.association, real.group):
            counting = asker.knowing(*Fact).asking_for("STATISTICS", report="Q4")
            assert ["purpose.category"] * 20 == [counting.rule(category) for category in Category]

    def test_audit_reads_ones_own_decisions_and_queries(self, real: Askers):
        nea = real.nea.asking_for("AUDIT", audit="A-1")

        assert ["purpose.needs"] * 3 == [nea.rule(category) for category in ("C05", "C08", "C20")]
        assert ["m0"] * 3 == [nea.knowing(Fact.OWN_SOURCE).row(category) for category in ("C05", "C08", "C20")]

    def test_the_auditor_reads_nothing_under_it(self, real: Askers):
        auditor = real.of(ActorKind.AU).knowing(*Fact).asking_for("AUDIT", audit="A-1")

        assert ["actor.no_content"] * 20 == [auditor.rule(category) for category in Category]

    def test_data_quality_is_about_ones_own_rows(self, real: Askers):
        company = real.power_company.asking_for("DATA_QUALITY", batch="B-1")

        assert "purpose.needs" == company.rule("C16")
        assert "m0" == company.knowing(Fact.OWN_SOURCE).row("C16")
        assert "purpose.category" == company.knowing(Fact.OWN_SOURCE).rule("C08")

    def test_publicity_reads_unpublished_rows_of_ones_own(self, real: Askers):
        platform = real.platform.asking_for("PUBLICITY", site="cn-51")

        assert ["m0", "x"] == [platform.row("C05"), platform.row("C06")]
        assert "m0" == platform.knowing(Fact.OWN_SOURCE).row("C06")

    def test_risk_warning_reads_alerts_of_the_portfolio(self, real: Askers):
        group = real.group.asking_for("RISK_WARNING", portfolio="P-1")

        assert ["x", "m0"] == [group.row("C19"), group.knowing(Fact.PORTFOLIO).row("C19")]
        assert "m7" == group.knowing(Fact.COUNTERPARTY).row("C16")

    def test_a_repaired_penalty_is_gone_for_every_purpose_of_a_stranger(self, seed: Policy, real: Askers):
        """Whatever purpose it may name and whatever context it gives, a group does not learn of it."""
        group = real.group.knowing(*(set(Fact) - {Fact.OWN_SUBJECT}))
        for code, purpose in seed.purposes.items():
            asking = group.asking_for(code, **dict.fromkeys(purpose.requires, "1"))
            assert "x" == asking.row("C08")

    def test_every_cell_of_the_matrix_can_be_reached_by_some_purpose(self, seed: Policy):
        """A permission no purpose reaches is a promise nobody can keep."""
        unreached = []
        for cell in seed.cells:
            reader = seed.readers[cell.reader]
            audience = cell.audience or reader.audience
            codes = [
                code
                for code, purpose in seed.purposes.items()
                if cell.category in purpose.categories and (not reader.purposes or code in reader.purposes)
            ]
            if not codes or audience not in seed.tiers[cell.category].readers:
                unreached.append(cell.id)

        assert [] == unreached

    def test_a_purpose_less_in_the_policy_is_a_purpose_less_for_everyone(self, seed: Policy):
        kept = {code: rule for code, rule in seed.purposes.items() if code != "PROCUREMENT_CHECK"}

        assert "purpose.unknown" == check(Askers(replace(seed, purposes=kept)).group).rule("C01")
