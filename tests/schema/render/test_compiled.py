"""The code of a plan: when it is not written, who may run it, and what its text holds."""

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.catalogue import Grade, Licence, Penalty
from schema.plan.decider import Decider, Manner
from schema.policy.model import ActorKind
from schema.records import Severity
from schema.render import compiled as compiled_module
from schema.render import write
from schema.render.runtime import HandOverError, NotWrittenError, Running, Site, subjects
from tests.schema.render.stage import PUBLIC, Code, Stage, content, hits, records, subject
from tests.support.people import GROUP, TENDER, standing
from tests.support.worlds import OTHER, SUBJECT, dossier, stored

BUYER = standing(ActorKind.GC, purpose="PROCUREMENT_CHECK", context=TENDER, organisation=GROUP)
PENALTIES = tuple(
    stored(
        Penalty(document_no=f"GEHEIM-{n}", facts=f"事{n}", decided_on="2026-05-01", legal_representative="张三丰"),
        f"k{n}",
        severity=Severity.GENERAL if n % 2 else Severity.MINOR,
        publicity_to="2027-05-01",
        region="510100",
    )
    for n in range(6)
)
GRADE = stored(Grade(scheme="CEC", grade="AA", score="88.5", issued_on="2025-03-01"), "k7")
LICENCE = stored(Licence(document_no="L-1", content="许可", decided_on="2025-01-01"), "k8")
DEEP = records(
    "__typename id ... on Penalty { documentNo facts legalRepresentative legalRepresentativeIdNo }"
    " ... on Grade { grade score } provenance { source asOf linkConfidence }"
)
NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


@pytest.fixture
def stage(ground) -> Stage:
    return Stage(ground, {SUBJECT: dossier(*PENALTIES, GRADE, LICENCE), OTHER: dossier(code=OTHER)})


class TestHandOver:
    @pytest.mark.parametrize(
        "document",
        [
            "{ __schema { types { name } } }",
            '{ __type(name: "Penalty") { name } }',
            f'{{ subject(code: "{SUBJECT}") {{ code }} __schema {{ queryType {{ name }} }} }}',
            "{ ...i } fragment i on Query { __typename __schema { description } }",
        ],
    )
    def test_introspection_is_not_compiled(self, stage, document):
        assert "introspection" == stage.reason(document)

    def test_introspection_that_is_left_out_does_not_matter(self, stage):
        assert {} == stage.both("{ __schema @skip(if: true) { types { name } } }").data

    def test_plan_of_too_many_lines_is_not_compiled(self, stage, monkeypatch):
        """The text is bounded: a document that would need more is answered by walking it."""
        monkeypatch.setattr(compiled_module, "lines_max", lambda _size: 13)

        assert stage.reason("{ me { actor } _service { sdl } }") is None
        assert "size" == stage.reason("{ me { actor } _service { sdl } sources { id } }")

    def test_bound_holds_for_what_is_written_while_running(self, stage, monkeypatch):
        monkeypatch.setattr(compiled_module, "lines_max", lambda _size: 4)
        code = stage.code(subject("records { nodes { kind } }"))

        with pytest.raises(HandOverError, match="size"):
            code.run()

    def test_bound_follows_the_size_of_the_document(self):
        """Whoever sends little takes little memory; the fullest document by hand has 9,000 characters, 4,000 lines."""
        assert 1_000 == write.lines_max(0)
        assert 5_000 < write.lines_max(9_000) < 9_000

    def test_code_that_is_not_written_is_not_written_where_others_wait(self, stage):
        """Nothing of the question is shown by such a run; the same run elsewhere writes it, and then it is there."""
        code = stage.code(subject("name records { nodes { kind } }"))
        with pytest.raises(NotWrittenError):
            code.run(only_written=True)
        answer = code.run().data.plain

        assert answer == code.run(only_written=True).data.plain

    def test_type_that_nobody_wrote_words_for_is_not_compiled(self, stage, monkeypatch):
        """A new open type is answered by the reference executor until it has its words."""
        monkeypatch.setattr(write, "PLAIN", {name: words for name, words in write.PLAIN.items() if name != "Me"})

        assert "type" == stage.reason("{ me { actor } }")

    def test_reason_is_a_word_and_never_a_value(self, stage):
        for document in ('{ __type(name: "GEHEIM") { name } }', records("id", '(after: "GEHEIM")')):
            reason = stage.reason(document)

            assert reason is not None
            assert re.fullmatch("[a-z]+", reason)

    def test_nothing_is_remembered_of_a_question_that_was_handed_over(self, stage):
        document = records("... on Penalty { legalRepresentativeIdNo }", "(first: $f)", head="query($f: Int!)")
        code, three = stage.code(document, f=0), stage.code(document, f=3)
        with pytest.raises(HandOverError):
            code.run()

        assert {"Penalty.legalRepresentativeIdNo": 3} == dict(code.run(three).denied)


class TestSharing:
    def test_threads_that_run_one_code_get_what_one_alone_gets(self, stage):
        """One plan serves many askers at once, also while its functions are being written."""
        alone = stage.both(DEEP).rendered
        for _ in range(10):
            code = stage.code(DEEP)
            with ThreadPoolExecutor(max_workers=4) as pool:
                emitted = list(pool.map(Code.run, [code] * 12))

            assert {alone.data} == {each.data for each in emitted}
            assert {alone.showing.served} == {each.showing.served for each in emitted}
            assert [dict(alone.denied)] * 12 == [dict(each.denied) for each in emitted]

    def test_showing_is_the_same_object_while_the_same_was_shown(self, stage):
        code = stage.code(DEEP)

        assert code.run().showing is code.run().showing

    def test_showings_are_bounded(self, stage, monkeypatch):
        monkeypatch.setattr(compiled_module, "_SHOWINGS_KEPT", 1)
        document = records("kind ... on Grade { grade }", "(kinds: $k)", head="query($k: [RecordKind!])")
        code, none = stage.code(document, k=["GRADE"]), stage.code(document, k=[])
        first = code.run().showing

        assert () == code.run(none).showing.served
        again = code.run().showing
        assert again is not first
        assert first.served == again.served == ("Grade.grade",)

    def test_list_with_constant_arguments_is_read_once(self, stage):
        code = stage.code(records("id", "(kinds: [GRADE])"))
        code.run()

        read = [code.compiled._list(0, code.variables)[0] for _ in range(2)]
        assert read[0] is read[1]


class TestExplain:
    def test_code_says_of_each_field_how_it_is_shown(self, stage):
        text = stage.code(DEEP).explain()

        assert "# Penalty.documentNo: clear" in text
        assert "# Penalty.facts: mask m4" in text
        assert "# Penalty.legalRepresentativeIdNo: deny" in text

    def test_code_is_python(self, stage):
        for document in (DEEP, "{ me { actor } sources { id } _service { sdl } __typename }", subject("code")):
            written = ast.parse(stage.code(document).explain()).body

            assert {ast.FunctionDef} == {type(part) for part in written}
            assert "answer" in {part.name for part in written if isinstance(part, ast.FunctionDef)}

    def test_every_manner_that_the_standing_allows_is_written(self, stage):
        """Before anything was asked for: what could be shown of every kind stands there to be read."""
        text = stage.code(records("__typename")).explain()

        assert all(
            f'"__typename": {kind!r}' in text.replace("'__typename'", '"__typename"') for kind in ("Penalty", "Grade")
        )
        assert "SupplierSanction" not in text
        assert "SupplierSanction" in stage.code(records("__typename"), BUYER).explain()

    def test_what_was_run_is_written_once(self, stage):
        code = stage.code(DEEP)
        before = code.explain()
        code.run()

        assert before == code.explain()

    @pytest.mark.parametrize("secret", ["GEHEIM", "SEKRET-7"])
    def test_code_holds_no_value_of_document_or_variables(self, stage, secret):
        page = hits((SUBJECT, "EXACT"))
        stage.searches = {(secret, 1, None): page}
        document = (
            "query($c: ID!, $k: [RecordKind!], $a: String) {"
            f' s: subject(code: $c) {{ records(kinds: $k, where: {{dayFrom: "2020-02-02"}}) {{ nodes {{ id }} }} }}'
            f' searchSubjects(name: "{secret}", first: 1, after: $a) {{ nodes {{ code }} }}'
            f' node(id: "{secret}") {{ id }} subjects(codes: ["{secret}"]) {{ code }} }}'
        )
        code = stage.code(document, c=SUBJECT, k=["GRADE"])
        code.run()

        text = code.explain()
        for value in (secret, SUBJECT, "GRADE", "2020-02-02", "GEHEIM"):
            assert value not in text

    ALIASES = st.from_regex(r"\A[_A-Za-z][_0-9A-Za-z]{0,12}\Z").filter(lambda name: not name.startswith("__"))

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
    @given(names=st.lists(ALIASES, min_size=3, max_size=3, unique=True))
    def test_response_keys_are_graphql_names_whatever_the_asker_chose(self, stage, names):
        """
        Keys of the asker stand in the text as literals; none is ever a Python name, not even `run` or `None`.
        """
        one, two, three = names
        document = (
            f'{{ {one}: subject(code: "{SUBJECT}") {{ {two}: records {{ {three}: nodes {{ {one}: __typename'
            f" ... on Penalty {{ {two}: facts }} }} }} }} }}"
        )

        said = stage.both(document)

        assert [one] == list(said.data)
        tree = ast.parse(stage.code(document).explain())
        keys = [
            key.value for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if key is not None
        ]  # fmt: skip
        assert {one, two, three} >= set(keys)
        assert all(NAME.fullmatch(key) for key in keys)

    @pytest.mark.parametrize("name", ["run", "None", "row", "body", "shown", "import", "exec", "_"])
    def test_key_that_is_a_word_of_python_is_a_key(self, stage, name):
        said = stage.both(subject(f"{name}: code records {{ nodes {{ {name}: id ... on Penalty {{ x: facts }} }} }}"))

        assert SUBJECT == said.data["subject"][name]


class TestFunctions:
    def test_selection_that_two_ways_lead_to_is_written_once(self, stage):
        document = subject("a: records { nodes { ...n } } b: records { nodes { ...n } }") + (
            " fragment n on CreditRecord { provenance { source } }"
        )
        text = stage.code(document).explain()

        assert 1 == text.count("def provenance_")

    def test_kinds_share_what_no_kind_changes(self, stage):
        text = stage.code(records("provenance { source }")).explain()

        assert 1 == text.count("def provenance_")

    def test_manner_that_no_row_has_is_written_when_it_is_met(self, stage):
        code = stage.code(records("... on Penalty { facts }"))
        decider: Decider = code.asking.guard.decider
        row = next(row for row in code.asking.subjects[SUBJECT].records if row.stored.kind == "Penalty")
        other = Manner(kind="Penalty", decisions=tuple(None for _ in decider.manners[row.manner].decisions))
        decider.manners.append(other)
        code.run()
        before = len(code.compiled._writer.tellings)
        (site,) = (site for site in code.compiled._writer.sites.values() if row.manner in site)

        assert {"facts": row.stored.body.facts} == site[len(decider.manners) - 1](row, None)
        assert 1 == len(code.compiled._writer.tellings) - before

    def test_standing_that_reads_more_has_other_code(self, stage):
        texts = [stage.code(DEEP, who).explain() for who in (PUBLIC, BUYER)]

        assert texts[0] != texts[1]


class TestRuntime:
    def test_one_value_stands_for_a_list(self, stage):
        asking = stage.code("{ __typename }").asking
        run = Running(asking=asking, arguments={}, list_at=lambda _: pytest.fail("no list"))

        assert 1 == len(subjects(run, "x"))
        assert 2 == len(subjects(run, ("x", "y")))

    def test_site_writes_each_manner_once(self):
        written = []
        site = Site(0, lambda _, manner: written.append(manner) or (lambda row, run: {"m": manner}))

        assert site[3] is site[3]
        assert [3] == written

    def test_search_size_that_is_no_number_is_handed_over(self, stage):
        """Coercion promises an Int; the code does not rely on that."""
        code = stage.code('query($f: Int! = 20) { searchSubjects(name: "x", first: $f) { nodes { code } } }')
        (root,) = code.plan.roots
        plan = replace(code.plan, roots=(replace(root, arguments={**root.arguments, "first": "20"}),))

        with pytest.raises(HandOverError, match="argument"):
            code.run(replace(code, plan=plan))

    def test_live_rows_are_shown_beside_stored_ones(self, stage):
        stage.contents = {SUBJECT: [content(GRADE)]}

        assert 2 == stage.both(records("... on Grade { grade }")).text.count('"AA"')
