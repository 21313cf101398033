"""`hub policy`: the policy in force, its versions, the matrix, what differs, and drafts to change it."""

from pathlib import Path
from typing import Annotated

import typer

from hub.administration import matrix
from hub.administration.differences import Difference, differences
from hub.administration.graph import policy as shown
from hub.administration.model import Change, Page
from hub.administration.versions import Version
from hub.cli import foresight
from hub.cli.administering import At, administer
from hub.cli.changes import draft_file, print_change
from hub.cli.tables import minute, print_json, print_lines, print_table
from hub.identity.officers.duties import Duty
from schema.catalogue.model import Category
from schema.policy.model import Policy

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_VERSION = Annotated[int | None, typer.Option("--version", min=1, help="Number; default: the one in force.")]


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="The access policy: who may see what, and since when.", no_args_is_help=True)
    app.command("show")(show)
    app.command("versions")(versions)
    app.command("matrix")(show_matrix)
    app.command("diff")(diff)
    app.command("explain")(foresight.explain)
    app.command("draft")(draft)
    app.command("rollback")(rollback)
    return app


def show(*, version: _VERSION = None, as_json: _JSON = False) -> None:
    """Tell which version is in force (or of the one named), and what it holds."""

    async def work(at: At) -> tuple[Version, Policy]:
        await at.check(Duty.READ_POLICY)
        return await at.services.versions.one(version, at.now)

    found, policy = administer(work)
    rows = matrix.field_rows(policy)
    unclassified = [row.coordinate for row in rows if not row.is_classified]
    if as_json:
        print_json(
            {
                "version": shown.shown_version(found),
                "categories": [shown.shown_category(row) for row in matrix.category_rows(policy)],
                "readers": shown.shown_readers(policy),
                "purposes": shown.shown_purposes(policy),
                "unclassified": unclassified,
            }
        )
        return
    print_lines(
        [
            ("version", str(found.number) + (" (in force)" if found.in_force else "")),
            ("digest", found.digest),
            ("valid from", minute(found.valid_from)),
            ("valid to", minute(found.valid_to)),
            ("change set", found.change_id or "a release's seed"),
            ("log entry", "-" if found.log_index is None else str(found.log_index)),
            ("columns", ", ".join(sorted(policy.readers))),
            ("purposes", ", ".join(sorted(policy.purposes))),
            ("lines", f"{len(policy.cells)} in {len(policy.tiers)} categories"),
            ("fields", f"{len(rows) - len(unclassified)} classified"),
            ("unclassified", ", ".join(unclassified) or "none"),
        ]
    )


def versions(
    *,
    first: Annotated[int, typer.Option(min=1, max=100, help="How many, the newest first.")] = 20,
    as_json: _JSON = False,
) -> None:
    """List the versions, the newest first."""

    async def work(at: At) -> Page[Version]:
        await at.check(Duty.READ_POLICY)
        return await at.services.versions.page(at.now, first=first)

    found = administer(work).rows
    if as_json:
        print_json([shown.shown_version(each) for each in found])
        return
    print_table(
        ("version", "from (UTC)", "to", "change set", "log", ""),
        [
            (
                str(each.number),
                minute(each.valid_from),
                minute(each.valid_to),
                each.change_id or "seed",
                "-" if each.log_index is None else str(each.log_index),
                "in force" if each.in_force else "",
            )
            for each in found
        ],
        empty="no version yet: the hub stores its seed when it first starts",
    )


def show_matrix(
    *,
    version: _VERSION = None,
    category: Annotated[Category | None, typer.Option(help="One row only.", case_sensitive=False)] = None,
    kind: Annotated[str | None, typer.Option(help="The fields of one kind, e.g. Penalty.")] = None,
    unclassified: Annotated[bool, typer.Option("--unclassified", help="Fields that nobody reads yet.")] = False,
    as_json: _JSON = False,
) -> None:
    """Print the matrix; with --kind or --unclassified, the labels of fields."""

    async def work(at: At) -> Policy:
        await at.check(Duty.READ_POLICY)
        return (await at.services.versions.one(version, at.now))[1]

    policy = administer(work)
    if kind is not None or unclassified:
        _print_fields(policy, kind, unclassified=unclassified, as_json=as_json)
        return
    rows = [row for row in matrix.category_rows(policy) if category in {None, row.category}]
    if as_json:
        print_json([shown.shown_category(row) for row in rows])
        return
    print_table(
        ("", "category", "tier", "columns"),
        [(row.category.value, row.zh, row.tier.value, _columns(row)) for row in rows],
        empty="the policy has no such row",
    )


def diff(
    old: Annotated[int, typer.Argument(min=1, help="Number of a version.", metavar="OLD")],
    new: Annotated[int | None, typer.Argument(min=1, help="Another; default: the one in force.")] = None,
    *,
    as_json: _JSON = False,
) -> None:
    """Tell what a version says otherwise than an older one."""

    async def work(at: At) -> list[Difference]:
        await at.check(Duty.READ_POLICY)
        _, before = await at.services.versions.one(old, at.now)
        _, after = await at.services.versions.one(new, at.now)
        return differences(before, after)

    found = administer(work)
    if as_json:
        print_json([shown.shown_difference(each) for each in found])
        return
    print_table(
        ("place", "before", "after"),
        [(each.place, _entry(each.before), _entry(each.after)) for each in found],
        empty="the two say the same",
    )


def draft(
    file: Annotated[Path, typer.Argument(help="TOML or JSON: reason, items.", metavar="FILE")],
    *,
    submit: Annotated[bool, typer.Option("--submit", help="Submit it at once.")] = False,
    as_json: _JSON = False,
) -> None:
    """Draft a change set from a file; nothing changes by it. The same as `hub change draft`."""
    draft_file(file, submit=submit, as_json=as_json)


def rollback(
    version: Annotated[int, typer.Argument(min=1, help="Version to return to.", metavar="VERSION")],
    *,
    reason: Annotated[str, typer.Option(help="Why.")],
    as_json: _JSON = False,
) -> None:
    """Draft a return to an older version: it becomes a new one, once it is submitted and approved."""

    async def work(at: At) -> Change:
        return await at.services.changes.rollback(at.agent, version, reason)

    print_change(administer(work), as_json=as_json)


def _print_fields(policy: Policy, kind: str | None, *, unclassified: bool, as_json: bool) -> None:
    rows = [
        row
        for row in matrix.field_rows(policy)
        if kind in {None, row.kind} and not (unclassified and row.is_classified)
    ]
    if as_json:
        print_json([shown.shown_field(row) for row in rows])
        return
    print_table(
        ("field", "", "floor", "tier", "mask"),
        [
            (
                row.coordinate,
                row.zh,
                row.floor.value,
                "nobody" if row.tier is None else row.tier.value,
                row.mask.value if row.mask else "-",
            )
            for row in rows
        ],
        empty="no such field" if kind else "every field is classified",
    )


def _columns(row: matrix.CategoryRow) -> str:
    readers = dict.fromkeys(cell.reader for cell in row.cells)
    told = {name: matrix.cells_shown(cell for cell in row.cells if cell.reader == name) for name in readers}
    return "\n".join(f"{name}: {shows}" for name, shows in told.items()) or "nobody"


def _entry(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_entry(part)}" for name, part in value.items() if part not in (None, [], ""))
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)
