"""What a document holds, told without running it: a GET may only ask, and an operation's name may be logged."""

from collections import OrderedDict

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from hub.errors import BadInputError, ErrorCode, RefusalError

# A GET's document is bounded by the length of a URL, and a registered one is the operator's; this bounds both.
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


class OperationNames:
    """
    The names of the operations of registered documents: words of the operator's, where `operationName` is the client's.

    Those of a document are remembered by its identifier, of the *entries_max* documents that were asked for last.
    """

    def __init__(self, *, entries_max: int = 1_000) -> None:
        self._entries_max = entries_max
        self._names: OrderedDict[str, frozenset[str]] = OrderedDict()

    def find(self, document_id: str, text: str, name: str | None) -> str | None:
        """*name*, if *text*, registered under *document_id*, has an operation of that name; else None."""
        if name is None:
            return None
        names = self._names.get(document_id)
        if names is None:
            names = self._names[document_id] = _names_in(text)
            if len(self._names) > self._entries_max:
                self._names.popitem(last=False)
        else:
            self._names.move_to_end(document_id)
        return name if name in names else None


def _names_in(text: str) -> frozenset[str]:
    try:
        definitions = parse(text, no_location=True, max_tokens=_TOKENS_MAX).definitions
    except (GraphQLError, RecursionError):
        return frozenset()
    return frozenset(
        each.name.value for each in definitions if isinstance(each, OperationDefinitionNode) and each.name is not None
    )
