r"""
Sees that what a question rests on is named once: its members, its extensions, its purpose.

JSON leaves open which of two equal names counts. The parser takes the last; a proxy, a client's log or an auditor may
take the first, and would read another purpose of use than the one the answer was given for.

Rules:
    - Looked at: the members of the request, of `extensions`, of `extensions.purpose` and of its `context`. Variables
      are the document's business.
    - A second reading costs many times the first, so it is made only where a name might stand twice: where its text is
      in the body more often than in what the parser kept, or could be there in another spelling (`\u0063ode`).

Source: RFC 8259, 4.
"""

import json
from collections.abc import Sequence
from typing import Any

import orjson

from hub.errors import BadInputError

IN_BODY = ("extensions", "purpose", "context")
"""Where to look in a request's body, each within the one before."""
IN_EXTENSIONS = ("purpose", "context")
"""Where to look in `extensions` that came by themselves."""
_NAMES_MAX = 32


class _Twice(dict[str, Any]):
    """An object in which a name stood twice."""


def check_once(data: bytes, value: object, within: Sequence[str]) -> None:
    """
    Check that each name stands once.

    Args:
        data: JSON as it came, already known to be well formed and not deep.
        value: What the parser made of it.
        within: Members to look into, each within the one before; the outermost object is looked at in any case.

    Raises:
        BadInputError: 400, a name stands twice; repeats no name the client chose.
    """
    if not _may_repeat(data, value, [name for each in _on_the_way(value, within) for name in each]):
        return
    # Numbers stay text: their value is of no interest here, and a very long one would be refused.
    read = json.loads(data, object_pairs_hook=_object, parse_int=str, parse_float=str)
    for place, each in enumerate(_on_the_way(read, within)):
        if isinstance(each, _Twice):
            where = ".".join(IN_BODY[len(IN_BODY) - len(within) :][:place]) or "the JSON object"
            raise BadInputError(f"A member stands twice in {where}: readers would differ in which one counts")


def _on_the_way(value: object, within: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for name in (*within, None):
        if not isinstance(value, dict):
            break
        found.append(value)
        value = value.get(name) if name is not None else None
    return found


def _may_repeat(data: bytes, value: object, names: Sequence[str]) -> bool:
    if len(names) > _NAMES_MAX or not all(name.isalnum() for name in names):
        return True  # only a plain name has but one spelling, escapes aside
    # Letters of ASCII are escaped as \u00..; other letters as anything.
    if b"\\u" in data and (b"\\u00" in data or not all(name.isascii() for name in names)):
        return True
    quoted = [b'"%b"' % name.encode() for name in names]
    repeated = [each for each in quoted if data.count(each) > 1]
    if not repeated:
        return False
    # Written again, a value has each name and each text as often as before; what was dropped is missing.
    kept = orjson.dumps(value)
    return any(data.count(each) != kept.count(each) for each in repeated)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Twice(made)
