"""Values at their edges: numbers, times, texts; and what has not the type that its field declares."""

from dataclasses import replace

import pytest

from schema.catalogue import Grade, Licence, Penalty, Registration, SupplierSanction
from schema.catalogue.model import FieldType, Mask
from schema.policy.model import ActorKind
from schema.records import PublicityState, Severity, SeverityBasis
from schema.render.runtime import HandOverError, masked_all, number, whole
from schema.render.write import _field
from tests.schema.render.stage import ME, SOURCES, Stage, content, edited, nodes, records, subject
from tests.support.people import standing
from tests.support.worlds import NOON, SUBJECT, dossier, stored

SELF = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=SUBJECT)
GRADE = stored(Grade(scheme="CEC", grade="AA", issued_on="2025-03-01"), "k1")
PROVENANCE = "provenance { source batch version asOf receivedAt catalogueVersion freshness linkMethod linkConfidence }"


def grade_stage(ground, **changes) -> Stage:
    origin = {name: changes.pop(name) for name in ("version", "batch", "source") if name in changes}
    row = edited(GRADE, **changes, provenance=edited(GRADE.provenance, **origin))
    return Stage(ground, {SUBJECT: dossier(row)})


def provenance(said):
    return nodes(said)[0]["provenance"]


class TestFloats:
    @pytest.mark.parametrize(
        ("confidence", "text"),
        [
            (1.0, "1"), (0.95, "0.95"), (0.0001, "0.0001"), (0.1 + 0.2, "0.30000000000000004"), (0.0, "0"),
            (-0.0, "0"), (4096.0, "4096"), (1 / 3, "0.3333333333333333"), (-1.5, "-1.5"),
        ],
    )  # fmt: skip
    def test_both_forms_hold_the_same_text(self, ground, confidence, text):
        said = grade_stage(ground, link_confidence=confidence).both(records(PROVENANCE))

        assert f'"linkConfidence":{text}}}'.encode() in said.rendered.data.plain
        assert f'"linkConfidence":{text},'.encode() in said.rendered.data.canonical

    @pytest.mark.parametrize("confidence", [0.00009, 1e-7, 5e-324, -0.00001])
    def test_tiny_ones_are_handed_over(self, ground, confidence):
        """Below 1e-4 the two forms of JSON write an exponent, each in its own way."""
        assert "float" == grade_stage(ground, link_confidence=confidence).reason(records(PROVENANCE))

    def test_float_that_is_not_asked_for_does_not_matter(self, ground):
        assert grade_stage(ground, link_confidence=1e-7).reason(records("provenance { source }")) is None

    @pytest.mark.parametrize(("value", "written"), [(3.0, 3), (0.5, 0.5), (-2.0, -2)])
    def test_type_of_what_is_written(self, value, written):
        assert (written, type(written)) == (number(value), type(number(value)))


class TestIntegers:
    @pytest.mark.parametrize("value", [2**31 - 1, 0, -(2**31)])
    def test_32_bits_are_shown(self, ground, value):
        assert value == provenance(grade_stage(ground, version=value).both(records(PROVENANCE)))["version"]

    @pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**64])
    def test_more_than_32_bits_are_handed_over(self, ground, value):
        """An Int of GraphQL has 32 bits: the reference executor tells the error."""
        assert "integer" == grade_stage(ground, version=value).reason(records(PROVENANCE))

    @pytest.mark.parametrize("value", [2**31 - 1, 2**31])
    def test_every_integer_is_looked_at(self, ground, value):
        expected = None if value < 2**31 else "integer"
        stage = Stage(
            ground,
            sources=[replace(SOURCES[0], values={**SOURCES[0].values, "max_age_seconds": value})],
            me=replace(ME, values={**ME.values, "max_page": value}),
        )

        assert expected == stage.reason("{ sources { maxAgeSeconds } }")
        assert expected == stage.reason("{ me { maxPage } }")
        assert stage.reason("{ me { maxCodes policyVersion } }") is None

    def test_integer_of_a_record_is_looked_at_too(self, ground):
        """The catalogue has no integer today; the first one is not shown beyond 32 bits."""
        spec = ground.exchange.specs["Penalty.documentNo"]
        counted = replace(spec, field=replace(spec.field, type=FieldType.INTEGER))

        assert ("whole(body.document_no)", "body.document_no") == (_field(counted, None), _field(spec, None))
        assert "body.document_no" in _field(counted, Mask.M4)
        assert "unproved()" in _field(counted, Mask.M4)

    @pytest.mark.parametrize("value", [None, 5, -(2**31)])
    def test_what_fits_is_itself(self, value):
        assert value == whole(value)


class TestProvenance:
    def test_stored_row_tells_where_it_is_from(self, ground):
        said = grade_stage(ground).both(records(PROVENANCE))

        expected = {
            "source": "national", "batch": "B-1", "version": 1, "asOf": NOON, "receivedAt": NOON,
            "catalogueVersion": "2026.11", "freshness": "FRESH", "linkMethod": "uscc", "linkConfidence": 1,
        }  # fmt: skip
        assert expected == provenance(said)

    def test_source_nobody_knows_is_stale(self, ground):
        said = grade_stage(ground, source="elsewhere").both(records(PROVENANCE))

        assert "STALE" == provenance(said)["freshness"]

    @pytest.mark.parametrize("undated", [True, False])
    def test_live_row_without_a_time_of_its_own_has_the_answers(self, ground, undated):
        """A source that repeats itself vouches anew: what was remembered does not tell an old time."""
        stage = Stage(
            ground,
            {SUBJECT: dossier()},
            contents={SUBJECT: [content(GRADE, undated=undated)]},
            moments={("national", SUBJECT): ("2026-11-20T05:00:00.000000Z", "2026-11-20T05:00:01.000000Z")},
        )

        told = provenance(stage.both(records(PROVENANCE)))

        assert ("2026-11-20T05:00:00.000000Z" if undated else NOON) == told["asOf"]
        assert "2026-11-20T05:00:01.000000Z" == told["receivedAt"]
        assert told["batch"] is None

    def test_live_row_of_a_source_that_gave_no_moment_keeps_its_time(self, ground):
        stage = Stage(ground, {SUBJECT: dossier()}, contents={SUBJECT: [content(GRADE)]})

        assert NOON == provenance(stage.both(records(PROVENANCE)))["receivedAt"]


class TestUnproved:
    """A live body is a source's word: where a value has not its type, the guarded executor shows the row."""

    @pytest.mark.parametrize(
        "values",
        [
            {"document_no": 7}, {"facts": 1.5}, {"penalty_kinds": "罚款"}, {"penalty_kinds": ["罚款", 7]},
            {"case_withdrawn": "是"}, {"case_withdrawn": 1}, {"decided_on": 20260501}, {"remark": {}},
        ],
    )  # fmt: skip
    def test_live_value_of_another_type_is_handed_over(self, ground, values):
        assert "type" == self.stage(ground, **values).reason(records("... on Penalty { documentNo }"))

    @pytest.mark.parametrize(
        "values",
        [{}, {"document_no": None}, {"penalty_kinds": ("罚款",)}, {"penalty_kinds": ()}, {"case_withdrawn": True}],
    )
    def test_live_value_of_its_type_is_shown(self, ground, values):
        said = self.stage(ground, **values).both(records("... on Penalty { documentNo penaltyKinds caseWithdrawn }"))

        assert 2 == len(nodes(said))

    def test_row_that_is_not_shown_does_not_matter(self, ground):
        stage = self.stage(ground, document_no=7)

        assert stage.reason(records("id", "(kinds: [REGISTRATION])")) is None
        assert stage.reason(subject("name holdings { count }")) is None

    def test_row_is_handed_over_by_whatever_way_it_is_reached(self, ground):
        stage = self.stage(ground, document_no=7)

        assert "type" == stage.reason(records("id"))
        assert "type" == stage.reason(subject("records { edges { node { id } } }"))

    def test_row_that_will_never_be_written_is_handed_over_at_once(self, ground):
        """Not first to where code may be written, and from there to the reference executor."""
        code = self.stage(ground, document_no=7).code(records("id", "(kinds: [PENALTY])"))
        with pytest.raises(HandOverError, match="type"):
            code.run()

        with pytest.raises(HandOverError, match="type"):
            code.run(only_written=True)

    def test_registration_that_is_not_proved_is_handed_over(self, ground):
        row = stored(Registration(name="某", code=SUBJECT, status="存续", region=510100), "r")
        stage = Stage(ground, {SUBJECT: dossier(known=False)}, contents={SUBJECT: [content(row)]})

        assert "type" == stage.reason(subject("registration { name }"))

    @staticmethod
    def stage(ground, **values) -> Stage:
        row = stored(
            Penalty(**{"document_no": "D", "decided_on": "2026-05-01", **values}),
            "k",
            severity=Severity.GENERAL,
            publicity_to="2027-05-01",
        )
        return Stage(ground, {SUBJECT: dossier()}, contents={SUBJECT: [content(row)]})


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            '"',
            "\\",
            "\n\r\t\b\f",
            "\x00\x1f",
            "\x7f\x80",
            "</script>",
            "\u2028\u2029",
            "能源",
            "😀",
            "é",
            "e\u0301",
        ],
    )
    def test_any_text_is_written_alike(self, ground, text):
        row = stored(Licence(document_no=text, decided_on="2025-01-01"), "k1")

        said = Stage(ground, {SUBJECT: dossier(row)}).both(records("... on Licence { documentNo }"))

        assert {"documentNo": text} in nodes(said)

    @pytest.mark.parametrize("place", ["subject", "subjects"])
    def test_half_a_character_is_handed_over(self, ground, place):
        """A lone surrogate has no UTF-8."""
        row = stored(Licence(document_no="\ud800", decided_on="2025-01-01"), "k1")
        argument = f'code: "{SUBJECT}"' if place == "subject" else f'codes: ["{SUBJECT}"]'
        document = f"{{ {place}({argument}) {{ records {{ nodes {{ ... on Licence {{ documentNo }} }} }} }} }}"

        assert "encoding" == Stage(ground, {SUBJECT: dossier(row)}).reason(document)

    def test_keys_are_sorted_in_the_canonical_form_at_every_depth(self, ground):
        said = grade_stage(ground).both(
            f'{{ b: subject(code: "{SUBJECT}") {{ z: name a: records(first: 1) {{ z: nodes {{ k: kind A: id }}'
            " a: totalCount } _z: code } B: __typename a: __typename }"
        )

        canonical = said.rendered.data.canonical
        assert b'{"B":"Query","a":"Query","b":{"_z":' == canonical[: len(b'{"B":"Query","a":"Query","b":{"_z":')]
        assert said.rendered.data.plain.startswith(b'{"b":{"z":')


class TestLists:
    def test_list_is_shown_whole(self, ground):
        row = stored(Penalty(document_no="D", decided_on="2026-05-01", penalty_kinds=("罚款", "警告")), "k",
                     severity=Severity.GENERAL, publicity_to="2027-05-01")  # fmt: skip

        said = Stage(ground, {SUBJECT: dossier(row)}).both(records("... on Penalty { penaltyKinds }"))

        assert {"penaltyKinds": ["罚款", "警告"]} in nodes(said)

    @pytest.mark.parametrize("values", [None, ()])
    def test_list_that_is_absent_or_empty(self, ground, values):
        row = stored(SupplierSanction(sanction_no="S", starts_on="2026-02-01", scope_units=values), "k", owner=SUBJECT)

        said = Stage(ground, {SUBJECT: dossier(row)}).both(records("... on SupplierSanction { scopeUnits }"), SELF)

        assert {"scopeUnits": None if values is None else []} in nodes(said)

    def test_masking_nothing_is_nothing(self):
        assert masked_all(str, None) is None
        assert [] == masked_all(str, ())

    def test_masking_stops_at_the_first_text_that_cannot_be_shown(self):
        with pytest.raises(HandOverError, match="mask"):
            masked_all(lambda text: text or None, ("a", "", "b"))


class TestEnumerations:
    @pytest.mark.parametrize("severity", [None, *Severity])
    @pytest.mark.parametrize("basis", [None, *SeverityBasis])
    def test_names_are_shown_and_not_values(self, ground, severity, basis):
        row = stored(
            Penalty(document_no="D", decided_on="2026-05-01"),
            "k",
            severity=severity,
            severity_basis=basis,
            publicity_to="2027-05-01",
            region="510100",
        )

        said = Stage(ground, {SUBJECT: dossier(row)}).both(
            records("severity severityBasis", "(kinds: [PENALTY])"), SELF
        )

        expected = {"severity": severity and severity.name, "severityBasis": basis and basis.name}
        assert [expected] == nodes(said)

    @pytest.mark.parametrize("state", list(PublicityState))
    def test_state_is_shown_by_its_name(self, ground, state):
        row = stored(Penalty(document_no="D", decided_on="2026-05-01"), "k", severity=Severity.GENERAL, state=state)

        said = Stage(ground, {SUBJECT: dossier(row)}).both(records("publicityState", "(kinds: [PENALTY])"), SELF)

        assert {node["publicityState"] for node in nodes(said)} <= {each.name for each in PublicityState}
