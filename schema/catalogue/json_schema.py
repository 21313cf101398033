"""
JSON Schema of what a connector hands over for one kind, for authors of connectors in any language.

Rules:
    - Values are text as `connectors.port.Row.values` carries them: catalogue attribute -> text or null.
    - A schema says form only. Conditional requirements, value lists with their synonyms and check digits are the
      intake's (`schema.validation`); their names stand beside the field as `x-` keywords.
"""

from schema.catalogue import CATALOGUE_VERSION
from schema.catalogue.model import Field, FieldSpec, FieldType, Record, fields_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LIST_SEPARATOR = ";"

_PATTERNS = {
    FieldType.DATE: r"^\d{4}-\d{2}-\d{2}$",
    FieldType.TIME: r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}",
    FieldType.INTEGER: r"^-?\d+$",
}


def json_schema_of(kind: type[Record]) -> dict[str, object]:
    """
    Build the JSON Schema (draft 2020-12) of one row of *kind*.

    The result is JSON-ready; properties stand in catalogue order.
    """
    specs = fields_of(kind)
    return {
        "$schema": DIALECT,
        "$id": f"urn:credit-exchange:catalogue:{CATALOGUE_VERSION}:{kind.KIND}",
        "title": kind.ZH,
        "description": kind.EN,
        "type": "object",
        "additionalProperties": False,
        "properties": {spec.name: _property(spec) for spec in specs},
        "required": [spec.name for spec in specs if spec.field.required],
    }


def _property(spec: FieldSpec) -> dict[str, object]:
    field = spec.field
    may_be_empty: object = "string" if field.required else ["string", "null"]
    found: dict[str, object] = {"title": field.zh, "description": field.en, "type": may_be_empty}
    if field.length is not None:
        found["maxLength"] = field.length
    if field.required:
        found["minLength"] = 1
    if (pattern := _pattern(field)) is not None:
        found["pattern"] = pattern
    return found | _keywords(field)


def _pattern(field: Field) -> str | None:
    if field.type in {FieldType.AMOUNT, FieldType.DECIMAL}:
        whole, decimals = field.precision or (None, None)
        return rf"^-?\d{{1,{whole}}}(\.\d{{1,{decimals}}})?$" if whole else r"^-?\d+(\.\d+)?$"
    return _PATTERNS.get(field.type)


def _keywords(field: Field) -> dict[str, object]:
    separator = LIST_SEPARATOR if field.type is FieldType.TEXTS else None
    said: dict[str, object | None] = {
        "x-type": field.type.value,
        "x-code": field.code,
        "x-tier": field.tier.value,
        "x-required-when": field.required_when,
        "x-values": field.values,
        "x-separator": separator,
    }
    return {name: value for name, value in said.items() if value is not None}
