"""A browser, and a whole Airflow on the populated site, for the pages of the desk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.site import Site
from tests.ui.airflow import AirflowWithAccounts
from tests.ui.desk import Desk
from toolsync.settings import ROOT

# Debian's browser, which gets its updates with the system; Playwright's own is a download of 200 MB that no lock pins.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
SHOTS = ROOT / ".local/screenshots"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def live(
    request: pytest.FixtureRequest,
    airflow: None,
    loaded_site: Site,
    pristine: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[AirflowWithAccounts]:
    """A running Airflow. A module says in `DAG` which DAG alone it needs; otherwise it has all of them."""
    loaded_site.restore(pristine)
    home = tmp_path_factory.mktemp("live")
    (home / "moodledata").mkdir()
    dags = sorted((ROOT / "dags").glob(f"{getattr(request.module, 'DAG', 'toolsync_*')}.py"))
    live = AirflowWithAccounts(home, loaded_site.connection(dataroot=home / "moodledata"), dags)
    try:
        live.start()
        yield live
    finally:
        live.kill()


@pytest.fixture
def desk(live: AirflowWithAccounts, browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Opens the desk as somebody: `desk("op", language="fr", dark=True, width=360)`; None for nobody."""
    contexts: list[Any] = []

    def open_as(name: str | None, *, language: str = "en", dark: bool = False, width: int = 1280) -> Desk:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            locale=language,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            accept_downloads=True,
        )
        contexts.append(context)
        if name:
            context.add_cookies([{"name": "_token", "value": live.token(name), "url": live.url}])
        return Desk(context.new_page(), live.url, SHOTS)

    yield open_as
    for context in contexts:
        context.close()


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[str, str], Path]:
    """Makes a file to upload: its name and what it holds."""

    def made(name: str, content: str) -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return made
