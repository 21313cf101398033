r"""
Sees that what a question rests on is named once: its members, its extensions, its purpose.

JSON leaves open which of two equal names counts. The parser takes the last; a proxy, a client's log or an auditor may
take the first, and would read another purpose of use than the one the answer was given for.

Rules:
    - Looked at: the members of the request, of `extensions`, of `extensions.purpose` and of its `context`. Variables
      are the document's business.
    - A second reading costs many times the first, so it is made only where the parser dropped something: where the
      body has more quotation marks than what was made of it. Escapes change none of them but `\u0022`, which is one.

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
    if not _may_repeat(data, value):
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


def _may_repeat(data: bytes, value: object) -> bool:
    return rb"\u0022" in data or data.count(b'"') != orjson.dumps(value).count(b'"')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Twice(made)
