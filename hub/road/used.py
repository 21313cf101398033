"""Which grants took part in an answer: what officers look at before they give one again."""

from collections.abc import Iterable

from schema.catalogue.model import Category
from schema.plan.decider import Decider
from schema.plan.judged import JudgedRecord, JudgedSubject
from schema.policy.model import Denied, Fact, Grant, Standing


def grants_used(standing: Standing, decider: Decider, subjects: Iterable[JudgedSubject]) -> frozenset[str]:
    """
    Tell the ids of the grants by which a field of a listed record is shown to *standing*.

    Args:
        standing: Of the asker, with its grants.
        decider: Of its essence.
        subjects: Those in the answer.
    """
    if not standing.grants:
        return frozenset()
    policy = decider.policy
    asking = {code for code, reader in policy.readers.items() if Fact.GRANTED in reader.needs}
    rules = {cell.id for cell in policy.cells if Fact.GRANTED in cell.needs or cell.reader in asking}
    used: set[str] = set()
    for subject in subjects:
        for record in subject.records:
            used |= _by(record, standing.grants, decider, rules)
    return frozenset(used)


def _by(record: JudgedRecord, grants: Iterable[Grant], decider: Decider, rules: set[str]) -> set[str]:
    stored = record.stored
    fitting = [
        grant
        for grant in grants
        if grant.source in {None, stored.provenance.source} and grant.subject in {None, stored.subject}
    ]
    if not fitting:
        return set()
    entries, row = decider.table.kinds[stored.kind], Category(str(record.open["category"]))
    shown = {
        (entries[name].category or row, entries[name].coordinate)
        for name, decision in record.cells.items()
        if not isinstance(decision, Denied) and decision.rule in rules
    }
    return {
        grant.id
        for grant in fitting
        for category, coordinate in shown
        if grant.category is category and (not grant.coordinates or coordinate in grant.coordinates)
    }
