"""What stands on a platform: one row, and the platforms' names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Final, Literal

from connectors.sandbox.dealings import Json

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


class Platform(StrEnum):
    """A platform of the sandbox, by the identifier of its site."""

    NATIONAL = "national"
    FILES = "cn-51-files"
    FRONT = "cn-51-db"
    GROUP = "jinjiang"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldRow:
    """
    One record as a platform holds it.

    Attributes:
        platform, kind: Where, and of which catalogue kind; the group's register is of kind `Supplier`.
        row_id: Unique on its platform; sorts in the order of the world.
        code: Credit code of the subject it is about, whatever its columns say.
        values: Column code (the group: GraphQL field name) to value; what is left out is absent.
        updated: When it last changed, Asia/Shanghai, whole seconds.
        op: `I` never changed, `U` changed since, `D` withdrawn.
        dirt: The dirt that lies on it, None if clean.
    """

    platform: Platform
    kind: str
    row_id: str
    code: str
    values: Mapping[str, Json]
    updated: datetime
    op: Literal["I", "U", "D"] = "I"
    dirt: str | None = None

    @property
    def place(self) -> tuple[datetime, str]:
        """What orders rows: time of change, then identifier."""
        return self.updated, self.row_id

    def text(self, column: str) -> str | None:
        """
        Give the value of *column* as text.

        Raises:
            TypeError: the value is no text: only the group's rows have others.
        """
        value = self.values.get(column)
        if value is None or isinstance(value, str):
            return value
        raise TypeError(f"{self.kind}.{column}: expected text, got {type(value).__name__}")


_MARKS: Final = {
    "Registration": "JB",
    "Licence": "XK",
    "Penalty": "CF",
    "ListEntry": "MD",
    "Grade": "PJ",
    "Commitment": "CN",
    "Supplier": "GY",
    "SupplierSanction": "BL",
    "Performance": "LY",
    "Arrears": "QF",
}


def row_id_of(kind: str, index: int, number: int) -> str:
    """Name the record *number* of *kind* of the subject at *index*: sorts in the order of the world."""
    return f"{_MARKS[kind]}-{index:08d}-{number}"
