"""
Who acts in administration: an officer in a live session, or the operator of a hub that has no officer yet.

Rules:
    - A hub without any officer is unattended: its operator acts alone, and the journal says `operator`. From the first
      officer on the operator can do nothing any more; whether there is one is asked in the act's own transaction.
    - Production does not serve unattended: there `Operator` may found officers and nothing else.
"""

from dataclasses import dataclass

from sqlalchemy import select

from hub.errors import ForbiddenError
from hub.identity.officers.duties import Duty, check_duty
from hub.identity.officers.model import Acting
from hub.store.engine import Reader
from hub.store.officers_tables import Officer as OfficerRow
from hub.store.tables import table_of

_ANY = select(table_of(OfficerRow).c.id).limit(1)
OPERATOR = "operator"
"""The name under which an operator's acts are kept. No officer has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """
    Whoever runs the commands of an unattended hub.

    Attributes:
        production: The hub is in production, where an operator may not act.
    """

    production: bool = False


Agent = Acting | Operator
"""Who acts."""


def name_of(agent: Agent) -> str:
    """The name under which *agent*'s acts are kept."""
    return agent.officer.id if isinstance(agent, Acting) else OPERATOR


def session_of(agent: Agent) -> str | None:
    """The public id of *agent*'s session; None for an operator."""
    return agent.session if isinstance(agent, Acting) else None


async def check_may(reader: Reader, agent: Agent, duty: Duty) -> None:
    """
    Check that *agent* may do *duty*, as the store stands in this transaction.

    Raises:
        ForbiddenError: the role does not have the duty (`duty.<duty>`), or an operator acts where officers are
            (`operator.attended`) or in production (`operator.production`).
        StepUpRequiredError: it is an approval and the officer's last proof of presence is too old.
    """
    if isinstance(agent, Acting):
        check_duty(agent, duty)
        return
    if agent.production:
        raise ForbiddenError("operator.production", "A hub in production is run by its officers: found them first")
    if await reader.first(_ANY) is not None:
        raise ForbiddenError("operator.attended", "This hub has officers: open a session of one")
