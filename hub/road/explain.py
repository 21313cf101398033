"""
What the road would do with a question, without doing it: steps 2 to 5, told to an operator.

Nothing is fetched, nothing is asked of a source and nothing is written down, so nothing is attested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.site import SiteConfig
from hub.road.documents import Prepared
from hub.road.roots import wanted
from hub.road.sight import wish_of
from schema.catalogue import kind_named
from schema.catalogue.model import api_name_of
from schema.graph.build import Exchange
from schema.plan.compile import blueprint_of
from schema.plan.cost import Estimate, estimate
from schema.plan.decider import Decider
from schema.plan.guarded import GuardTable
from schema.plan.model import Plan, Use
from schema.plan.sizes import Profile
from schema.policy.model import Policy, Standing
from schema.render.compiled import Compiled
from schema.render.runtime import HandOverError


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQuestion:
    """
    What one live site would be asked.

    Attributes:
        site: Its identifier.
        fields: Kind -> GraphQL names of the granted fields that were asked for.
        marks: Kind -> GraphQL names of what identifies and dates a row, which is asked for as well.
    """

    site: str
    fields: Mapping[str, Sequence[str]]
    marks: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    A plan, told.

    Attributes:
        uses: Guarded coordinates with their static decisions.
        kinds: Kinds of records read from the archive, sorted; none where no subject is asked for.
        live: Live sites that would be asked.
        cost: What it is predicted to cost.
        code: The generated code; None where the reference executor answers.
        reason: Why there is no code, a word.
    """

    uses: Sequence[Use]
    kinds: Sequence[str]
    live: Sequence[LiveQuestion]
    cost: Estimate
    code: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a plan is made from besides the question: schema, guarded coordinates, policy, sites, what is on file."""

    exchange: Exchange
    table: GuardTable
    policy: Policy
    sites: Sequence[SiteConfig]
    profile: Profile


def explain(grounds: Grounds, standing: Standing, prepared: Prepared) -> Explanation:
    """
    Tell the plan of *prepared* for *standing*.

    Raises:
        BadInputError: more subjects than one question may name.
        DeniedReferenceError: an argument names a coordinate that may not be read whole.
        GraphQLError: an argument or directive got null where it takes none, by a variable.
    """
    asked = (grounds.exchange.schema, prepared.document, prepared.operation, prepared.variables)
    decider = Decider(grounds.policy, standing, grounds.table)
    plan = blueprint_of(*asked, decider).bind(prepared.variables)
    wanted(plan)
    countable = frozenset(kind for kind in grounds.table.record_kinds if decider.is_countable(kind))
    kinds = wish_of(plan, countable).kinds if plan.is_guarded else frozenset()
    code, reason = _code(grounds, prepared, decider)
    return Explanation(
        uses=plan.uses,
        kinds=sorted(kinds),
        live=[_question(site, plan, kinds) for site in grounds.sites if site.live and _served(site) & kinds],
        cost=estimate(*asked, grounds.profile),
        code=code,
        reason=reason,
    )


def _code(grounds: Grounds, prepared: Prepared, decider: Decider) -> tuple[str | None, str | None]:
    exchange = grounds.exchange
    try:
        compiled = Compiled(
            exchange.schema,
            prepared.document,
            prepared.operation,
            prepared.variables,
            decider=decider,
            specs=exchange.specs,
        )
        return compiled.explain(), None
    except HandOverError as error:
        return None, error.reason


def _served(site: SiteConfig) -> frozenset[str]:
    return frozenset(stream.kind for stream in site.streams.values())


def _question(site: SiteConfig, plan: Plan, kinds: frozenset[str]) -> LiveQuestion:
    asked = sorted(_served(site) & kinds)
    return LiveQuestion(
        site=site.id,
        fields={kind: [api_name_of(name) for name in plan.fields.get(kind, ())] for kind in asked},
        marks={
            kind: sorted(api_name_of(name) for name in {*kind_named(kind).KEY_FIELDS, kind_named(kind).MAIN_DAY})
            for kind in asked
        },
    )
