"""
The organisations of the world: who stands at an index, and at which index a code stands.

Rules:
    - A code's organisation part is `XN` and six characters that encode the index, so that a code leads back to its
      index without a table. No register gives out `XN…`: the codes check, and belong to nobody.
    - The first subjects are the showcase (`SHOWCASE`); they are never dirty.

Source: DOMAIN 1.1, 1.2, 1.5.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from connectors.sandbox.draws import Draws
from connectors.sandbox.names import NAMES, organisation_name, person_name
from schema.identifiers.uscc import USCC_ALPHABET, compose

SHOWCASE: Final = 8
"""Subjects 0 to 7: see `connectors.sandbox.showcase`."""
FULL, CLEAN, BRANCH, RENAMED, DISSOLVED, INDIVIDUAL, LISTED, TROUBLED = range(SHOWCASE)

_BASE: Final = len(USCC_ALPHABET)
_SPACE: Final = _BASE**6
_STEP: Final = 548_776_621
_UNSTEP: Final = pow(_STEP, -1, _SPACE)
_SERIAL_PREFIX: Final = "XN"
_BODIES_FROM: Final = 800_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """
    One organisation of the world.

    Attributes:
        index: Its place in the world.
        code, name, region, sector: What the register says; `region` is the code of the registering office.
        former_name, renamed_on: Its name before, if it bore another.
        parent: Code of the legal person, for a branch.
        kind: 法人及非法人组织 or 个体工商户.
        status: 存续, 注销 or 吊销; `status_on` is the day it began.
        place: Place in its name, for addresses.
    """

    index: int
    code: str
    name: str
    region: str
    place: str
    sector: str
    scope: str
    form: str
    kind: str
    legal_representative: str
    founded_on: date
    capital: str
    status: str
    status_on: date
    registration_no: str
    former_name: str | None
    renamed_on: date | None
    parent: str | None

    @property
    def organisation_code(self) -> str:
        """Organisation code inside the credit code, 9 characters."""
        return self.code[8:17]


class Subjects:
    """Computes subjects on demand; a small cache keeps those just asked for."""

    def __init__(self, seed: int, size: int, today: date) -> None:
        self._seed = seed
        self._size = size
        self._today = today
        self._shift = Draws(seed, "codes").below(_BODIES_FROM - NAMES)
        self.at = lru_cache(maxsize=4096)(self._subject)

    def index_of(self, code: str) -> int | None:
        """Find the index of the subject with *code*; None if the world has none."""
        if len(code) != 18 or not code[8:].startswith(_SERIAL_PREFIX):  # noqa: PLR2004  length of a credit code
            return None
        number = 0
        for character in code[10:16]:
            value = USCC_ALPHABET.find(character)
            if value < 0:
                return None
            number = number * _BASE + value
        index = number * _UNSTEP % _SPACE - self._shift
        return index if 0 <= index < self._size and self.at(index).code == code else None

    def _subject(self, index: int) -> Subject:
        draws = Draws(self._seed, "subject", index)
        name = organisation_name(self._seed, index)
        individual = index == INDIVIDUAL or (index >= SHOWCASE and draws.happens(250))
        # Only odd ones may be branches, so that the one before is never a branch itself.
        branch = index == BRANCH or (index > SHOWCASE and index % 2 == 1 and not individual and draws.happens(600))
        parent = self.at(FULL if index == BRANCH else index - 1) if branch else None
        founded = self._today - timedelta(days=draws.between(1200, 9000))
        status, status_on = self._status(index, founded, draws)
        renamed = index == RENAMED or (index >= SHOWCASE and draws.happens(400))
        full = name.full if parent is None else f"{parent.name}{name.place}第{'一二三四五六'[index % 6]}分公司"
        return Subject(
            index=index,
            code=compose(("92" if individual else "91") + name.region, self._serial(index)),
            name=f"{name.stem}经营部" if individual else full,
            region=name.region,
            place=name.place,
            sector=name.sector,
            scope=name.scope,
            form="个体工商户" if individual else "有限责任公司分公司" if branch else name.form,
            kind="个体工商户" if individual else "法人及非法人组织",
            legal_representative=person_name(draws),
            founded_on=founded,
            capital=f"{draws.one_of((100, 500, 1000, 2000, 3000, 5008, 10000, 20000))}.000000",
            status=status,
            status_on=status_on,
            registration_no=f"{name.region}{draws.below(10**9):09d}",
            former_name=organisation_name(self._seed, index + 600_000).full if renamed else None,
            renamed_on=founded + timedelta(days=draws.between(300, 1000)) if renamed else None,
            parent=parent.code if parent else None,
        )

    def _status(self, index: int, founded: date, draws: Draws) -> tuple[str, date]:
        gone = self._today - timedelta(days=draws.between(30, 900))
        if index == DISSOLVED or (index >= SHOWCASE and draws.happens(200)):
            return "注销", gone
        if index >= SHOWCASE and draws.happens(60):
            return "吊销", gone
        return "存续", founded

    def _serial(self, index: int) -> str:
        return _serial_of((index + self._shift) * _STEP % _SPACE)


def body_code(region: str, number: int, *, department: str = "11") -> str:
    """
    Compose the code of an invented body of state, company or association that is no subject of a world.

    Args:
        region: GB/T 2260 code, 6 digits.
        number: Which one, from 0; the same number is the same body in every world.
        department: First two characters: 11 organ of state, 51 association, 91 enterprise.
    """
    return compose(department + region, _serial_of((_BODIES_FROM + number) * _STEP % _SPACE))


def _serial_of(number: int) -> str:
    digits = []
    for _ in range(6):
        number, value = divmod(number, _BASE)
        digits.append(USCC_ALPHABET[value])
    return _SERIAL_PREFIX + "".join(reversed(digits))
