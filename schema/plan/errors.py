"""
Why a plan cannot be made.

    PlanError
    ├─ DeniedReferenceError   an argument names a coordinate that the asker may not read whole
    └─ UnknownCoordinateError a guarded type has a field that the catalogue does not describe: ours, never shown
"""


class PlanError(Exception):
    """Base of the plan's errors."""


class DeniedReferenceError(PlanError):
    """
    A filter or sort names a coordinate that no row would show the asker whole, so the operation is refused.

    Attributes:
        coordinate: Schema coordinate.
        rule: The rule that denies or masks it.
        path: Response path of the field that carries the argument; `@` stands for a list.
    """

    def __init__(self, coordinate: str, rule: str, path: tuple[str, ...]) -> None:
        super().__init__(f"{coordinate} may not be referenced in an argument: {rule}")
        self.coordinate = coordinate
        self.rule = rule
        self.path = path


class UnknownCoordinateError(PlanError):
    """The schema serves a field of a guarded type without a catalogue entry."""
