"""
What a document may not be before it is validated: so large or so entangled that validating it would hold up others.

Rules:
    - Validation is linear in the tokens but for three things, and each has its bound here: fields compared pairwise
      under one response key, fragments followed from every operation, fragments compared with each other.
    - The bounds leave room: the fullest document one can write for this schema (every field of every kind, as nodes
      and as edges) has 930 tokens, and comparing its fields costs under 10,000.
"""

from collections.abc import Collection

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    specified_rules,
)

MAX_TOKENS = 3_000
"""Most tokens a document may have."""
MAX_OPERATIONS = 20
"""Most operations in one document."""
MAX_FRAGMENTS = 100
"""Most named fragments in one document."""
MAX_COMPARISONS = 20_000
"""Most work comparing fields of one response key, in graphql-core's units: two for a pair."""


class BoundedOverlapRule(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule of fields that must be able to merge, with a bound that suits this schema."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS


RULES: Collection[type[ASTValidationRule]] = tuple(
    BoundedOverlapRule if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)
"""The rules of validation: those of the specification."""


def find_fault(document: DocumentNode) -> GraphQLError | None:
    """Say why *document* is not even validated, None if it is to be."""
    for what, kind, most in (
        ("operations", OperationDefinitionNode, MAX_OPERATIONS),
        ("fragments", FragmentDefinitionNode, MAX_FRAGMENTS),
    ):
        found = [node for node in document.definitions if isinstance(node, kind)]
        if len(found) > most:
            return GraphQLError(f"Expected at most {most} {what}, got {len(found)}.", found[most])
    return None
