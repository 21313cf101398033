"""The catalogue as a page of the manual (`docs/catalogue.md`); `make docs` writes it, a test keeps it current."""

from collections.abc import Iterator, Sequence

from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Field, FieldSpec, FieldType, Record, api_name_of, fields_of

_HEAD = """# The catalogue (信用信息目录)

Version {version}. Written from `schema/catalogue/`; edit there, then run `make docs`.

Every field may be absent. Length counts characters; an amount is 万元, decimal text, at most (integer digits.decimals).
Tiers are reader sets: P public, S industry and government, I industry, G government, A by the subject's authority,
R restricted to source, authority and subject. A field's tier is the loosest it can bear: the record's category, list
and state can only make it stricter. Masks: m1 family name, m2 identity number, m3 amount band, m4 free text with
personal numbers redacted, m5 month. F may stand in a filter, S in a sort.
A record key also holds kind, subject and, where a decision names several violations, which one it is.
"""
_COLUMNS = ("field", "code", "中文", "English", "type", "required", "values", "tier", "mask", "use")


def catalogue_page() -> str:
    """Write the page: one section for each kind, one row for each field, in catalogue order."""
    parts = [_HEAD.format(version=CATALOGUE_VERSION), _overview()]
    parts += ["\n".join(_section(kind)) for kind in KINDS.values()]
    return "\n".join(parts) + "\n"


def _overview() -> str:
    rows = [
        (
            f"[{kind.KIND}](#{kind.KIND.lower()})",
            kind.ZH,
            kind.EN,
            ", ".join(kind.CATEGORIES),
            kind.PREFIX or "",
            str(len(fields_of(kind))),
        )
        for kind in KINDS.values()
    ]
    return "\n".join(_table(("kind", "中文", "English", "categories", "national table", "fields"), rows)) + "\n"


def _section(kind: type[Record]) -> Iterator[str]:
    yield f"## {kind.KIND}"
    yield ""
    key = ", ".join(f"`{api_name_of(name)}`" for name in kind.KEY_FIELDS)
    yield f"{kind.ZH}. {kind.EN}. Main day: `{api_name_of(kind.MAIN_DAY)}`. Record key within a subject: {key}."
    yield ""
    yield from _table(_COLUMNS, [_row(spec) for spec in fields_of(kind)])
    yield ""


def _row(spec: FieldSpec) -> tuple[str, ...]:
    field = spec.field
    return (
        f"`{spec.api_name}`",
        f"`{field.code}`" if field.code else "",
        field.zh,
        field.en,
        _type(field),
        "yes" if field.required else field.required_when or "",
        field.values or "",
        field.tier.value + (f" ({field.category})" if field.category else ""),
        field.mask or "",
        ("F" if field.filterable else "") + ("S" if field.sortable else ""),
    )


def _type(field: Field) -> str:
    if field.type in {FieldType.AMOUNT, FieldType.DECIMAL} and field.precision is not None:
        return f"amount {field.precision[0]}.{field.precision[1]}"
    return field.type.value if field.length is None else f"{field.type.value} {field.length}"


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield _line(columns)
    yield "|" + "---|" * len(columns)
    yield from (_line(row) for row in rows)


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
