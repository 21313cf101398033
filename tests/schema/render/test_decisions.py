"""How a decision becomes an answer: whole, under a mask, or null; and what of it is told to the log."""

from dataclasses import replace

import pytest

from schema.catalogue import Arrears, Grade, Penalty, Registration, SupplierSanction
from schema.catalogue.model import Category, FieldType, Mask
from schema.plan.decider import Manner
from schema.policy.masks import apply_mask
from schema.policy.model import ActorKind
from schema.records import Severity
from schema.tiers import Tier
from tests.schema.render.stage import PUBLIC, Stage, nodes, open_to_all, records, subject
from tests.support.people import standing
from tests.support.worlds import OTHER, SUBJECT, dossier, registration, stored

DEPARTMENT = standing(
    ActorKind.LD,
    purpose="SUPERVISION",
    context=(("task", "2026-17"),),
    organisation="11510000MB1N00104A",
    regions=frozenset({"51"}),
)
SELF = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=SUBJECT)
PHONE = "13812345678"
FIELD_MASKS = (Mask.M1, Mask.M2, Mask.M3, Mask.M4, Mask.M5)


def penalty(key: str = "k1", severity: Severity = Severity.GENERAL, **values):
    body = Penalty(**{"document_no": f"D-{key}", "decided_on": "2026-05-01", **values})
    return stored(body, key, severity=severity, region="510100", publicity_to="2027-05-01")


FULL = penalty(
    facts=f"现场负责人电话{PHONE}",
    fine_amount="12.5",
    legal_representative="张三丰",
    legal_representative_id_no="110105194912310021",
    legal_representative_id_type="身份证",
    penalty_kinds=("罚款", "警告"),
    case_withdrawn=False,
)


def shown(said, field):
    return [node[field] for node in nodes(said) if field in node]


class TestByTheSeed:
    """What the policy that ships makes of the fields of real askers."""

    @pytest.mark.parametrize(
        ("who", "field", "value"),
        [
            (PUBLIC, "facts", "现场负责人电话***********"),
            (PUBLIC, "legalRepresentative", "张*"),
            (PUBLIC, "legalRepresentativeIdNo", None),
            (PUBLIC, "documentNo", "D-k1"),
            (PUBLIC, "fineAmount", "12.5"),
            (PUBLIC, "penaltyKinds", ["罚款", "警告"]),
            (PUBLIC, "caseWithdrawn", False),
            (SELF, "facts", f"现场负责人电话{PHONE}"),
            (SELF, "legalRepresentative", "张三丰"),
            (SELF, "legalRepresentativeIdNo", "110105********002*"),
            (DEPARTMENT, "legalRepresentativeIdNo", None),
        ],
    )
    def test_field_of_a_penalty(self, ground, who, field, value):
        said = Stage(ground, {SUBJECT: dossier(FULL)}).both(records(f"... on Penalty {{ {field} }}"), who)

        assert [value] == shown(said, field)

    @pytest.mark.parametrize(("amount", "band"), [("45.6", "30-100"), ("0", "<1"), (None, None), ("viel", None)])
    def test_arrears_are_told_to_a_department_in_bands(self, ground, amount, band):
        row = stored(
            Arrears(billing_period="2026-08", amount_unpaid=amount, due_on="2026-09-01"), "ka", region="510100"
        )

        said = Stage(ground, {SUBJECT: dossier(row)}).both(records("... on Arrears { amountUnpaid }"), DEPARTMENT)

        assert [band] == shown(said, "amountUnpaid")
        assert {"Arrears.amountUnpaid": "m3"} == said.masked

    def test_open_fields_are_told_to_no_log(self, ground):
        said = Stage(ground, {SUBJECT: dossier(FULL)}).both(
            records("id kind day category subjectCode severity severityBasis publicityState objected publicityFrom")
        )

        assert ((), {}, {}) == (said.served, said.masked, said.denied)

    def test_subjects_own_words_are_told_to_the_log(self, ground):
        said = Stage(ground, {SUBJECT: dossier(FULL)}).both(subject("name status code id holdings { kind }"))

        assert ("CreditSubject.name", "CreditSubject.status") == said.served


class TestMasks:
    """Every mask on every type of field, whatever the catalogue joins today."""

    FIELDS = (
        ("Penalty.documentNo", FieldType.TEXT, "11010519491231002X"),
        ("Penalty.counterpartyCode", FieldType.CODE, "91510100MA6CK00A2M"),
        ("Penalty.decidedOn", FieldType.DATE, "2026-05-01"),
        ("Penalty.fineAmount", FieldType.AMOUNT, "12.500000"),
        ("Grade.score", FieldType.DECIMAL, "88.5"),
    )

    @pytest.mark.parametrize("mask", FIELD_MASKS)
    @pytest.mark.parametrize("example", FIELDS)
    @pytest.mark.parametrize("is_there", [True, False])
    def test_text_is_shown_under_its_mask(self, ground, mask, example, is_there):
        coordinate, kind, value = example
        stage = masked_stage(ground, coordinate, mask, value if is_there else None)
        assert kind is stage.ground.exchange.specs[coordinate].field.type

        said = stage.both(field_of(coordinate))

        (found,) = shown(said, coordinate.split(".")[1])
        assert (apply_mask(mask, value) if is_there else None) == found
        assert ((), {coordinate: mask.value}) == (said.served, said.masked)

    @pytest.mark.parametrize("mask", [Mask.M1, Mask.M2, Mask.M4])
    @pytest.mark.parametrize("values", [(), ("张三丰",), (f"张三丰{PHONE}", "李四")])
    def test_each_text_of_a_list_is_shown_under_the_mask(self, ground, mask, values):
        stage = masked_stage(ground, "Penalty.penaltyKinds", mask, values)

        (found,) = shown(stage.both(field_of("Penalty.penaltyKinds")), "penaltyKinds")

        assert len(values) == len(found)
        assert all(PHONE not in text for text in found)

    @pytest.mark.parametrize("mask", FIELD_MASKS)
    def test_list_that_is_not_there_is_null_under_every_mask(self, ground, mask):
        stage = masked_stage(ground, "Penalty.penaltyKinds", mask, None)

        said = stage.both(field_of("Penalty.penaltyKinds"))

        assert ([None], {"Penalty.penaltyKinds": mask.value}) == (shown(said, "penaltyKinds"), said.masked)

    @pytest.mark.parametrize("mask", [Mask.M3, Mask.M5])
    def test_list_with_a_text_that_the_mask_cannot_show_is_handed_over(self, ground, mask):
        """An item of a list may not be null: the list is, with an error, and that is not compiled."""
        stage = masked_stage(ground, "Penalty.penaltyKinds", mask, ("罚款",))

        assert "mask" == stage.reason(field_of("Penalty.penaltyKinds"))

    @pytest.mark.parametrize("mask", FIELD_MASKS)
    def test_number_under_a_mask_is_handed_over(self, ground, mask):
        """No mask fits a boolean; if a catalogue ever joins them, the reference executor answers."""
        document = field_of("Penalty.caseWithdrawn")

        assert "type" == masked_stage(ground, "Penalty.caseWithdrawn", mask, value=True).reason(document)
        said = masked_stage(ground, "Penalty.caseWithdrawn", mask, None).both(document)
        assert ([None], {"Penalty.caseWithdrawn": mask.value}) == (shown(said, "caseWithdrawn"), said.masked)

    @pytest.mark.parametrize("mask", FIELD_MASKS)
    @pytest.mark.parametrize("name", ["name", "status", "region", "sector", "parentCode"])
    def test_texts_of_the_subject_are_shown_under_their_mask(self, ground, mask, name):
        open_ground = open_to_all(
            ground,
            {Category.C01: frozenset({mask})},
            entries={f"CreditSubject.{name}": mask, "Registration.name": None},
        )

        said = Stage(open_ground, {SUBJECT: dossier()}).both(subject(f"code {name}"))

        assert {f"CreditSubject.{name}": mask.value} == said.masked

    @pytest.mark.parametrize(
        "field", ["formerNames { name }", "timeline { event }", "registration { code }"]
    )  # fmt: skip
    def test_objects_of_the_subject_under_a_mask_are_handed_over(self, ground, field):
        """No mask fits an object."""
        name = field.split()[0]
        open_ground = open_to_all(
            ground, {Category.C01: frozenset({Mask.M4})}, entries={f"CreditSubject.{name}": Mask.M4}
        )

        assert "type" == Stage(open_ground, {SUBJECT: dossier()}).reason(subject(field))

    @pytest.mark.parametrize("mask", FIELD_MASKS)
    def test_field_that_no_mask_fits_is_shown_whole_beside_masked_ones(self, ground, mask):
        stage = masked_stage(ground, "Penalty.documentNo", mask, "A-1234567")

        said = stage.both(records("... on Penalty { documentNo authorityName }"))

        assert (("Penalty.authorityName",), {"Penalty.documentNo": mask.value}) == (said.served, said.masked)


def masked_stage(ground, coordinate: str, mask: Mask, value) -> Stage:
    """A stage whose policy shows *coordinate*, with *value*, under *mask*."""
    open_ground = open_to_all(ground, dict.fromkeys(Category, frozenset({mask})), entries={coordinate: mask})
    attribute = open_ground.exchange.specs[coordinate].name
    if coordinate.startswith("Grade"):
        row = stored(Grade(scheme="CEC", issued_on="2025-03-01", **{attribute: value}), "k1")
    else:
        row = penalty(**{attribute: value})
    return Stage(open_ground, {SUBJECT: dossier(row)})


def field_of(coordinate: str) -> str:
    kind, name = coordinate.split(".")
    return records(f"... on {kind} {{ {name} }}")


class TestDenials:
    def test_denied_field_is_null_and_counted_once_for_every_place(self, ground):
        rows = [penalty(f"k{n}", legal_representative_id_no="1") for n in range(3)]
        stage = Stage(ground, {SUBJECT: dossier(*rows)})

        said = stage.both(records("... on Penalty { legalRepresentativeIdNo again: legalRepresentativeIdNo }"))

        assert [None] * 3 == shown(said, "legalRepresentativeIdNo") == shown(said, "again")
        assert {"Penalty.legalRepresentativeIdNo": 6} == said.denied

    def test_places_add_up_over_subjects_and_ways(self, ground):
        stage = Stage(ground, {code: dossier(penalty("k1"), penalty("k2"), code=code) for code in (SUBJECT, OTHER)})
        field = "... on Penalty { legalRepresentativeIdNo }"

        said = stage.both(
            f'{{ subjects(codes: ["{SUBJECT}", "{OTHER}", "{SUBJECT}"])'
            f" {{ records {{ nodes {{ {field} }} edges {{ node {{ {field} }} }} }} }} }}"
        )

        assert {"Penalty.legalRepresentativeIdNo": 12} == said.denied

    def test_fields_of_one_kind_are_counted_apart(self, ground):
        stage = Stage(ground, {SUBJECT: dossier(penalty("k1"), penalty("k2"))})

        said = stage.both(
            records(
                "... on Penalty { legalRepresentativeIdNo legalRepresentativeIdType }"
                " ... on Registration { legalRepresentativeIdNo }"
            )
        )

        expected = {"Penalty.legalRepresentativeIdNo": 2, "Penalty.legalRepresentativeIdType": 2}
        assert {**expected, "Registration.legalRepresentativeIdNo": 1} == said.denied

    def test_denied_field_of_no_row_is_counted_nowhere(self, ground):
        said = Stage(ground, {SUBJECT: dossier()}).both(records("... on Penalty { legalRepresentativeIdNo }"))

        assert {} == said.denied

    def test_subject_whose_words_are_hidden_is_not_counted_where_another_row_would_show_them(self, ground):
        stage = Stage(ground, {SUBJECT: dossier(registration(tier=Tier.G), penalty(), known=False)})

        said = stage.both(subject("name status registration { name } formerNames { name }"))

        assert {"name": None, "status": None, "registration": None, "formerNames": None} == said.data["subject"]
        assert {} == said.denied

    def test_fields_of_the_subject_that_nobody_like_this_may_read_are_null_and_counted(self, ground):
        hidden = open_to_all(
            ground,
            except_fields={
                Category.C01: frozenset(f"CreditSubject.{name}" for name in ("name", "timeline", "registration"))
            },
        )

        said = Stage(hidden, {SUBJECT: dossier()}).both(
            subject("name status timeline { event } registration { name } a: name")
        )

        assert "存续" == said.data["subject"]["status"]
        assert {"CreditSubject.name": 2, "CreditSubject.timeline": 1, "CreditSubject.registration": 1} == said.denied
        assert ("CreditSubject.status",) == said.served

    @pytest.mark.parametrize(
        "values", [{"facts": "GEHEIM"}, {"penalty_kinds": ("GEHEIM",)}, {"fine_amount": "77123"}, {"remark": "GEHEIM"}]
    )
    def test_denied_value_is_not_even_read(self, ground, values):
        """A denied field does not occur in the code: whatever stands in it cannot leave by it."""
        (attribute,) = values
        spec = next(spec for spec in ground.exchange.specs.values() if (spec.kind, spec.name) == ("Penalty", attribute))
        hidden = open_to_all(ground, except_fields=dict.fromkeys(Category, frozenset({spec.coordinate})))
        stage = Stage(hidden, {SUBJECT: dossier(penalty(**values))})
        document = records(f"... on Penalty {{ {spec.api_name} }}")

        said = stage.both(document)
        code = stage.code(document)
        code.run()

        assert [None] == shown(said, spec.api_name)
        assert f"body.{attribute}" not in code.explain()
        assert "GEHEIM" not in said.text
        assert "77123" not in said.text


class TestRowClasses:
    """Rows of one kind in one dossier that are shown in different manners."""

    MIXED = (penalty("k1", facts=f"甲{PHONE}"), penalty("k2", Severity.MINOR, facts=f"乙{PHONE}"))

    def test_one_row_is_masked_and_the_other_whole(self, ground):
        stage = Stage(open_to_all(ground, {Category.C05: frozenset({Mask.M4})}), {SUBJECT: dossier(*self.MIXED)})

        said = stage.both(records("... on Penalty { facts }"))

        assert {"甲***********", f"乙{PHONE}"} == set(shown(said, "facts"))
        assert (("Penalty.facts",), {"Penalty.facts": "m4"}) == (said.served, said.masked)

    def test_two_masks_of_one_field_are_both_told(self, ground):
        """The log says `m1+m4` where rows of one kind were shown under either."""
        # A field has one mask in today's catalogue, so the second manner is made by hand.
        stage = Stage(
            open_to_all(ground, {Category.C05: frozenset({Mask.M4}), Category.C06: frozenset({Mask.M4})}),
            {SUBJECT: dossier(*self.MIXED)},
        )
        code = stage.code(records("... on Penalty { facts }"))
        asking = code.asking
        rows = [row for row in asking.subjects[SUBJECT].records if row.stored.kind == "Penalty"]
        decider = asking.guard.decider
        decisions = dict(zip(decider.table.kinds["Penalty"], decider.manners[rows[0].manner].decisions, strict=True))
        decider.manners.append(Manner(kind="Penalty", decisions=tuple({**decisions, "facts": Mask.M1}.values())))
        other = replace(rows[0], manner=len(decider.manners) - 1)
        subjects = {SUBJECT: replace(asking.subjects[SUBJECT], records=[rows[0], other])}

        emitted = replace(code, asking=replace(asking, subjects=subjects)).run()

        assert {"Penalty.facts": "m1+m4"} == dict(emitted.showing.masked)

    def test_field_denied_on_some_rows_is_null_there_and_counted_nowhere(self, ground):
        stage = Stage(
            open_to_all(ground, except_fields={Category.C06: frozenset({"Penalty.facts"})}),
            {SUBJECT: dossier(*self.MIXED)},
        )

        said = stage.both(records("... on Penalty { facts }"))

        assert {None, f"甲{PHONE}"} == set(shown(said, "facts"))
        assert (("Penalty.facts",), {}) == (said.served, said.denied)

    def test_row_of_a_hidden_category_leaves_no_trace(self, ground):
        stage = Stage(open_to_all(ground, hidden=frozenset({Category.C06})), {SUBJECT: dossier(*self.MIXED)})

        said = stage.both(subject("records { totalCount nodes { ... on Penalty { facts } } } holdings { count }"))

        assert 2 == said.data["subject"]["records"]["totalCount"]
        assert "乙" not in said.text

    def test_department_sees_minor_ones_whole_and_groups_sanctions_not_at_all(self, ground):
        sanction = stored(SupplierSanction(sanction_no="S-1", starts_on="2026-02-01", cause="质量"), "k5")
        stage = Stage(ground, {SUBJECT: dossier(*self.MIXED, sanction)})

        said = stage.both(records("kind ... on Penalty { facts } ... on SupplierSanction { cause }"), DEPARTMENT)

        assert {f"甲{PHONE}", f"乙{PHONE}"} == set(shown(said, "facts"))
        assert "质量" not in said.text

    def test_registrations_of_two_subjects_are_shown_each_in_its_own_manner(self, ground):
        """The public reads the name that a public registration tells, and none that a sealed one does."""
        sealed = stored(
            Registration(name="密", code=OTHER, status="存续", region="510100"), "r2", subject=OTHER, tier=Tier.G
        )
        grade = stored(Grade(scheme="CEC", grade="AA", issued_on="2025-03-01"), "k3", subject=OTHER)
        stage = Stage(
            ground, {SUBJECT: dossier(), OTHER: dossier(sealed, grade, code=OTHER, known=False)}
        )  # fmt: skip

        said = stage.both(f'{{ subjects(codes: ["{SUBJECT}", "{OTHER}"]) {{ name registration {{ name }} }} }}')

        whole, bare = said.data["subjects"]
        assert whole["name"] == whole["registration"]["name"]
        assert {"name": None, "registration": None} == bare
