"""
Policy data to `Policy` and back: the officer's TOML files, and the JSON under which a version is stored and digested.

Rules:
    - One builder for both forms, so that a stored policy is held to the same rules as a file.
    - Everything is named: every category has a tier, every cell its column, and a key nobody knows is a fault.
    - A prohibition asks for no facts and no masks: it would otherwise hold for one row and not for the next, and more
      knowledge would mean less access.
    - The digest is of the content only; the same content stored again is the same policy.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace

from schema.catalogue.model import Category, Mask
from schema.policy.decide import PUBLIC_LOOKUP, ROW_MASKS
from schema.policy.entries import E, Entry, PolicyDataError
from schema.policy.model import ActorKind, Cell, Fact, FieldLabel, Policy, PurposeRule, Reader
from schema.tiers import Audience, Tier

DigestOf = Callable[[object], str]
"""Digest of a JSON-ready value, over its canonical form; `schema` may not import `keys`."""

FILES = ("categories.toml", "readers.toml", "purposes.toml", "matrix.toml", "fields.toml")
"""The files of a policy, in the order in which they are read."""

SPEC = "credit-exchange/policy/v1"

_CODE = r"[A-Z][A-Z_]*"
_KEY = r"[a-z][A-Za-z0-9]*"
_COORDINATE = r"[A-Z][A-Za-z]*\.[a-z][A-Za-z0-9]*"
_DAY = r"\d{4}-\d{2}-\d{2}"


def parse_policy(texts: Mapping[str, str], *, version: int, digest_of: DigestOf) -> Policy:
    """
    Read the TOML files of a policy.

    Args:
        texts: File name -> content, exactly `FILES`.
        version: Number the policy is to bear; not part of its digest.
        digest_of: See `DigestOf`.

    Raises:
        PolicyDataError: names the file, the entry, what was got and what was expected.
    """
    if set(texts) != set(FILES):
        raise PolicyDataError(f"policy: got files {sorted(texts)}, expected {sorted(FILES)}")
    categories, readers, purposes, matrix, fields = (_file(name, texts[name]) for name in FILES)
    parts = {
        "spec": SPEC,
        "tiers": _tiers_of_file(categories),
        "readers": dict(readers.entries()),
        "purposes": dict(purposes.entries()),
        "cells": _cells_of_file(matrix),
        "fields": _fields_of_file(fields),
    }
    places = (readers.place, purposes.place, matrix.place, fields.place)
    return _policy(Entry("policy", parts), version, digest_of, places=places)


def policy_from_json(value: object, *, version: int, digest_of: DigestOf) -> Policy:
    """
    Read what `policy_json` wrote.

    Raises:
        PolicyDataError: names the entry, what was got and what was expected.
    """
    places = ("policy: readers", "policy: purposes", "policy: cells", "policy: fields")
    return _policy(Entry("policy", value), version, digest_of, places=places)


def policy_json(policy: Policy) -> dict[str, object]:
    """
    Write the content of *policy* as JSON-ready values: all sets sorted, without version and digest.

    Equal policies give equal values, whatever the order in which their sets were written.
    """
    return {
        "spec": SPEC,
        "tiers": {category.value: policy.tiers[category].value for category in sorted(policy.tiers)},
        "readers": {code: _reader_json(policy.readers[code]) for code in sorted(policy.readers)},
        "purposes": {code: _purpose_json(policy.purposes[code]) for code in sorted(policy.purposes)},
        "cells": [_cell_json(cell) for cell in policy.cells],
        "fields": {name: _field_json(policy.fields[name]) for name in sorted(policy.fields)},
    }


def _file(name: str, text: str) -> Entry:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyDataError(f"{name}: got {error}, expected TOML") from error
    entry = Entry(name, table)
    entry.text("spec", rf"credit-exchange/policy-{name.removesuffix('.toml')}/v1")
    entry.text("effective_from", _DAY)
    return entry


def _tiers_of_file(file: Entry) -> dict[str, object]:
    tiers: dict[str, object] = {}
    for code, table in file.entries():
        entry = Entry(f"{file.place}: {code}", table)
        for key in ("zh", "en", "basis", "mark"):
            entry.text(key)
        tiers[code] = entry.take("tier")
        entry.finish()
    return tiers


def _cells_of_file(file: Entry) -> list[object]:
    cells: list[object] = []
    for category, tables in file.entries():
        if not isinstance(tables, list):
            raise file.fault(category, type(tables).__name__, f"lines that begin with [[{category}]]")
        for number, table in enumerate(tables, start=1):
            line = Entry(f"{file.place}: {category}: line {number}", table)
            reader = line.text("reader", _CODE)
            name = f".{line.text('name', _KEY)}" if "name" in table else ""
            rest = dict(line.entries())
            if rest.keys() & {"id", "category"}:
                raise line.fault(
                    "id, category", "one of them", "neither: the id is CATEGORY.READER, with .NAME if named"
                )
            cells.append({"id": f"{category}.{reader}{name}", "category": category, "reader": reader, **rest})
    return cells


def _fields_of_file(file: Entry) -> dict[str, object]:
    """Read `[Kind]` tables of `field = "TIER"` or `field = "TIER mask"`."""
    fields: dict[str, object] = {}
    for kind, table in file.entries():
        entry = Entry(f"{file.place}: {kind}", table)
        for name, text in entry.entries():
            if not isinstance(text, str):
                raise entry.fault(name, type(text).__name__, 'a tier, or a tier and a mask: "P m4"')
            tier, _, mask = text.partition(" ")
            fields[f"{kind}.{name}"] = {"tier": tier, "mask": mask or None}
    return fields


def _policy(value: Entry, version: int, digest_of: DigestOf, *, places: tuple[str, str, str, str]) -> Policy:
    value.text("spec", SPEC)
    tiers = _tiers(value.entry("tiers"))
    readers = {
        code: _reader(Entry(f"{places[0]}: {code}", table), code) for code, table in value.entry("readers").entries()
    }
    purposes = {
        code: _purpose(Entry(f"{places[1]}: {code}", table), code) for code, table in value.entry("purposes").entries()
    }
    cells = _cells(value.take("cells"), readers, places[2])
    fields = _fields(value.entry("fields"), places[3])
    value.finish()
    if PUBLIC_LOOKUP not in purposes:
        raise PolicyDataError(f"{places[1]}: got no {PUBLIC_LOOKUP}, expected the purpose of whoever names none")
    for reader in readers.values():
        if not reader.purposes <= purposes.keys():
            raise PolicyDataError(
                f"{places[0]}: {reader.code}: purposes: got an unknown one, expected some of {sorted(purposes)}"
            )
    unsigned = Policy(
        version=version, digest="", tiers=tiers, readers=readers, purposes=purposes, cells=cells, fields=fields
    )
    return replace(unsigned, digest=digest_of(policy_json(unsigned)))


def _fields(entry: Entry, place: str) -> dict[str, FieldLabel]:
    fields: dict[str, FieldLabel] = {}
    for coordinate, table in entry.entries():
        label = Entry(f"{place}: {coordinate}", table)
        if re.fullmatch(_COORDINATE, coordinate) is None:
            raise label.fault("coordinate", repr(coordinate), "Kind.field")
        fields[coordinate] = FieldLabel(tier=label.one(Tier, "tier"), mask=label.perhaps(Mask, "mask"))
        label.finish()
        if fields[coordinate].mask in ROW_MASKS:
            raise label.fault("mask", "m6 or m7", "a mask of values: m1 to m5")
    return fields


def _tiers(entry: Entry) -> dict[Category, Tier]:
    tiers = {category: entry.one(Tier, category.value) for category in Category}
    entry.finish()
    return tiers


def _reader(entry: Entry, code: str) -> Reader:
    reader = Reader(
        code=code,
        actors=entry.some(ActorKind, "actors"),
        audience=entry.one(Audience, "audience"),
        needs=entry.some(Fact, "needs"),
        purposes=frozenset(entry.texts("purposes", _CODE)),
    )
    entry.finish()
    if not reader.actors or reader.actors & {ActorKind.OP, ActorKind.AU}:
        raise entry.fault("actors", ", ".join(sorted(reader.actors)) or "nobody", "actors, without OP and AU")
    return reader


def _purpose(entry: Entry, code: str) -> PurposeRule:
    needs = entry.entry("needs")
    purpose = PurposeRule(
        code=code,
        zh=entry.text("zh"),
        en=entry.text("en"),
        requires=entry.texts("requires", _KEY),
        categories=entry.some(Category, "categories"),
        needs={category: needs.some(Fact, category.value) for category in Category if needs.has(category.value)},
        needs_always=entry.some(Fact, "needs_always"),
        max_tier=entry.perhaps(Tier, "max_tier"),
        basis=entry.text("basis"),
        mark=entry.text("mark"),
    )
    needs.finish()
    entry.finish()
    if not purpose.needs.keys() <= purpose.categories:
        raise entry.fault("needs", "a category the purpose does not read", "some of its categories")
    return purpose


def _cells(value: object, readers: Mapping[str, Reader], place: str) -> tuple[Cell, ...]:
    if not isinstance(value, list):
        raise PolicyDataError(f"{place}: got {type(value).__name__}, expected a list of cells")
    cells = tuple(_cell(Entry(place, table), readers) for table in value)
    seen: set[str] = set()
    for cell in cells:
        if cell.id in seen:
            raise PolicyDataError(f"{place}: {cell.id}: got it twice, expected a `name` to tell the lines apart")
        seen.add(cell.id)
    return cells


def _cell(entry: Entry, readers: Mapping[str, Reader]) -> Cell:
    entry.place = f"{entry.place}: {entry.text('id')}"
    cell = Cell(
        id=entry.place.rpartition(": ")[2],
        category=entry.one(Category, "category"),
        reader=entry.text("reader", _CODE),
        permit=entry.flag("permit", default=True),
        needs=entry.some(Fact, "needs"),
        audience=entry.perhaps(Audience, "audience"),
        masks=entry.some(Mask, "masks"),
        except_fields=frozenset(entry.texts("except", _COORDINATE)),
    )
    entry.finish()
    if cell.reader not in readers:
        raise entry.fault("reader", repr(cell.reader), f"one of {', '.join(readers)}")
    if cell.masks & ROW_MASKS and len(cell.masks) > 1:
        raise entry.fault("masks", ", ".join(sorted(cell.masks)), "m6 or m7 alone, or masks of values")
    if not cell.permit and (cell.needs or cell.masks or cell.audience):
        raise entry.fault(
            "permit", "a prohibition with needs, masks or audience", "a prohibition that holds for every row"
        )
    return cell


def _reader_json(reader: Reader) -> dict[str, object]:
    return {
        "actors": _values(reader.actors),
        "audience": reader.audience.value,
        "needs": _values(reader.needs),
        "purposes": sorted(reader.purposes),
    }


def _purpose_json(purpose: PurposeRule) -> dict[str, object]:
    return {
        "zh": purpose.zh,
        "en": purpose.en,
        "requires": list(purpose.requires),
        "categories": _values(purpose.categories),
        "needs": {category.value: _values(purpose.needs[category]) for category in sorted(purpose.needs)},
        "needs_always": _values(purpose.needs_always),
        "max_tier": purpose.max_tier and purpose.max_tier.value,
        "basis": purpose.basis,
        "mark": purpose.mark,
    }


def _cell_json(cell: Cell) -> dict[str, object]:
    return {
        "id": cell.id,
        "category": cell.category.value,
        "reader": cell.reader,
        "permit": cell.permit,
        "needs": _values(cell.needs),
        "audience": cell.audience and cell.audience.value,
        "masks": _values(cell.masks),
        "except": sorted(cell.except_fields),
    }


def _field_json(label: FieldLabel) -> dict[str, object]:
    return {"tier": label.tier.value, "mask": label.mask and label.mask.value}


def _values(members: frozenset[E]) -> list[str]:
    return sorted(member.value for member in members)
