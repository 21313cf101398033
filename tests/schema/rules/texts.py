"""The shipped rule files as texts, to be changed one at a time."""

from pathlib import Path

import schema.rules
from schema.rules.parsing import FILES

BASIS = 'legal_basis = "某办法"\nsource_mark = "M"\n'
SINCE = "effective_from = 2020-01-01\n"


def shipped() -> dict[str, str]:
    """The eight files as they ship."""
    folder = Path(schema.rules.__file__).parent
    return {name: (folder / name).read_text(encoding="utf-8") for name in FILES}


def with_file(name: str, text: str) -> dict[str, str]:
    """The shipped files, *name* replaced by *text*."""
    return shipped() | {name: text}
