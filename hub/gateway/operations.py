"""What a document would do, told without running it: a GET may only ask."""

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from hub.errors import BadInputError, ErrorCode, RefusalError

# A GET's document is bounded by the length of a URL; this bounds its tokens as well.
_TOKENS_MAX = 5_000


def check_only_asks(document: str, operation_name: str | None) -> None:
    """
    Check that a GET runs a query.

    A document that cannot be parsed, or whose operation cannot be told, passes: the road refuses it with its reason
    and runs nothing.

    Raises:
        BadInputError: 405, the operation is a mutation or a subscription.
        RefusalError: 400 GRAPHQL_PARSE_FAILED, the document is nested too deeply.
    """
    try:
        definitions = parse(document, no_location=True, max_tokens=_TOKENS_MAX).definitions
    except GraphQLError:
        return
    except RecursionError:
        raise RefusalError("The document is nested too deeply", code=ErrorCode.GRAPHQL_PARSE_FAILED) from None
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    if operation_name is not None:
        operations = [each for each in operations if each.name is not None and each.name.value == operation_name]
    if any(each.operation is not OperationType.QUERY for each in operations):
        raise BadInputError("A GET may only run a query; POST this operation", status=405, headers={"allow": "POST"})
