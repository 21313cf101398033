"""`hub change`: draft, preview, submit, approve: what is to change, and who agreed."""

import json
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.administration.graph.changes import shown_change
from hub.administration.graph.items import item_of
from hub.administration.model import Change, ChangeState, NewChange, Page
from hub.cli import foresight
from hub.cli.administering import At, administer
from hub.cli.tables import minute, plain, print_json, print_lines, print_table
from hub.clock import iso
from hub.errors import BadInputError

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID = Annotated[str, typer.Argument(help="Identifier of the change set.", metavar="ID")]
_FILE = Annotated[Path, typer.Argument(help="TOML or JSON: reason, items; see docs/administration.md.", metavar="FILE")]
_COMMENT = Annotated[str, typer.Option(help="Why, 1 to 500 characters.")]
_FILE_MAX = 1_048_576
_MEMBERS = frozenset({"reason", "items", "validFrom", "validTo"})


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Change sets: one officer drafts, others approve.", no_args_is_help=True)
    app.command("list")(show_all)
    app.command("show")(show)
    app.command("draft")(draft)
    app.command("amend")(amend)
    app.command("simulate")(foresight.simulate)
    app.command("submit")(submit)
    app.command("approve")(approve)
    app.command("reject")(reject)
    app.command("withdraw")(withdraw)
    return app


def show_all(
    *,
    state: Annotated[ChangeState | None, typer.Option(help="Only those that stand there.")] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="How many, the newest first.")] = 20,
    as_json: _JSON = False,
) -> None:
    """List change sets, the newest first."""

    async def work(at: At) -> Page[Change]:
        return await at.services.changes.list(at.agent, state=state, first=first)

    found = administer(work).rows
    if as_json:
        print_json([shown_change(each) for each in found])
        return
    print_table(
        ("id", "state", "by", "approved", "does", "reason"),
        [
            (
                each.id,
                each.state.value,
                each.drafted_by,
                f"{len(each.approvals)} of {each.needed}",
                each.weight.label,
                each.reason,
            )
            for each in found
        ],
        empty="no change set yet: hub change draft FILE",
    )


def show(change_id: _ID, *, as_json: _JSON = False) -> None:
    """Show a change set whole: what would change, its digest, who approved."""

    async def work(at: At) -> Change:
        return await at.services.changes.get(at.agent, change_id)

    print_change(administer(work), as_json=as_json)


def draft(
    file: _FILE,
    *,
    submit: Annotated[bool, typer.Option("--submit", help="Submit it at once.")] = False,
    as_json: _JSON = False,
) -> None:
    """Draft a change set from a file; nothing changes by it."""
    draft_file(file, submit=submit, as_json=as_json)


def draft_file(file: Path, *, submit: bool, as_json: bool) -> None:
    """Draft what *file* says, and submit it if *submit*."""

    async def work(at: At) -> Change:
        return await drafted(at, read_change(file), submit=submit)

    print_change(administer(work), as_json=as_json)


async def drafted(at: At, new: NewChange, *, submit: bool) -> Change:
    """Draft *new*, and submit it if *submit*."""
    change = await at.services.changes.draft(at.agent, new)
    return await at.services.changes.submit(at.agent, change.id) if submit else change


def amend(change_id: _ID, file: _FILE, *, as_json: _JSON = False) -> None:
    """Replace what one's own change set says; what was approved of it counts no more."""

    async def work(at: At) -> Change:
        return await at.services.changes.amend(at.agent, change_id, read_change(file))

    print_change(administer(work), as_json=as_json)


def submit(
    change_id: _ID,
    *,
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="Put a restraint, which only takes away, into force; an auditor is alarmed."),
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Ask others to approve one's draft."""

    async def work(at: At) -> Change:
        return await at.services.changes.submit(at.agent, change_id, at_once=at_once)

    print_change(administer(work), as_json=as_json)


def approve(
    change_id: _ID,
    *,
    digest: Annotated[str, typer.Option(help="Of what was looked at, as `hub change show` tells it.")],
    comment: _COMMENT,
    as_json: _JSON = False,
) -> None:
    """Approve what another drafted; the last approval needed puts it into force. Needs a fresh proof of presence."""

    async def work(at: At) -> Change:
        return await at.services.changes.approve(at.agent, change_id, comment, digest=digest)

    print_change(administer(work), as_json=as_json)


def reject(change_id: _ID, *, comment: _COMMENT, as_json: _JSON = False) -> None:
    """Reject what another drafted."""

    async def work(at: At) -> Change:
        return await at.services.changes.reject(at.agent, change_id, comment)

    print_change(administer(work), as_json=as_json)


def withdraw(change_id: _ID, *, comment: _COMMENT, as_json: _JSON = False) -> None:
    """Withdraw one's own change set."""

    async def work(at: At) -> Change:
        return await at.services.changes.withdraw(at.agent, change_id, comment)

    print_change(administer(work), as_json=as_json)


def print_change(change: Change, *, as_json: bool) -> None:
    """Print *change* whole."""
    shown = shown_change(change)
    if as_json:
        print_json(shown)
        return
    who = ", ".join(f"{each.officer} {minute(each.approved_at)}" for each in change.approvals)
    print_lines(
        [
            ("change set", f"{change.id} (revision {change.revision})"),
            ("state", change.state.value),
            ("reason", change.reason),
            ("does", f"{change.weight.label}: {change.needed} to approve besides {change.drafted_by}"),
            ("approved by", who),
            ("digest", change.digest),
            ("against", "" if change.base_version is None else f"policy version {change.base_version}"),
            ("begins", "" if change.valid_from is None else minute(change.valid_from)),
            ("ends", "" if change.valid_to is None else minute(change.valid_to)),
            ("became", "" if change.policy_version is None else f"policy version {change.policy_version}"),
            ("decided by", change.decided_by or ""),
            ("comment", change.comment or ""),
        ]
    )
    for number, item in enumerate(shown.items):
        body = {name: value for name, value in plain(item.body).items() if value not in (None, [])}
        typer.echo(f"  {number} {item.kind} " + json.dumps(body, ensure_ascii=False))


def read_change(file: Path) -> NewChange:
    """
    Read a draft from *file*.

    Raises:
        BadInputError: it is no TOML or JSON of the form of docs/administration.md; names the member.
    """
    content = _content(file)
    unknown = sorted(content.keys() - _MEMBERS)
    if unknown:
        raise _wrong(f"got a member {unknown[0][:40]!r}, expected {', '.join(sorted(_MEMBERS))}")
    reason, items = content.get("reason"), content.get("items")
    if not isinstance(reason, str) or not isinstance(items, list):
        raise _wrong("expected reason, a text, and items, a list")
    return NewChange(
        reason=reason,
        items=tuple(_item(number, each) for number, each in enumerate(items)),
        valid_from=_instant(content, "validFrom"),
        valid_to=_instant(content, "validTo"),
    )


def _content(file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        data = opened.read(_FILE_MAX + 1)
    if len(data) > _FILE_MAX:
        raise _wrong(f"larger than {_FILE_MAX} bytes")
    try:
        text = data.decode()
        content = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        # Both tell the line and the column, and repeat nothing of the file.
        raise _wrong(str(error)) from None
    except RecursionError:
        raise _wrong("nested too deeply") from None
    if not isinstance(content, dict):
        raise _wrong("expected an object")
    return content


def _item(number: int, given: object) -> Any:  # noqa: ANN401  one of the domain's items
    if not isinstance(given, dict) or len(given) != 1:
        raise _wrong(f"items[{number}]: expected one change, such as labelField = {{ … }}")
    ((kind, body),) = given.items()
    if not isinstance(body, dict):
        raise _wrong(f"items[{number}].{kind}: expected a table of its members")
    return item_of(kind, {name: _spelled(value) for name, value in body.items()}, number)


def _spelled(value: object) -> object:
    """TOML has days and instants of its own; the domain takes their text."""
    if isinstance(value, datetime):
        return iso(value) if value.tzinfo is not None else value.isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _instant(content: dict[str, Any], member: str) -> datetime | None:
    value = content.get(member)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = "nothing of the kind"
    if found is not None and (not isinstance(found, datetime) or found.tzinfo is None):
        raise _wrong(f"{member}: expected an instant with its offset, 2026-12-01T00:00:00+08:00")
    return found


def _wrong(why: str) -> BadInputError:
    return BadInputError(f"the file: {why}", extensions={"rule": "change.form"})
