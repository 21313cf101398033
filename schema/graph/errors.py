"""Errors that a resolver raises on the asker's input; the text is safe to show and names no value."""

from graphql import GraphQLError

from schema.identifiers.uscc import UsccFinding

BAD_INPUT = "BAD_USER_INPUT"


def bad_input(message: str, **extensions: object) -> GraphQLError:
    """Make the error of a wrong argument; *extensions* are safe to show."""
    return GraphQLError(message, extensions={"code": BAD_INPUT, **extensions})


def bad_code(finding: UsccFinding) -> GraphQLError:
    """Make the error of a text that is no unified social credit code, with the fault and what was expected."""
    fault = finding.faults[0] if finding.faults else "ID01"
    told: dict[str, object] = {"fault": fault}
    if finding.suggestion:
        told["suggestion"] = finding.suggestion
    reason = {
        "ID01": "expected 18 characters of 0-9 and A-Z without I, O, S, V, Z",
        "ID02": "its check character does not fit (GB 32100-2015)",
        "ID04": "the placeholder code names no organisation",
    }.get(fault, "it is not valid")
    return bad_input(f"Not a unified social credit code: {reason}.", **told)
