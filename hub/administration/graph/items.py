"""
The items of a change set as input: one object with exactly one member, made from `hub.administration.items`.

The inputs are generated, so that an item the domain learns is one officers can draft, under the same names, with the
same defaults and the words of its docstring; what each may hold is checked by the domain alone.
"""

import inspect
import re
import types
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import strawberry
from strawberry.types.base import StrawberryObjectDefinition

from hub.administration import items as domain
from hub.administration.graph.words import Document
from hub.errors import BadInputError
from hub.identity.partners import PartnerState
from schema.catalogue.model import Category, api_name_of
from schema.policy.model import Fact

_ATTRIBUTE = re.compile(r"^    ([a-z_]+(?:, [a-z_]+)*): (.*)$")
# What the domain spells as a list of words is an enumeration here.
_WORDS: Mapping[tuple[str, str], object] = {
    ("SetPartner", "state"): PartnerState,
}


@strawberry.input(description="A category of a purpose, and what must hold besides for it to be read.")
class PurposeNeed:
    """One entry of `PutPurpose.needs`."""

    category: Category
    facts: list[Fact]


def _kinds() -> tuple[type[msgspec.Struct], ...]:
    return tuple(sorted(get_args(domain.Item), key=lambda kind: kind.__name__))


def _member_of(kind: type[msgspec.Struct]) -> str:
    """`LabelField` -> `label_field`."""
    return str(kind.__struct_config__.tag)


def _input_of(kind: type[msgspec.Struct]) -> type:
    text, described = _described(kind)
    hints = get_type_hints(kind)
    namespace: dict[str, Any] = {"__module__": __name__}
    annotations: dict[str, object] = {}
    for part in msgspec.structs.fields(kind):
        hint = _WORDS.get((kind.__name__, part.name), hints[part.name])
        annotation, may_be_absent = _annotation(hint)
        if hint != hints[part.name] and not part.required:
            annotation, may_be_absent = annotation | None, True
        annotations[part.name] = annotation
        namespace[part.name] = strawberry.field(description=described.get(part.name), **_default(part, may_be_absent))
    namespace["__annotations__"] = annotations
    bare = type(f"{kind.__name__}Input", (), namespace)
    return strawberry.input(bare, name=f"{kind.__name__}Input", description=text)


def _annotation(hint: object) -> tuple[Any, bool]:
    """The GraphQL type of a member, and whether it may be left out without a value."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        kept = [part for part in inner if part not in {types.NoneType, msgspec.UnsetType}]
        annotation, _ = _annotation(kept[0])
        return annotation | None, True
    if origin in {frozenset, tuple}:
        return list[inner[0]], False  # type: ignore[valid-type]  # made from the domain's own
    if origin is dict:
        return list[PurposeNeed], False
    if origin is Literal:
        return str, False
    return hint, False


def _default(part: msgspec.structs.FieldInfo, may_be_absent: bool) -> dict[str, Any]:
    if may_be_absent:
        return {"default": strawberry.UNSET}
    if part.required:
        return {}
    if isinstance(part.default, bool | str | int):
        return {"default": part.default}
    return {"default_factory": list}


def _described(kind: type[msgspec.Struct]) -> tuple[str, dict[str, str]]:
    """The first sentences of a docstring, and what it says of each attribute."""
    head, _, attributes = inspect.getdoc(kind).partition("Attributes:")  # type: ignore[union-attr]  # all have one
    found: dict[str, str] = {}
    names: list[str] = []
    for line in attributes.splitlines():
        match = _ATTRIBUTE.match(line)
        if match:
            names = match[1].split(", ")
            found |= dict.fromkeys(names, match[2])
        elif line.startswith("        "):
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return _for_partners(" ".join(head.split())), {name: _for_partners(words) for name, words in found.items()}


def _for_partners(words: str) -> str:
    """The words of a docstring without those of Python."""
    words = re.sub(r";? see `hub[^`]*`| \(`hub[^`]*`\)", "", words, flags=re.IGNORECASE)
    words = re.sub(r"\*(\w+)\*", r"`\1`", words).replace("`hub.clock.iso`", "RFC 3339, UTC, with microseconds")
    return re.sub(r"\bNone\b", "null", words)


_INPUTS: Final = {_member_of(kind): (kind, _input_of(kind)) for kind in _kinds()}


def _one_of() -> type:
    annotations: dict[str, object] = {name: made | None for name, (_, made) in _INPUTS.items()}
    namespace: dict[str, Any] = {"__module__": __name__, "__annotations__": annotations}
    namespace |= dict.fromkeys(_INPUTS, strawberry.UNSET)
    return strawberry.input(
        type("ChangeItemInput", (), namespace),
        name="ChangeItemInput",
        description="变更项 One change; give exactly one member.",
        one_of=True,
    )


ChangeItemInput: Any = _one_of()


@strawberry.type(description="变更项 One change of a set.")
class ChangeItem:
    """An item as it was drafted."""

    kind: str = strawberry.field(description="The member of `ChangeItemInput` it was given as.")
    body: Document = strawberry.field(description="What it says, by the names of its input.")


def items_of(given: Sequence[Any]) -> tuple[domain.Item, ...]:
    """
    Read the *given* inputs as items of the domain.

    Raises:
        BadInputError: an item does not have its form; the place names it by number.
    """
    return tuple(_item(number, each) for number, each in enumerate(given))


def item_of(kind: str, body: Mapping[str, Any], number: int) -> domain.Item:
    """
    Read one item from JSON-ready values by the names of the input, as a file has it.

    Raises:
        BadInputError: there is no such kind, or *body* does not have its form.
    """
    member = _python_name(kind)
    if member not in _INPUTS:
        raise _wrong((number,), f"expected one of {', '.join(sorted(map(api_name_of, _INPUTS)))}")
    return _converted(member, {_python_name(name): value for name, value in body.items()}, number)


def shown_item(item: domain.Item) -> ChangeItem:
    """Show *item*, so that what is shown can be drafted again."""
    body = {
        api_name_of(name): _shown(value)
        for name in item.__struct_fields__
        if (value := getattr(item, name)) is not msgspec.UNSET
    }
    return ChangeItem(kind=api_name_of(_member_of(type(item))), body=Document(body))


def _shown(value: object) -> object:
    match value:
        case Enum():
            return value.name
        case frozenset():
            return sorted(map(_shown, value), key=str)
        case tuple():
            return [_shown(each) for each in value]
        case dict():
            return [{"category": key.name, "facts": _shown(value[key])} for key in sorted(value)]
        case _:
            return value


def _item(number: int, given: Any) -> domain.Item:  # noqa: ANN401  a generated input
    ((member, chosen),) = ((name, value) for name, value in vars(given).items() if value is not strawberry.UNSET)
    values = {name: _plain(value) for name, value in vars(chosen).items() if value is not strawberry.UNSET}
    return _converted(member, values, number)


def _converted(member: str, values: Mapping[str, Any], number: int) -> domain.Item:
    kind, _ = _INPUTS[member]
    hints = get_type_hints(kind)
    body = {name: _by_value(hints.get(name), value) for name, value in values.items()}
    try:
        return msgspec.convert({"item": member, **body}, kind)  # type: ignore[return-value]  # a member of the union
    except msgspec.ValidationError as error:
        raise _wrong((number, api_name_of(member)), _said(str(error))) from None


def _said(text: str) -> str:
    """What msgspec says, without a value: it quotes the names of members and of enumerations' types."""
    found = re.search(r"\$\.(\w+)", text)
    if found:
        return f"{api_name_of(found[1])}: not of the expected form"
    missing = re.search(r"missing required field `(\w+)`", text)
    if missing:
        return f"{api_name_of(missing[1])}: is missing"
    return "not of the expected form, or with a member that is not known"


def _by_value(hint: object, value: Any) -> Any:  # noqa: ANN401  JSON-ready
    """*value* with the names of enumerations, as GraphQL spells them, turned into what the domain keeps."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is dict and isinstance(value, list):
        pairs = [each for each in value if isinstance(each, dict) and each.keys() == {"category", "facts"}]
        if len(pairs) == len(value):
            return {_by_value(inner[0], each["category"]): _by_value(inner[1], each["facts"]) for each in pairs}
    if origin in {frozenset, tuple} and isinstance(value, list):
        return [_by_value(inner[0], each) for each in value]
    if origin in {Union, types.UnionType}:
        kinds = [part for part in inner if isinstance(part, type) and issubclass(part, Enum)]
        return _by_value(kinds[0], value) if kinds else value
    if origin is Literal and isinstance(value, str) and value.lower() in inner:
        return value.lower()
    if isinstance(hint, type) and issubclass(hint, Enum) and isinstance(value, str):
        named = hint.__members__.get(value)
        return value if named is None else named.value
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401  a coerced argument
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, PurposeNeed):
        return {"category": value.category.value, "facts": [fact.value for fact in value.facts]}
    return value


def _python_name(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


def _wrong(place: tuple[str | int, ...], why: str) -> BadInputError:
    return BadInputError(f"items[{place[0]}]: {why}", place=("items", *place), extensions={"rule": "change.form"})


def input_types() -> Mapping[str, StrawberryObjectDefinition]:
    """Member of `ChangeItemInput` -> definition of its input, for whoever checks that none is missing."""
    return {name: made.__strawberry_definition__ for name, (_, made) in _INPUTS.items()}  # type: ignore[attr-defined]
