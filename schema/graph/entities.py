"""
Federation's `_entities`, our own: one bad reference never spoils the batch.

Rules:
    - Order and duplicates are kept; a subject that is not on file is null.
    - A reference that is no object, names another type, or lacks a usable key is null with one error at its place.
    - Members beyond `__typename` and the key are ignored: a newer supergraph may send `@requires` fields.

Source: Apollo Federation subgraph specification, `Query._entities`.
"""

from collections.abc import Mapping, Sequence

from graphql import GraphQLError

from schema.graph.errors import bad_code, bad_input
from schema.identifiers.uscc import UsccFinding, check_uscc
from schema.plan.guarded import SUBJECT_KIND
from schema.plan.judged import JudgedSubject


def reference_code(reference: object) -> str | GraphQLError:
    """Read the code that a representation names, or say what is wrong with it."""
    if not isinstance(reference, Mapping):
        return bad_input("representation: expected an object.")
    if reference.get("__typename") != SUBJECT_KIND:
        return bad_input(f"representation: expected __typename {SUBJECT_KIND}.")
    code = reference.get("code")
    if not isinstance(code, str):
        return bad_input("representation: expected the key `code`, a string.")
    finding: UsccFinding = check_uscc(code)
    return bad_code(finding) if finding.code is None else finding.code


def resolve_entities(
    subjects: Mapping[str, JudgedSubject],
    representations: Sequence[object],
) -> list[JudgedSubject | GraphQLError | None]:
    """Answer *representations* from the fetched *subjects*; an error stands for its item."""
    found = [reference_code(reference) for reference in representations]
    return [code if isinstance(code, GraphQLError) else subjects.get(code) for code in found]
