"""
Serves the bundled GraphiQL: a page and its files from the hub's own disk, with no outside request.

Rules:
    - Everything comes from this origin (`default-src 'self'`). Inline styles are allowed, since the editor (Monaco)
      sets them; inline scripts are not.
    - The page is built by `python -m hub.gateway.graphiql_build` and not kept in the repository. Without it, the
      address answers with how to build it.
"""

from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from hub.gateway.trail import trail_of

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
_NOT_BUILT = (
    "GraphiQL is not built in this installation.\n"
    "Build it once (it needs the npm registry):  python -m hub.gateway.graphiql_build\n"
    "本安装未构建 GraphiQL。请运行一次（需要 npm 源）： python -m hub.gateway.graphiql_build\n"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}


def bundle_directory() -> Path:
    """Where the built page is, or would be: inside the package, so that the wheel carries it."""
    return Path(str(files("hub.gateway"))) / "static" / "graphiql"


class GraphiQLPage:
    """The page and its files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def page(self, request: Request) -> Response:
        """The page, or how to build it (404)."""
        _mark(request)
        index = self._directory / "index.html"
        if not index.is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=404, headers=_HEADERS)
        return FileResponse(index, media_type=_TYPES[".html"], headers=_HEADERS)

    async def file(self, request: Request) -> Response:
        """One file of the bundle, by its bare name."""
        _mark(request)
        name: str = request.path_params["name"]
        path = self._directory / name
        # A bare name only: the route's parameter holds no slash, and what starts with a dot is not ours.
        media = _TYPES.get(path.suffix)
        if name.startswith(".") or "\\" in name or media is None or not path.is_file():
            return PlainTextResponse("Not found\n", status_code=404, headers=_HEADERS)
        return FileResponse(path, media_type=media, headers=_HEADERS)


def _mark(request: Request) -> None:
    trail = trail_of(request.scope)
    if trail is not None:
        trail.route = "graphiql"
