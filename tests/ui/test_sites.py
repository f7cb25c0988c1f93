"""Two sites on one page: chosen by keyboard and mouse, named wherever something is done, and no file goes to the other one: `make test-ui`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.server import populated_server
from tests.support.site import Site
from tests.ui.airflow import AirflowWithAccounts
from tests.ui.desk import Desk
from toolsync.settings import ROOT

pytestmark = pytest.mark.whole_ui

SITES = {"science": {"title": "Science"}, "arts": {"title": "Faculté des arts et des lettres"}}
ARTS = SITES["arts"]["title"]
FILE = "username,firstname,lastname,email\nui.ada,Ada,Lovelace,ui.ada@example.org\n"


@pytest.fixture(scope="module")
def moodles(loaded_site: Site, pristine: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """The database of each site, on servers of their own."""
    loaded_site.restore(pristine)
    server = populated_server(tmp_path_factory.mktemp("other") / "server", die_with_parent=True)
    yield {"science": loaded_site, "arts": Site(server, "moodle")}
    server.stop()


@pytest.fixture(scope="module")
def live(
    airflow: None, moodles: dict[str, Site], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowWithAccounts]:
    home, dags = tmp_path_factory.mktemp("sites"), [ROOT / "dags/toolsync_users.py"]
    live = AirflowWithAccounts(home, moodles["science"].connection(), dags, sites=SITES)
    for name, moodle in moodles.items():
        live.environment[f"AIRFLOW_CONN_MOODLE_DB_{name.upper()}"] = moodle.connection()
    try:
        live.start()
        yield live
    finally:
        live.kill()


def test_a_file_goes_to_the_site_that_is_shown(
    desk: Callable[..., Desk], file_of: Callable[[str, str], Path], moodles: dict[str, Site], live: AirflowWithAccounts
) -> None:
    op, file = desk("op"), file_of("people.csv", FILE)
    op.open("?site=science").titled("Overview · Science")
    choice = op.page.get_by_label("Site")
    choice.focus()
    op.page.keyboard.press("ArrowUp")  # they stand in alphabetical order here
    op.titled(f"Overview · {ARTS}").accessible("sites-overview")
    expect(choice).to_be_focused()
    expect(op.page).to_have_url(re.compile(r"#/\?site=arts$"))
    # A file that was dropped for one site is not there any more when another one is chosen.
    op.page.locator("#top").get_by_role("link", name="Upload").click()
    op.titled(f"Upload · {ARTS}").page.set_input_files("input[type=file]", file)
    expect(op.button("Run “Accounts”")).to_be_visible()
    choice.select_option("science")
    op.titled("Upload · Science")
    expect(op.page.locator(".bench")).to_have_count(0)
    choice.select_option("arts")
    op.titled(f"Upload · {ARTS}").page.set_input_files("input[type=file]", file)
    expect(op.page.locator(".going .badge.site")).to_have_text(ARTS)
    op.accessible("sites-upload")
    op.button("Run “Accounts”").click()
    expect(op.page.get_by_role("dialog")).to_contain_text(ARTS)
    op.accessible("sites-question")
    op.button("Switch on and go on").click()
    op.titled(f"people.csv · {ARTS}").run_ended().accessible("sites-run")
    assert op.figures() == ["1 created"]
    assert {name: _accounts(moodle) for name, moodle in moodles.items()} == {"science": 0, "arts": 1}
    assert [event["uri"] for event in live.call("GET", "assets/events")["asset_events"]] == [
        "x-moodle://arts/moodle_accounts"
    ]
    # The site is remembered, and an address leads to its own.
    op.page.goto("about:blank")
    op.page.goto(f"{live.url}/toolsync/")
    op.titled(f"Overview · {ARTS}")
    op.open("reports/toolsync_users__science").titled("Reports: Accounts · Science")
    expect(choice).to_have_value("science")
    op.open("?site=history").titled("That didn't work").accessible()
    for language, dark, width in (("fr", True, 1280), ("fr", False, 360), ("en", True, 360)):
        other = desk("op", language=language, dark=dark, width=width)
        for name, address in (("overview", "?site=arts"), ("upload", "upload?site=arts"), ("undo", "undo?site=arts")):
            look = f"sites-{name}-{language}-{'dark' if dark else 'light'}-{width}"
            other.open(address).accessible(look)
            assert other.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), look


def _accounts(moodle: Site) -> int:
    return int(moodle.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'ui.%'"))
