"""The name of a package: who sent it, what is in it, when it was made, in which order it is read."""

import re
from dataclasses import dataclass
from typing import Literal

_NAME = re.compile(
    r"(UP|DOWN)_([0-9A-HJ-NP-RTUWXY]{18})_([A-Z][A-Z0-9]{1,31})_(\d{14})_(\d{1,12})_(full|inc)\.zip",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageName:
    """
    The parts of `{direction}_{srcUSCC}_{catalogCode}_{yyyyMMddHHmmss}_{batchNo}_{full|inc}.zip` (DOMAIN 11.4).

    Attributes:
        text: The whole name.
        made_at: As written, Asia/Shanghai.
        number: The sender's batch number.
    """

    text: str
    direction: str
    source_code: str
    catalog: str
    made_at: str
    number: int
    mode: Literal["full", "inc"]

    @property
    def order(self) -> tuple[str, int, str]:
        """Packages are read by (time, batch number)."""
        return (self.made_at, self.number, self.text)


def parse_name(text: str) -> PackageName | None:
    """Read a package's name; None if it does not follow the grammar."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    return PackageName(
        text=text,
        direction=found[1],
        source_code=found[2],
        catalog=found[3],
        made_at=found[4],
        number=int(found[5]),
        mode="full" if found[6] == "full" else "inc",
    )
