"""
The subjects worth asking about: what is told of them on every platform, written out by hand, never dirty.

| index | subject |
|---|---|
| 0 | a power engineering company with records of every kind on all platforms |
| 1 | a company with licences and good grades and nothing against it |
| 2 | a branch of 0, with a penalty of its own |
| 3 | a company that was renamed; one penalty still bears its former name |
| 4 | a company that was struck off (注销) |
| 5 | an individual business (个体工商户): personal data for the tier rules |
| 6 | a company in a serious list in force |
| 7 | a company under a permanent sanction for bribery, in W03, with unpaid bills |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from connectors.sandbox import dealings, decisions, standing
from connectors.sandbox.decisions import Values
from connectors.sandbox.draws import Draws
from connectors.sandbox.subjects import BRANCH, CLEAN, DISSOLVED, FULL, INDIVIDUAL, LISTED, RENAMED, TROUBLED, Subject

Maker = Callable[[Subject, int, date, Draws], Mapping[str, dealings.Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One record of a showcase subject: where it is kept (letters of `world.HOMES`) and how it is made."""

    home: str
    make: Maker


def showcase(today: date) -> Mapping[tuple[int, str], tuple[Shown, ...]]:
    """Write out the showcase as of *today*: (index, kind) to its records, in order."""
    some = days_before(today)
    shown: dict[tuple[int, str], tuple[Shown, ...]] = {
        (FULL, "Penalty"): (
            _penalty("B", decisions.GENERAL, some(75)),
            _penalty("N", decisions.SERIOUS, some(210)),
            _penalty("F", decisions.MINOR, some(40)),
            _penalty("D", decisions.GENERAL, some(520)),
            _penalty("N", decisions.GENERAL, some(330), XYXF="1", publicstatus="已修复"),
        ),
        (FULL, "Licence"): (
            _licence("B", decisions.PERMITS[0], some(700)),
            _licence("F", decisions.PERMITS[2], some(400)),
            _licence("D", decisions.PERMITS[4], some(100)),
        ),
        (FULL, "ListEntry"): (
            _listed("N", "L06", some(700), MDZT="已移出", YCRQ=some(120).isoformat(), YCYY="已按规定完成信用修复"),
            _listed("F", "W02", some(200)),
        ),
        (FULL, "Grade"): (_graded("B"), _graded("AAA")),
        (FULL, "Commitment"): (_plain("N", standing.commitment), _plain("F", standing.commitment)),
        (FULL, "Supplier"): (_registered(),),
        (FULL, "SupplierSanction"): (_sanctioned(some(60), months=6),),
        (FULL, "Performance"): (_plain("G", dealings.performance), _plain("G", dealings.performance)),
        (FULL, "Arrears"): (_owing(some(4), open_bill=True), _owing(some(50), open_bill=False)),
        (CLEAN, "Licence"): (
            _licence("N", decisions.PERMITS[1], some(500)),
            _licence("F", decisions.PERMITS[2], some(90)),
        ),
        (CLEAN, "Grade"): (_graded("A"), _graded("AA")),
        (CLEAN, "Commitment"): (_plain("N", standing.commitment),),
        (CLEAN, "Supplier"): (_registered(),),
        (CLEAN, "Performance"): (_plain("G", dealings.performance),),
        (BRANCH, "Penalty"): (_penalty("N", decisions.GENERAL, some(150)),),
        (BRANCH, "Grade"): (_graded("B"),),
        (RENAMED, "Penalty"): (_penalty("F", decisions.GENERAL, some(100), former=True),),
        (RENAMED, "Licence"): (_licence("N", decisions.PERMITS[0], some(300)),),
        (RENAMED, "Grade"): (_graded("B"),),
        (DISSOLVED, "Licence"): (_licence("N", decisions.PERMITS[4], some(1000), XK_ZT="2"),),
        (INDIVIDUAL, "Licence"): (_licence("F", decisions.PERMITS[3], some(365)),),
        (INDIVIDUAL, "Penalty"): (_penalty("D", decisions.MINOR, some(20)),),
        (LISTED, "ListEntry"): (_listed("N", "L01", some(90)),),
        (LISTED, "Penalty"): (_penalty("N", decisions.REVOCATION, some(95)),),
        (LISTED, "Grade"): (_graded("D"),),
        (TROUBLED, "ListEntry"): (_listed("N", "W03", some(60)), _listed("N", "W01", some(30))),
        (TROUBLED, "Supplier"): (_registered(),),
        (TROUBLED, "SupplierSanction"): (_sanctioned(some(200), months=None),),
        (TROUBLED, "Grade"): (_graded("C"),),
        (TROUBLED, "Arrears"): (_owing(some(35), open_bill=True),),
    }
    shown.update({(index, "Registration"): (_plain("N", standing.registration),) for index in range(TROUBLED + 1)})
    return MappingProxyType(shown)


def days_before(today: date) -> Callable[[int], date]:
    """Give a function from a number of days to the day so long before *today*."""
    return lambda days: today - timedelta(days=days)


def _registered() -> Shown:
    def make(subject: Subject, _number: int, _on: date, draws: Draws) -> dealings.Fields:
        return dealings.supplier(subject, draws)

    return Shown(home="G", make=make)


def _plain(home: str, make: Maker) -> Shown:
    return Shown(home=home, make=make)


def _penalty(home: str, offence: decisions.Offence, decided: date, *, former: bool = False, **changes: str) -> Shown:
    def make(subject: Subject, number: int, on: date, draws: Draws) -> Values:
        made = decisions.penalty(subject, number, on, draws, offence=offence, decided=decided)
        if former:
            made["CF_XDR_MC"] = subject.former_name
        return made | changes

    return Shown(home=home, make=make)


def _licence(home: str, permit: decisions.Permit, decided: date, **changes: str) -> Shown:
    def make(subject: Subject, number: int, on: date, draws: Draws) -> Values:
        return decisions.licence(subject, number, on, draws, permit=permit, decided=decided) | changes

    return Shown(home=home, make=make)


def _listed(home: str, roll: str, listed: date, **changes: str) -> Shown:
    def make(subject: Subject, number: int, on: date, draws: Draws) -> Values:
        return standing.list_entry(subject, number, on, draws, rolls=(roll,), listed=listed) | changes

    return Shown(home=home, make=make)


def _graded(letter: str) -> Shown:
    def make(subject: Subject, number: int, on: date, draws: Draws) -> Values:
        return standing.grade(subject, number, on, draws, letter)

    return Shown(home="N", make=make)


def _sanctioned(start: date, *, months: int | None) -> Shown:
    def make(subject: Subject, number: int, on: date, draws: Draws) -> dealings.Fields:
        made = dealings.sanction(subject, number, on, draws, months=months or 24, bribery=months is None, start=start)
        if months is None:
            made |= {"permanent": True, "endsOn": None, "rectifiedOn": None, "liftedOn": None}
        return made

    return Shown(home="G", make=make)


def _owing(at: date, *, open_bill: bool) -> Shown:
    def make(subject: Subject, _number: int, _on: date, draws: Draws) -> Values:
        return dealings.arrears(subject, 0, at, draws, open_bill=open_bill)

    return Shown(home="D", make=make)
