"""The services of administration, built once: for the hub's windows, and for the command line."""

from dataclasses import dataclass

from hub.administration.changes import Changes
from hub.administration.consents import Consents
from hub.administration.desk import Desk
from hub.administration.directory import Directory
from hub.administration.explain import Explanations, Records
from hub.administration.glass import Glass
from hub.administration.grants import Grants
from hub.administration.journal import Journal
from hub.administration.labels import Labels
from hub.administration.replay import Replays
from hub.administration.restraints import Restraints
from hub.administration.simulate import Simulations
from hub.administration.versions import Versions
from hub.identity.officers.accounts import Officers
from hub.identity.officers.sessions import OfficerSessions
from schema.rules.book import RuleBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """
    The services of the domain; one of each per process.

    Attributes:
        replays: None where no questions are answered: the command line.
    """

    officers: Officers
    sessions: OfficerSessions
    directory: Directory
    versions: Versions
    changes: Changes
    grants: Grants
    consents: Consents
    glass: Glass
    restraints: Restraints
    labels: Labels
    explanations: Explanations
    simulations: Simulations
    journal: Journal
    replays: Replays | None = None


def services_of(
    desk: Desk,
    officers: Officers,
    sessions: OfficerSessions,
    *,
    records: Records,
    rules: RuleBook,
    replays: Replays | None = None,
) -> Services:
    """Build the services that stand on *desk*, with the officers' own; *records* and *rules* are for explanations."""
    return Services(
        officers=officers,
        sessions=sessions,
        directory=Directory(desk.engine),
        versions=Versions(desk.engine),
        changes=Changes(desk, officers),
        grants=Grants(desk),
        consents=Consents(desk),
        glass=Glass(desk),
        restraints=Restraints(desk),
        labels=Labels(desk.engine),
        explanations=Explanations(desk, records, rules),
        simulations=Simulations(desk),
        journal=desk.journal,
        replays=replays,
    )
