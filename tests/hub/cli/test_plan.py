"""`hub plan explain`: what an operator is told of a question that nobody asks."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from connectors.templates import SITES, template
from hub.access.policies import Policies
from hub.cli.commands import build
from hub.ingest import store as memory
from hub.ingest.intake import Intake
from hub.rulebook import load_rules
from hub.settings import load_settings
from hub.store import migrate
from hub.store.engine import open_engine, writing
from tests.hub.ingest.world import NOW, batch, penalty, row, site
from tests.support.sealing import sealing_in
from tests.support.worlds import SUBJECT

GROUP = "91510100MA6CTE400T"
QUESTION = (
    "query One($c: ID!) { subject(code: $c) { name records(first: 5) { nodes { kind"
    " ... on Penalty { documentNo facts legalRepresentativeIdNo } ... on SupplierSanction { cause } } } } }"
)
VARIABLES = ["--variables", json.dumps({"c": SUBJECT})]
BUYER = ["--as", "GC", "--organisation", GROUP, "--purpose", "PROCUREMENT_CHECK"]
CONTEXT = ["--context", "tender=T-1", "--context", "lot=2", "--context", "stage=S5"]


class Operator:
    """Types `hub plan explain`."""

    def __init__(self, file) -> None:
        self.file = file
        file.write_text(QUESTION, encoding="utf-8")

    def type(self, *words: str, said: str | None = None) -> Result:
        return CliRunner().invoke(build(), ["plan", "explain", *words], input=said)

    def told(self, *words: str, said: str | None = None):
        document = "-" if said else str(self.file)
        done = self.type(document, *words, "--json", said=said)
        assert 0 == done.exit_code, done.output
        return json.loads(done.stdout)

    def refused(self, *words: str) -> str:
        done = self.type(*words)
        assert (1, "") == (done.exit_code, done.stdout)
        (line,) = done.stderr.splitlines()
        return line


@pytest.fixture
def operator(monkeypatch, tmp_path) -> Operator:
    monkeypatch.setenv("HUB_DATABASE_URL", f"sqlite:///{tmp_path}/absent.db")
    monkeypatch.delenv("HUB_SITES", raising=False)
    return Operator(tmp_path / "question.graphql")


class TestExplain:
    def test_every_coordinate_has_its_decision_rule_and_tier(self, operator):
        told = operator.told("--as", "PU", *VARIABLES)

        found = {use["coordinate"]: (use["decision"], use["rule"], use["requiredTier"]) for use in told["decisions"]}
        expected = {
            "CreditSubject.name": ("clear", "C01.PU", None),
            "Penalty.documentNo": ("clear", "C05.PU", None),
            "Penalty.facts": ("mask m4", "C05.PU", None),
            "Penalty.legalRepresentativeIdNo": ("denied", "purpose.category", "R"),
            "SupplierSanction.cause": ("denied", "purpose.category", "I"),
        }
        assert expected == found

    def test_another_asker_has_another_plan(self, operator):
        public, buyer = operator.told("--as", "pu", *VARIABLES), operator.told(*BUYER, *CONTEXT, *VARIABLES)

        assert "SupplierSanction" in buyer["archive"]
        assert "SupplierSanction" not in public["archive"]
        assert ("GC", "I") == (buyer["standing"]["actor"], buyer["standing"]["ceiling"])
        assert public["code"] != buyer["code"]

    def test_code_is_printed_and_holds_no_value(self, operator):
        told = operator.told("--as", "PU", *VARIABLES)

        assert "# Penalty.facts: mask m4" in told["code"]
        assert SUBJECT not in json.dumps(told)
        assert ("compiled", None) == (told["executor"], told["reason"])

    def test_what_is_not_compiled_says_why(self, operator):
        told = operator.told("--as", "PU", said="{ __schema { queryType { name } } }")

        assert ("reference", "introspection", None) == (told["executor"], told["reason"], told["code"])
        assert [] == told["archive"] == told["live"] == told["decisions"]

    def test_cost_is_predicted_and_held_against_the_limits(self, operator, monkeypatch):
        cost = operator.told("--as", "PU", *VARIABLES)["cost"]
        monkeypatch.setenv("HUB_COST_ROWS_MAX", "1")

        assert (1, None) == (cost["subjects"], cost["exceeded"])
        assert "rows" == operator.told("--as", "PU", *VARIABLES)["cost"]["exceeded"]
        assert "it would be refused" in operator.type(str(operator.file), "--as", "PU", *VARIABLES).stdout

    def test_live_sites_are_asked_for_granted_fields_only(self, operator, monkeypatch, tmp_path):
        folder = tmp_path / "sites"
        folder.mkdir()
        for name in SITES:
            (folder / f"{name}.toml").write_text(template(name), encoding="utf-8")
        monkeypatch.setenv("HUB_SITES", str(folder))

        buyer = operator.told(*BUYER, *CONTEXT, *VARIABLES)["live"]
        assert ["jinjiang"] == [each["site"] for each in buyer]
        assert ["cause"] == buyer[0]["fields"]["SupplierSanction"]
        assert "sanctionNo" in buyer[0]["marks"]["SupplierSanction"]
        assert [] == operator.told("--as", "PU", *VARIABLES)["live"]
        printed = operator.type(str(operator.file), *BUYER, *CONTEXT, *VARIABLES).stdout
        assert "live: jinjiang: " in printed
        assert "SupplierSanction (cause; to know the row: " in printed

    def test_operator_reads_a_table_and_the_code(self, operator):
        printed = operator.type(str(operator.file), "--as", "PU", *VARIABLES).stdout

        for part in ("policy: version 1", "Penalty.facts", "mask m4", "live: nobody is asked", "executor: compiled"):
            assert part in printed
        assert "def answer(run):" in printed
        reference = operator.type("-", "--as", "PU", said="{ __schema { description } }").stdout
        assert "archive: nothing" in reference
        assert reference.endswith("executor: reference (introspection)\n")

    def test_one_of_several_operations_is_named(self, operator):
        operator.file.write_text("query A { me { actor } } query B { sources { id } }", encoding="utf-8")

        assert "sources" in operator.told("--as", "PU", "--operation", "B")["code"]
        assert "several operations" in operator.refused(str(operator.file), "--as", "PU")

    def test_department_is_bound_to_its_region_and_ceiling(self, operator):
        words = ["--as", "LD", "--organisation", GROUP, "--region", "51", "--purpose", "SUPERVISION"]

        told = operator.told(*words, "--context", "task=T", *VARIABLES)
        assert (["51"], "G") == (told["standing"]["regions"], told["standing"]["ceiling"])
        assert {"task": "T"} == told["standing"]["context"]
        stricter = operator.told(*words, "--context", "task=T", "--ceiling", "P", *VARIABLES)
        assert "P" == stricter["standing"]["ceiling"]


class TestPolicy:
    def test_seed_is_used_and_said_where_there_is_no_store(self, operator, tmp_path):
        told = operator.told("--as", "PU", *VARIABLES)

        assert "the seed that ships with the hub; there is no store" == told["policy"]["source"]
        assert not (tmp_path / "absent.db").exists()

    def test_seed_is_used_and_said_where_the_store_holds_none(self, operator, tmp_path):
        migrate.upgrade(f"sqlite:///{tmp_path}/absent.db")

        assert "the store holds none yet" in operator.told("--as", "PU", *VARIABLES)["policy"]["source"]

    async def test_policy_in_force_is_used_and_said(self, operator, monkeypatch, store_url):
        monkeypatch.setenv("HUB_DATABASE_URL", store_url)
        engine = open_engine(store_url)
        settled = await Policies(engine).settle(datetime(2026, 11, 1, tzinfo=UTC))
        await engine.dispose()

        told = await asyncio.to_thread(operator.told, "--as", "PU", *VARIABLES)
        expected = {"version": 1, "digest": settled.policy.digest, "source": "in force in the store"}
        assert expected == told["policy"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["--as", "GC", *VARIABLES], "partner organisation"),
            (["--as", "GC", "--organisation", "X", *VARIABLES], "partner organisation"),
            (["--as", "LD", "--organisation", GROUP, *VARIABLES], "partner region"),
            (["--as", "LD", "--organisation", GROUP, "--region", "x", *VARIABLES], "partner regions"),
            (["--as", "PU", "--organisation", GROUP, *VARIABLES], "PU is the public"),
            (["--as", "PU", "--region", "51", *VARIABLES], "PU is the public"),
            (["--as", "PU", "--ceiling", "G", *VARIABLES], "PU is the public"),
            (["--as", "GC", "--organisation", GROUP, "--ceiling", "G", *VARIABLES], "partner ceiling"),
            (["--as", "PU", "--purpose", "curiosity", *VARIABLES], "purpose of use"),
            (["--as", "PU", "--purpose", "CURIOSITY", *VARIABLES], "purpose.unknown"),
            (["--as", "PU", "--purpose", "SUPERVISION", *VARIABLES], "purpose.not_allowed"),
            ([*BUYER, "--context", "tender=T", *VARIABLES], "PROCUREMENT_CHECK needs lot, stage"),
            ([*BUYER, "--context", "tender", *VARIABLES], "context: expected KEY=VALUE"),
            (["--as", "PU"], "$c: the value does not fit"),
            (["--as", "PU", "--variables", "[]"], "variables: expected a JSON object"),
            (["--as", "PU", "--variables", "{"], "variables: expected a JSON object"),
            (["--as", "PU", "--operation", "Two", *VARIABLES], "No operation has that name"),
        ],
    )
    def test_reason_is_one_line_and_exit_code_1(self, operator, words, says):
        assert says in operator.refused(str(operator.file), *words)

    @pytest.mark.parametrize(
        ("document", "says"),
        [
            ("{ subject", "1:10: Syntax Error"),
            ("{\n  nothing }", "2:3: Cannot query field 'nothing'"),
            ("mutation { x }", "document: "),
            ("", "document: "),
            (('{ searchSubjects(name: "x") { nodes { records(where: {fields: [{field: SUPPLIER_SANCTION_SANCTION_NO,'
             ' equals: "S"}]}) { totalCount } } } }'), "SupplierSanction.sanctionNo may not be referenced"),
            ("query($f: Int = null) { subjects(codes: []) { records(first: $f) { totalCount } } }", "refused: "),
        ],
    )  # fmt: skip
    def test_fault_of_the_document_is_told_with_its_place(self, operator, document, says):
        operator.file.write_text(document, encoding="utf-8")

        assert says in operator.refused(str(operator.file), "--as", "PU")

    def test_too_many_subjects_are_told(self, operator):
        codes = json.dumps([SUBJECT] * 501)
        operator.file.write_text("query($c: [ID!]!) { subjects(codes: $c) { code } }", encoding="utf-8")

        line = operator.refused(str(operator.file), "--as", "PU", "--variables", f'{{"c": {codes}}}')
        assert "expected at most 500" in line

    def test_file_that_is_not_there_or_not_text_is_told(self, operator, tmp_path):
        (tmp_path / "bytes").write_bytes(b"\xff\xfe")

        assert "No such file" in operator.refused(str(tmp_path / "none"), "--as", "PU")
        assert "not UTF-8" in operator.refused(str(tmp_path / "bytes"), "--as", "PU")
        assert "document: " in operator.refused(str(tmp_path), "--as", "PU")

    def test_wrong_site_description_and_setting_are_told(self, operator, monkeypatch, tmp_path):
        monkeypatch.setenv("HUB_COST_RECORDS", '{"Nothing": 1}')
        assert "HUB_COST_RECORDS" in operator.refused(str(operator.file), "--as", "PU", *VARIABLES)
        monkeypatch.delenv("HUB_COST_RECORDS")
        (tmp_path / "sites").mkdir()
        (tmp_path / "sites" / "x.toml").write_text("id = 1", encoding="utf-8")
        monkeypatch.setenv("HUB_SITES", str(tmp_path / "sites"))

        assert "x.toml" in operator.refused(str(operator.file), "--as", "PU", *VARIABLES)

    @pytest.mark.parametrize("words", [[], ["--as", "XX"], ["--as", "PU", "--ceiling", "Z"]])
    def test_wrong_command_line_is_exit_code_2(self, operator, words):
        assert 2 == operator.type(str(operator.file), *words).exit_code


class TestProfile:
    """What costs are predicted from, as the store says."""

    async def test_means_are_printed_as_the_setting_takes_them(self, operator, monkeypatch, store_url, store):
        async with writing(store) as writer:
            await memory.enrol_source(writer, site())
        intake = Intake(store, load_rules(), source="cn-51", region="51", sealing=sealing_in())
        rows = [row(penalty(1, "甲1号"), 2), row(penalty(1, "乙2号"), 3), row(penalty(2, "丙3号"), 4)]
        await intake.take(intake.examine(batch(rows, "P"), now=NOW), after=None)
        monkeypatch.setenv("HUB_DATABASE_URL", store_url)

        done = await asyncio.to_thread(CliRunner().invoke, build(), ["plan", "profile"])
        assert {"Penalty": 1.5} == json.loads(done.stdout)
        monkeypatch.setenv("HUB_COST_RECORDS", done.stdout)
        assert {"Penalty": 1.5} == load_settings().cost_records

    @pytest.mark.parametrize("migrated", [True, False])
    def test_store_with_nothing_in_it_is_told(self, operator, migrated, tmp_path):
        if migrated:
            migrate.upgrade(f"sqlite:///{tmp_path}/absent.db")

        done = CliRunner().invoke(build(), ["plan", "profile"])

        assert (1, "", 1) == (done.exit_code, done.stdout, len(done.stderr.splitlines()))
