"""The desk in a browser, as a person uses it."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

RUN_MILLISECONDS = 180_000  # a run may take so long on a busy machine
expect.set_options(timeout=30_000)


class Desk:
    """A page of the desk.

    :param url: where Airflow is.
    :param shots: the folder of screenshots.
    """

    def __init__(self, page: Page, url: str, shots: Path) -> None:
        self.page, self.url, self.shots = page, url, shots
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)

    def open(self, address: str = "") -> Desk:
        """Open a page by its address after `#/`."""
        self.page.goto(f"{self.url}/toolsync/#/{address}")
        expect(self.page.locator("#main")).to_have_attribute("data-address", f"#/{address}")
        expect(self.page.locator(".loading")).to_have_count(0)
        return self

    def titled(self, text: str) -> Desk:
        expect(self.page.locator("#main h1")).to_have_text(text, timeout=RUN_MILLISECONDS)
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def upload(self, file: Path) -> Desk:
        """Choose a file on the page *Upload*, and wait until it was looked at."""
        self.open("upload").page.set_input_files("input[type=file]", file)
        expect(self.page.locator(".bench .notice").first).to_be_visible()
        return self

    def drop(self, file: Path) -> Desk:
        """The same by dropping the file onto the page."""
        make = "([name, text]) => { const data = new DataTransfer(); data.items.add(new File([text], name)); return data; }"
        data = self.open("upload").page.evaluate_handle(make, [file.name, file.read_text(encoding="utf-8")])
        self.page.dispatch_event(".zone", "drop", {"dataTransfer": data})
        expect(self.page.locator(".bench .notice").first).to_be_visible()
        return self

    def run_ended(self) -> Desk:
        """Wait until the run that the page shows has ended."""
        expect(self.page.locator(".badges .badge.good, .badges .badge.bad").first).to_be_visible(
            timeout=RUN_MILLISECONDS
        )
        return self

    def figures(self) -> list[str]:
        """What became of the lines: `2 created`."""
        return self.page.locator(".run .figures li").all_text_contents()

    def accessible(self, name: str = "") -> Desk:
        """Check that axe finds nothing, and that the browser's console is empty; keep a screenshot if a name is given."""
        found = Axe().run(self.page)
        assert not found.response["violations"], f"{self.page.url}\n{found.generate_report()}"
        assert not self.errors, self.errors
        if name:
            self.shots.mkdir(parents=True, exist_ok=True)
            self.page.evaluate("scrollTo(0, 0)")
            self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)
        return self

    def _note(self, message: ConsoleMessage) -> None:
        # A status of 4xx is an answer that the page shows in words.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.errors.append(message.text)
