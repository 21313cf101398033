"""The bundle: made from its lock file, complete, with no outside address to load from."""

import re

import pytest

from hub.gateway.graphiql_build import build


@pytest.mark.npm
class TestBuild:
    def test_bundle_is_whole_and_loads_from_its_own_origin_only(self, tmp_path):
        """An air-gapped network makes no outside request."""
        target = tmp_path / "graphiql"
        built, again = build(target), build(target)
        page = (target / "index.html").read_text()
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)

        assert (True, False) == (built, again)
        assert loaded
        assert all((target / each.removeprefix("/graphiql/")).is_file() for each in loaded)
        assert {"editor.worker.js", "json.worker.js", "graphql.worker.js", "codicon.ttf"} <= {
            path.name for path in target.iterdir()
        }
        assert not re.search(r"@import\s+(?:url\()?[\"']?https?:", (target / "graphiql.css").read_text())
