"""
Which media type an answer takes, and which a question may come in.

Rules:
    - Two are spoken: `application/graphql-response+json` (status tells a request error) and `application/json`
      (200 for every well-formed request, for clients from before the first).
    - No Accept header, and `*/*`, mean `application/json`.
    - Text is UTF-8; another `charset` is refused, not converted.

Source: GraphQL over HTTP (draft of 2025), 4.1, 5.2, 6.1; RFC 9110, 12.4.2, 12.5.1.
"""

from dataclasses import dataclass

from hub.errors import BadInputError

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
# In the order of preference among equals of the client's.
_SPOKEN = (JSON, GRAPHQL_RESPONSE)
_HEADER_MAX = 1024
_PARTS_MAX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    media: str
    quality: float
    charset: str | None


def choose(accept: str | None) -> str:
    """
    Choose the media type of the answer.

    Args:
        accept: The Accept header (several joined by commas), None if absent.

    Raises:
        BadInputError: 406, none of the spoken types is acceptable.
    """
    if accept is None or accept in {"", "*/*", JSON}:
        return JSON
    if accept == GRAPHQL_RESPONSE:
        return GRAPHQL_RESPONSE
    if len(accept) <= _HEADER_MAX:
        ranges = [found for part in accept.split(",")[:_PARTS_MAX] if (found := _range(part)) is not None]
        best, chosen = 0.0, None
        for media in _SPOKEN:
            quality = _quality(media, ranges)
            # Among equals the one that is named first in the header wins, and JSON where both are only meant by `*`.
            if quality > best or (
                quality == best and quality > 0 and chosen and _named_at(media, ranges) < _named_at(chosen, ranges)
            ):
                best, chosen = quality, media
        if chosen is not None:
            return chosen
    raise BadInputError(f"Not acceptable: the hub answers {GRAPHQL_RESPONSE} or {JSON}, in UTF-8", status=406)


def check_content_type(content_type: str | None) -> None:
    """
    Check the media type of a question's body.

    Only `application/json` is taken. The simple content types of HTML forms are not, so a foreign page cannot make
    a browser post a question without asking first (CORS preflight).

    Raises:
        BadInputError: 415.
    """
    if content_type == JSON:
        return
    media, _, rest = (content_type or "").partition(";")
    if media.strip().lower() != JSON:
        raise BadInputError("Unsupported media type: POST a question as application/json", status=415)
    charset = _parameters(rest).get("charset")
    if charset is not None and charset not in {"utf-8", "utf8"}:
        raise BadInputError("Unsupported charset: JSON is UTF-8", status=415)


def wants_page(accept: str | None) -> bool:
    """Whether a browser is asking for a page rather than a client for JSON."""
    if accept is None:
        return False
    named = {part.partition(";")[0].strip().lower() for part in accept.split(",")[:_PARTS_MAX]}
    return "text/html" in named and not named.intersection(_SPOKEN)


def _range(part: str) -> _Range | None:
    media, _, rest = part.partition(";")
    parameters = _parameters(rest)
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    if not 0 <= quality <= 1:
        return None
    return _Range(media=media.strip().lower(), quality=quality, charset=parameters.get("charset"))


def _parameters(text: str) -> dict[str, str]:
    found = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if equals:
            found[name.strip().lower()] = value.strip().strip('"').lower()
    return found


def _quality(media: str, ranges: list[_Range]) -> float:
    """The quality the most specific range gives *media*, 0 if none matches."""
    for wanted in (media, "application/*", "*/*"):
        matching = [each for each in ranges if each.media == wanted and each.charset in {None, "utf-8", "utf8"}]
        if matching:
            return max(each.quality for each in matching)
    return 0.0


def _named_at(media: str, ranges: list[_Range]) -> int:
    return next((place for place, each in enumerate(ranges) if each.media == media), len(ranges))
