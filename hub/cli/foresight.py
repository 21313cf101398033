"""`hub change simulate` and `hub policy explain`: what would change, and why it is as it is. Both are noted."""

from typing import Annotated

import typer

from hub.administration.explain import Explained, RecordReference, ToExplain
from hub.administration.graph.foresight import (
    AccessDecision,
    AccessExplanation,
    AccessRemedy,
    shown_cell,
    shown_explanation,
    shown_simulation,
)
from hub.administration.simulate import Simulated
from hub.cli.administering import At, administer
from hub.cli.tables import plain, print_json, print_lines, print_table
from schema.policy.explain import Why
from schema.policy.model import ActorKind
from schema.policy.simulate import Change

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_PAGE = 100


def simulate(
    change_id: Annotated[str, typer.Argument(help="Identifier of the change set.", metavar="ID")],
    *,
    first: Annotated[int, typer.Option(min=0, max=10_000, help="How many cells to list.")] = 100,
    as_json: _JSON = False,
) -> None:
    """Tell exactly which cells (partner, purpose, coordinate) a change set would change. No record is looked at."""

    async def work(at: At) -> tuple[Simulated, list[Change]]:
        run = await at.services.simulations.run(at.agent, change_id)
        cells: list[Change] = []
        after: str | None = None
        while len(cells) < min(first, run.changed):
            page = await at.services.simulations.page(at.agent, run.id, first=_PAGE, after=after)
            cells += page.rows
            after = page.end
            if after is None:
                break
        return run, cells[:first]

    run, cells = administer(work)
    if as_json:
        print_json({"simulation": shown_simulation(run), "cells": [shown_cell(each) for each in cells]})
        return
    shown = shown_simulation(run)
    print_lines(
        [
            ("simulation", run.id),
            ("cells", f"{run.changed} of {run.cells} change"),
            ("turn", f"{shown.opens} open, {shown.closes} close, {shown.both} both"),
            ("for", ", ".join([*(["the public"] if shown.concerns_public else []), *shown.partners]) or "nobody"),
        ]
    )
    print_table(
        ("partner", "purpose", "coordinate", "turn", "for instance"),
        [
            (
                each.partner or "the public",
                each.purpose,
                each.coordinate,
                each.turn.value,
                f"{_told(case.before)} → {_told(case.after)}",
            )
            for each in map(shown_cell, cells)
            for case in each.cases[:1]
        ],
        empty="nothing changes for anybody",
    )


def explain(
    coordinate: Annotated[str, typer.Argument(help="Penalty.facts; a kind alone means its rows.")],
    *,
    purpose: Annotated[str, typer.Option(help="As a question would name it.")],
    context: Annotated[list[str] | None, typer.Option(help="key=value; may be repeated.")] = None,
    partner: Annotated[str | None, typer.Option(help="Who asks.")] = None,
    actor: Annotated[ActorKind | None, typer.Option(help="A kind of asker, instead.", case_sensitive=False)] = None,
    record: Annotated[
        tuple[str, str, str] | None, typer.Option(metavar="SUBJECT KIND KEY", help="For security officers only.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Tell why an asker is shown a coordinate or is not: every rule asked, the winner, and what would permit it."""
    wish = ToExplain(
        partner=partner,
        actor=actor,
        purpose=purpose,
        context=dict(map(_pair, context or ())),
        coordinate=coordinate,
        record=None if record is None else RecordReference(subject=record[0], kind=record[1], key=record[2]),
    )

    async def work(at: At) -> list[Explained]:
        # Read here, so that a mistake in it is told as every other.
        return list(await at.services.explanations.explain(at.agent, wish))

    found = [shown_explanation(each) for each in administer(work)]
    if as_json:
        print_json(found)
        return
    for each in found:
        _print(each)


def _print(found: AccessExplanation) -> None:
    remedies = "; or ".join(_remedy(each) for each in found.remedies)
    print_lines(
        [
            ("category", f"{found.category.value}, row of tier {found.tier.value}"),
            ("decided", _told(found.decision)),
            ("facts", ", ".join(fact.value for fact in found.facts)),
            ("barred by", found.barred_by or ""),
            ("would permit", remedies),
        ]
    )
    rules = found.row_rules if found.field_rules is None else found.field_rules
    print_table(
        ("rule", "says", "because", "missing"),
        [
            (
                each.rule,
                "passes" if each.why is Why.HOLDS else each.outcome.value.replace("_", " "),
                "" if each.why is Why.HOLDS else each.why.value.replace("_", " "),
                ", ".join([*(fact.value for fact in each.facts), *each.context]),
            )
            for each in rules
        ],
        empty="no rule was asked",
    )
    typer.echo("")


def _told(decision: AccessDecision) -> str:
    mask = f" {decision.mask.value}" if decision.mask else ""
    return f"{decision.kind.value}{mask} by {decision.rule}"


def _remedy(remedy: AccessRemedy) -> str:
    parts = [f"purpose {remedy.purpose}"] if remedy.changes_purpose else []
    parts += [f"state {key}" for key in remedy.context]
    parts += [f"consent to {category.value}" for category in remedy.consent]
    parts += [f"grant {plain(grant.category)} to {grant.tier.value}" for grant in remedy.grants]
    return ", ".join(parts) or "nothing"


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise typer.BadParameter("context: expected key=value")
    return key, value
