"""
What the hub raises.

    HubError
    ├─ RefusalError              the asker's side; code and text are safe to show
    │  ├─ BadInputError          400 BAD_USER_INPUT, names the place, never the value
    │  ├─ UnauthenticatedError   401 UNAUTHENTICATED, carries the WWW-Authenticate challenge
    │  │  └─ StepUpRequiredError 401 STEP_UP_REQUIRED, an officer's proof of presence is too old
    │  ├─ ForbiddenError         403 FORBIDDEN, names the rule
    │  ├─ ConflictError          409 CONFLICT, what was looked at has changed since, or was done already
    │  ├─ PurposeRequiredError   403 PURPOSE_REQUIRED, names the missing context key
    │  ├─ TooExpensiveError      400 COST_ESTIMATED_TOO_EXPENSIVE
    │  └─ RateLimitedError       429 RATE_LIMITED, carries Retry-After
    ├─ UnavailableError          ours and passing: 503, nothing was disclosed; asking again may succeed
    └─ SettingsError             the operator's side, at start

A connector's errors are a tree of their own: `connectors.errors`.

Rule: no value above tier P enters a message. A message says what failed, what was got (its kind or size) and what
was expected.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """`extensions.code` of every error the hub answers (the list is closed: clients switch on it)."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    FORBIDDEN = "FORBIDDEN"
    CONFLICT = "CONFLICT"
    UNAUTHORIZED_FIELD_OR_TYPE = "UNAUTHORIZED_FIELD_OR_TYPE"
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED"
    COST_ESTIMATED_TOO_EXPENSIVE = "COST_ESTIMATED_TOO_EXPENSIVE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    INTERNAL = "INTERNAL"


class HubError(Exception):
    """Base of the hub's own errors."""


class RefusalError(HubError):
    """
    The asker's side: refused, and the asker is told why.

    Attributes:
        message: Safe to show.
        code: `extensions.code`.
        status: HTTP status for a refusal of the whole request.
        place: Where: a response path, or the path of a variable or of a member of the request body.
        extensions: Further members of `extensions`, safe to show.
        headers: HTTP headers of the answer, lower-case names.
    """

    code: ErrorCode = ErrorCode.BAD_USER_INPUT
    status: int = 400

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode | None = None,
        status: int | None = None,
        place: Sequence[str | int] = (),
        extensions: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code if code is not None else type(self).code
        self.status = status if status is not None else type(self).status
        self.place = tuple(place)
        self.extensions: Mapping[str, Any] = extensions or {}
        self.headers: Mapping[str, str] = headers or {}

    def as_graphql(self) -> dict[str, Any]:
        """The error as a member of a GraphQL response's `errors`, without `path`: the request itself is refused."""
        extensions: dict[str, Any] = {"code": self.code.value, **self.extensions}
        if self.place:
            extensions["place"] = list(self.place)
        return {"message": self.message, "extensions": extensions}


class BadInputError(RefusalError):
    """The request, or a part of it, is not what was expected."""


class UnauthenticatedError(RefusalError):
    """
    The token, or the proof beside it, is not one we accept. The challenge goes into WWW-Authenticate.

    Attributes:
        error: OAuth's code of it: `invalid_token`, `invalid_request`, `invalid_dpop_proof`, `use_dpop_nonce`.

    Source: RFC 6750, 3; RFC 9449, 7.1 and 9.
    """

    code = ErrorCode.UNAUTHENTICATED
    status = 401

    def __init__(
        self, message: str, *, error: str = "invalid_token", proof_algorithms: str = "", nonce: str | None = None
    ) -> None:
        """
        Make the refusal and its challenge.

        Args:
            message: Safe to show, without quotation marks.
            error: See above.
            proof_algorithms: What proofs may be signed with; the challenge is then DPoP's, else Bearer's.
            nonce: The nonce that the next proof must carry.
        """
        scheme, algorithms = ("DPoP", f', algs="{proof_algorithms}"') if proof_algorithms else ("Bearer", "")
        words = f'realm="credit-exchange-hub", error="{error}", error_description="{message}"'
        headers = {"www-authenticate": f"{scheme} {words}{algorithms}"}
        if nonce is not None:
            headers["dpop-nonce"] = nonce
        super().__init__(message, headers=headers)
        self.error = error


class StepUpRequiredError(UnauthenticatedError):
    """
    The session is live, but what is asked needs a fresh proof of presence (二次认证).

    Source: RFC 9470, 3.
    """

    code = ErrorCode.STEP_UP_REQUIRED

    def __init__(self, message: str = "A fresh proof of presence is needed: step up, then ask again") -> None:
        super().__init__(message, error="insufficient_user_authentication")
        self.headers = {
            "www-authenticate": 'Officer realm="credit-exchange-hub", error="insufficient_user_authentication",'
            ' max_age="300"'
        }
        self.extensions = {"rule": "officer.step_up"}


class ForbiddenError(RefusalError):
    """
    Who asks is known, and may not do this. *rule* says which rule refuses: dotted words, no value.

    Attributes:
        rule: The same.
    """

    code = ErrorCode.FORBIDDEN
    status = 403

    def __init__(self, rule: str, message: str, *, place: Sequence[str | int] = ()) -> None:
        super().__init__(message, extensions={"rule": rule}, place=place)
        self.rule = rule


class ConflictError(RefusalError):
    """
    What the asker looked at is not as it was, or was done already: look again, then decide again.

    Attributes:
        rule: Which rule refuses: dotted words, no value.
    """

    code = ErrorCode.CONFLICT
    status = 409

    def __init__(self, rule: str, message: str, *, changed: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, extensions={"rule": rule, **({} if changed is None else {"changed": dict(changed)})})
        self.rule = rule


class PurposeRequiredError(RefusalError):
    """The purpose of use is missing, unknown, not the caller's, or lacks its context."""

    code = ErrorCode.PURPOSE_REQUIRED
    status = 403


class TooExpensiveError(RefusalError):
    """The predicted cost is above what one question may cost."""

    code = ErrorCode.COST_ESTIMATED_TOO_EXPENSIVE


class RateLimitedError(RefusalError):
    """
    The caller asked too often, or too much. *retry_after_s* is whole seconds, at least 1.

    Attributes:
        rule: Which limit, e.g. `quota.requests-per-minute`; None if none is named.
    """

    code = ErrorCode.RATE_LIMITED
    status = 429

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: int,
        rule: str | None = None,
        extensions: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            message,
            extensions={**({} if rule is None else {"rule": rule}), **(extensions or {})},
            headers={**(headers or {}), "retry-after": str(max(1, retry_after_s))},
        )
        self.rule = rule


class UnavailableError(HubError):
    """Ours and passing: the store or the log cannot be used. Nothing leaves; *message* is safe to show."""

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class SettingsError(HubError):
    """A setting is missing, contradicts another, or is not allowed in production."""
