"""
`hub verify`: check a receipt without the hub, without a network, with nothing but the log's key.

Exit status: 0 the receipt holds; 1 it does not; 2 nothing could be checked (no receipt, no key, unreadable file).
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hub.audit.errors import ReceiptError
from hub.audit.verify import verify_receipt
from hub.audit.words import verdict_lines

_VALID, _INVALID, _UNREADABLE = 0, 1, 2
_MAX_BYTES = 64 * 1024 * 1024


class Language(StrEnum):
    """Of the verdict's words."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


def verify(
    receipt: Annotated[
        Path,
        typer.Argument(
            metavar="RECEIPT",
            help="A GraphQL response with extensions.receipt, the receipt alone, or a tlog-proof; - is standard input.",
        ),
    ],
    vkey: Annotated[
        list[str] | None,
        typer.Option(
            "--vkey",
            envvar="HUB_VKEY",
            help="Verifier key of the log, name+id+key, or a file of them, one a line. May be given more than once.",
        ),
    ] = None,
    leaf: Annotated[
        Path | None, typer.Option("--leaf", help="The leaf of a bare tlog-proof, as the log publishes it.")
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Words of the verdict.")] = Language.BOTH,
) -> None:
    """
    Check a receipt offline and say what it proves.

    Exit status: 0 the receipt holds, 1 it does not, 2 nothing could be checked.
    """
    try:
        keys = [key for given in vkey or [] for key in _keys(given)]
        verdict = verify_receipt(_text(receipt), keys, leaf=None if leaf is None else _content(leaf))
    except ReceiptError as fault:
        typer.echo(f"hub verify: {fault}", err=True)
        raise typer.Exit(_UNREADABLE) from None
    if language is not Language.EN:
        typer.echo("\n".join(verdict_lines(verdict, "zh")))
    if language is not Language.ZH:
        typer.echo("\n".join(verdict_lines(verdict, "en")))
    raise typer.Exit(_VALID if verdict.valid else _INVALID)


def _keys(given: str) -> list[str]:
    """Read one `--vkey`: the key itself, known by its two plus signs, or a file of keys."""
    if given.count("+") > 1 and not given.startswith((".", "/")):
        return [given]
    return [line for line in map(str.strip, _text(Path(given)).splitlines()) if line and not line.startswith("#")]


def _text(path: Path) -> str:
    try:
        return _content(path).decode()
    except UnicodeDecodeError:
        raise ReceiptError(f"{path} is not UTF-8 text") from None


def _content(path: Path) -> bytes:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with path.open("rb") as opened:
                content = opened.read(_MAX_BYTES + 1)
    except OSError as fault:
        raise ReceiptError(f"{path} cannot be read: {fault.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise ReceiptError(f"{path} is larger than {_MAX_BYTES} bytes")
    return content
