"""
One record through all its rules, in the order a clerk would take: texts, fields, what is missing, what disagrees.

Rules:
    - A finding `E` keeps the record out, `W` does not; nothing is dropped in silence.
    - A natural person is refused whole (DG15) and not looked at further: this release takes organisations only.
    - A missing credit code keeps the record out (DG01), unless an organisation code or registration number that can
      find the subject stands beside it: then it warns. Half of some published lists have no other code.
    - Everything that does not depend on the record is worked out once, when the `Checker` is built.

Source: DOMAIN 2.5; 1.5 (codes missing in published lists); 9 (organisations only).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from types import MappingProxyType

from schema.catalogue.conditions import Condition
from schema.catalogue.model import FieldSpec, FieldType, Mask, Record, fields_of
from schema.identifiers.organisation_code import find_organisation_code
from schema.identifiers.registration_no import find_registration_no
from schema.rules.book import RuleBook, Rules
from schema.validation.between import RULES, Case, Setting, publicity_end, upload_limit
from schema.validation.conditions import MEANINGS, NATURAL_PERSON, RULE_OF, WORDS, Value, Values
from schema.validation.days import DateForm, read_day
from schema.validation.extras import ExtraReader
from schema.validation.fields import describe, reader_of
from schema.validation.findings import Checked, Label, Remarks
from schema.validation.personal import may_hold_personal_data, personal_spans
from schema.validation.texts import EMPTY_WORDS, SUSPECT, mended

NO_FORMS: frozenset[DateForm] = frozenset()
NO_AUTHORITIES: Mapping[str, str] = MappingProxyType({})
_NO_EXTRA: dict[str, str] = {}


class Checker:
    """
    Checks records of one kind under one set of rules. Build once, use for every row; safe to share between threads.

    Args:
        kind: Catalogue class.
        rules: Rules in force on the records' decision day.
        book: Every version of the rules, for DG18; None leaves DG18 out.
        forms: Date forms the site declares besides ISO.
        authorities: Credit code -> name of known authorities (DG11).
        asked: Fields that were asked for; what was not asked for is not missed. None: all of them.

    Raises:
        NoRuleError: a value list that the kind names is not in force.
    """

    def __init__(
        self,
        kind: type[Record],
        rules: Rules,
        *,
        book: RuleBook | None = None,
        forms: AbstractSet[DateForm] = NO_FORMS,
        authorities: Mapping[str, str] = NO_AUTHORITIES,
        asked: AbstractSet[str] | None = None,
    ) -> None:
        everything = fields_of(kind)
        specs = [spec for spec in everything if asked is None or spec.name in asked]
        described = [describe(spec, rules) for spec in specs]
        self._kind = kind
        self._extra = ExtraReader(rules, forms)
        self._names = frozenset(spec.name for spec in specs)
        self._labels = {spec.name: describe(spec, rules).label for spec in everything}
        self._plan = tuple((one.spec.name, reader_of(one, forms), one.field.required, one.label) for one in described)
        self._conditional = tuple(
            (spec.name, Condition(spec.field.required_when)) for spec in specs if spec.field.required_when
        )
        self._free = tuple(spec.name for spec in specs if _is_free_text(spec))
        self._between = RULES.get(kind.KIND, ())
        self._setting = Setting(
            rules=rules,
            authorities=authorities,
            labels=MappingProxyType(self._labels),
            upload_until=upload_limit(rules),
            publicity_end=publicity_end(book) if book else None,
        )

    def check(self, values: Mapping[str, str | None], extra: Mapping[str, str], received_on: date) -> Checked:
        """
        Check one row.

        Args:
            values: Catalogue field name -> text as sent, None or absent for nothing.
            extra: `Row.extra`.
            received_on: Day of receipt in Asia/Shanghai.

        Returns:
            The record if it may be kept, and everything found. Never raises for what a source sent.
        """
        remarks = Remarks()
        read_besides = self._extra.read(extra, remarks) if extra else _NO_EXTRA
        texts = self._mended(values, remarks)
        if extra:
            texts = self._with_content_of(read_besides, texts)
        read, missing = self._read(texts, remarks)
        if read.get("counterparty_kind") == NATURAL_PERSON:
            return _refused_person(self._labels["counterparty_kind"])
        self._require(read, missing, remarks)
        self._search_personal_data(read, remarks)
        case = Case(values=read, extra=read_besides, received=received_on.isoformat())
        for rule in self._between:
            rule(self._setting, case, remarks)
        return Checked(
            record=None if remarks.refused else self._kind(**read),
            findings=tuple(remarks.findings),
            notes=tuple(remarks.notes),
            extra=read_besides,
        )

    def _mended(self, values: Mapping[str, str | None], remarks: Remarks) -> Mapping[str, str | None]:
        """Mend texts where one of them has a suspect character; most rows have none and pass as they are."""
        if not values.keys() <= self._names:
            for name in sorted(values.keys() - self._names):
                remarks.note(Label(name=name, zh=name, en=name), "目录外的列，已忽略", "not in the catalogue, ignored")
        if not SUSPECT.search("\n".join([text for text in values.values() if text])):
            return values
        clean: dict[str, str | None] = {}
        for name, text in values.items():
            if name not in self._names:
                continue
            clean[name], faults = mended(text) if text else (text, ())
            for fault in faults:
                remarks.warn("DG16", self._labels[name], fault.zh, fault.en)
        return clean

    def _with_content_of(self, extra: Mapping[str, str], texts: Mapping[str, str | None]) -> Mapping[str, str | None]:
        """Take what arrives beside the record but belongs to its content (撤销原因, 撤销立案) into the record."""
        taken = {name: text for name, text in extra.items() if name in self._names and not texts.get(name)}
        return {**texts, **taken} if taken else texts

    def _read(self, texts: Mapping[str, str | None], remarks: Remarks) -> tuple[dict[str, Value], set[str]]:
        read: dict[str, Value] = {}
        missing: set[str] = set()
        for name, reader, required, label in self._plan:
            text = texts.get(name)
            if text is not None:
                text = text.strip()
                if text not in EMPTY_WORDS:
                    value = reader(text, remarks)
                    if value or value == 0:  # no and nought are answers; '' and () are nothing
                        read[name] = value
                        continue
                    if value is None:
                        continue
            missing.add(name)
            if required and name != self._kind.CODE_FIELD:
                remarks.error("DG01", label, "必填，不得为空", "is required, must not be empty")
        return read, missing

    def _require(self, read: Values, missing: AbstractSet[str], remarks: Remarks) -> None:
        code = self._kind.CODE_FIELD
        needed = [(name, condition) for name, condition in self._conditional if name in missing]
        for name, condition in needed:
            if MEANINGS[condition](read) and name != code:
                remarks.error(
                    RULE_OF.get(condition, "DG01"),
                    self._labels[name],
                    f"{WORDS[condition]}时必填",
                    f"is required where {condition.value}",
                )
        if code in missing and code in self._names:
            self._require_code(read, remarks)

    def _require_code(self, read: Values, remarks: Remarks) -> None:
        label = self._labels[self._kind.CODE_FIELD]
        if find_organisation_code(str(read.get("organisation_code", ""))) or find_registration_no(
            str(read.get("registration_no", ""))
        ):
            remarks.warn(
                "DG01",
                label,
                "为空，将按组织机构代码或注册号归一主体",
                "is empty; the subject is sought by its organisation code or registration number",
            )
        else:
            remarks.error("DG01", label, "必填，不得为空", "is required, must not be empty")

    def _search_personal_data(self, read: Values, remarks: Remarks) -> None:
        free = [str(read[name]) for name in self._free if name in read]
        if not may_hold_personal_data("\n".join(free)):
            return
        for name in self._free:
            found = personal_spans(str(read.get(name, "")))
            for data in dict.fromkeys(span.kind for span in found):
                remarks.error(
                    "DG15", self._labels[name], f"含{data.zh}，不予公示", f"holds {data.en}, not to be published"
                )


def check_record(
    kind: type[Record],
    values: Mapping[str, str | None],
    extra: Mapping[str, str],
    rules: Rules,
    received_on: date,
) -> Checked:
    """Check a single row; see `Checker.check`. For many rows, build a `Checker` or `Checkers` once."""
    return Checker(kind, rules).check(values, extra, received_on)


class Checkers:
    """
    The checkers of a rule book, each built when first asked for. Owned by one harvester.

    A record is judged by the rules in force on its own day (`MAIN_DAY`); where that cannot be read, by those in force
    at receipt.
    """

    def __init__(
        self,
        book: RuleBook,
        *,
        forms: AbstractSet[DateForm] = NO_FORMS,
        authorities: Mapping[str, str] = NO_AUTHORITIES,
    ) -> None:
        self._book = book
        self._forms = forms
        self._authorities = authorities
        self._built: dict[tuple[str, date], Checker] = {}

    def check(
        self,
        kind: type[Record],
        values: Mapping[str, str | None],
        extra: Mapping[str, str],
        received_on: date,
    ) -> Checked:
        """Check one row of *kind* by the rules of its own day; see `Checker.check`."""
        day = read_day((values.get(kind.MAIN_DAY) or "").strip(), self._forms)
        rules = self._book.on(min(day, received_on) if day else received_on)
        return self._checker(kind, rules).check(values, extra, received_on)

    def _checker(self, kind: type[Record], rules: Rules) -> Checker:
        built = self._built.get((kind.KIND, rules.since))
        if built is None:
            built = Checker(kind, rules, book=self._book, forms=self._forms, authorities=self._authorities)
            self._built[kind.KIND, rules.since] = built
        return built


def _is_free_text(spec: FieldSpec) -> bool:
    return spec.field.mask is Mask.M4 and spec.field.type is FieldType.TEXT


def _refused_person(label: Label) -> Checked:
    remarks = Remarks()
    remarks.error(
        "DG15", label, "本期只接收组织的信息，不接收自然人", "this release takes organisations, no natural persons"
    )
    return Checked(record=None, findings=tuple(remarks.findings))
