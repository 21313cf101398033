"""
`Query.accessPreview`: steps 3 to 5 of the road for another question of the same asker, told to the asker.

Rules:
    - Nothing is fetched and no source is asked. What is told follows from document, standing and policy alone: so it
      tells nothing of what is on file.
    - A question that would be refused whole is told its problems here, as it would be told there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError

from hub.errors import BadInputError, ErrorCode, RefusalError
from hub.road.answer import argument_error, reference_error
from hub.road.documents import Documents, RequestFaultError
from hub.road.fetch import Fetcher
from hub.road.plans import Plans, Ruling
from hub.road.roots import wanted
from hub.road.sight import wish_of
from schema.graph.preview import MAX_PREVIEWS, AccessOutcome, PreviewKey, preview_key
from schema.graph.views import Plain
from schema.plan.cost import CostError, Estimate, check
from schema.plan.errors import DeniedReferenceError
from schema.plan.model import Plan, Use
from schema.policy.model import Clear, Denied, Standing

ROOT = "accessPreview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewer:
    """Previews questions: see the module."""

    documents: Documents
    plans: Plans
    fetcher: Fetcher

    async def previews(
        self, plan: Plan, standing: Standing, ruling: Ruling, limits: tuple[int, int]
    ) -> Mapping[PreviewKey, Plain]:
        """
        Make the previews that *plan*'s roots ask for.

        Args:
            plan: Of the question that asks.
            standing: Of the asker.
            ruling: Its decisions.
            limits: Rows and bytes one question of the asker may cost.

        Raises:
            BadInputError: more than `MAX_PREVIEWS`.
        """
        calls = [call for call in plan.roots if call.name == ROOT]
        if len(calls) > MAX_PREVIEWS:
            raise BadInputError(f"Expected at most {MAX_PREVIEWS} previews in one question, got {len(calls)}.")
        keys = dict.fromkeys(preview_key(call.arguments) for call in calls)
        return {key: await self._preview(key, standing, ruling, limits) for key in keys}

    async def _preview(self, key: PreviewKey, standing: Standing, ruling: Ruling, limits: tuple[int, int]) -> Plain:
        told: dict[str, object] = {
            "purpose": standing.purpose,
            "policy_version": standing.policy_version,
            "problems": [],
            "coordinates": [],
            "rows": None,
            "bytes": None,
            "sources": [],
        }
        try:
            plan, estimate = await self._planned(key, ruling)
            told |= {
                "coordinates": [_coordinate(use) for use in plan.uses],
                "rows": estimate.rows,
                "bytes": estimate.bytes,
                "sources": self._sources(plan, ruling),
            }
            wanted(plan)
            check(estimate, *limits)
        except RequestFaultError as fault:
            told["problems"] = [_problem(error) for error in fault.errors]
        except DeniedReferenceError as refusal:
            told["problems"] = [_problem(reference_error(refusal))]
        except RefusalError as refusal:
            told["problems"] = [_problem(refusal.as_graphql())]
        except CostError as error:
            message = f"The question is predicted to take more {error.exceeded} than it may; ask for less."
            code = ErrorCode.COST_ESTIMATED_TOO_EXPENSIVE.value
            told["problems"] = [_problem({"message": message, "extensions": {"code": code}})]
        return Plain(type_name="AccessPreview", values=told)

    async def _planned(self, key: PreviewKey, ruling: Ruling) -> tuple[Plan, Estimate]:
        document, variables, operation_name = key
        await self.documents.admit(document)
        prepared = self.documents.prepare(document, operation_name, _variables(variables))
        try:
            compilation = await self.plans.plan(prepared, ruling)
            plan = compilation.blueprint.bind(prepared.variables)
        except GraphQLError as error:
            raise RequestFaultError([argument_error(error)]) from None
        return plan, await compilation.estimate(plan, prepared.variables)

    def _sources(self, plan: Plan, ruling: Ruling) -> Sequence[str]:
        return self.fetcher.asked(wish_of(plan, ruling.countable).kinds) if plan.is_guarded else ()


def _variables(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise BadInputError("variables: expected a JSON object, as text.", place=(ROOT, "variables"))
    return found


def _coordinate(use: Use) -> Plain:
    decision = use.decision
    outcome, mask, required = AccessOutcome.MASKED, None, None
    match decision:
        case Clear():
            outcome = AccessOutcome.CLEAR
        case Denied():
            outcome, required = AccessOutcome.DENIED, decision.required_tier.value
        case _:
            mask = decision.mask.value
    return Plain(
        type_name="CoordinatePreview",
        values={
            "coordinate": use.coordinate,
            "outcome": outcome,
            "mask": mask,
            "rule": decision.rule,
            "required_tier": required,
        },
    )


def _problem(error: Mapping[str, Any]) -> Plain:
    extensions = error["extensions"]
    return Plain(
        type_name="PreviewProblem",
        values={
            "message": error["message"],
            "code": extensions["code"],
            "coordinate": extensions.get("coordinate"),
            "rule": extensions.get("rule"),
        },
    )
