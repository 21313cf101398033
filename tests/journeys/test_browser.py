"""The bundled GraphiQL in a real browser: it asks a question, and nothing leaves the machine."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.gateway.graphiql_build import build
from hub.gateway.page import bundle_directory

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = [pytest.mark.browser, pytest.mark.npm]


@pytest.fixture(scope="module")
def bundle() -> None:
    build(bundle_directory())


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
class TestGraphiQL:
    async def test_question_is_answered_and_no_request_leaves_this_origin(self, stage, bundle):
        """
        A newcomer opens the page with a token and presses run: the answer is there, on a network without an outside.
        """
        from playwright.async_api import async_playwright

        asked, faults = [], []
        async with async_playwright() as player:
            browser = await player.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
            page = await browser.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: faults.append(str(error)))
            token = stage.tokens["subject"]
            question = f'{{ subject(code: "{stage.subject}") {{ name }} me {{ actor }} }}'
            await page.goto(f"{stage.url}/graphiql#token={token}&purpose=SELF_QUERY&query={question}")
            await page.locator(".graphiql-execute-button").click()
            result = page.locator(".result-window")
            await result.get_by_text('"SU"').wait_for(timeout=20_000)
            shown = await result.inner_text()
            address = page.url
            await browser.close()

        outside = [url for url in asked if urlsplit(url).scheme in ("http", "https") and not url.startswith(stage.url)]
        assert "电力工程有限公司" in shown
        assert [] == outside
        assert [] == faults
        assert token not in address
