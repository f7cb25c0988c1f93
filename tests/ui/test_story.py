"""The story of a file in a browser, in short: upload, simulate, run, correct what failed, done. `test_pages.py` has it all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.support.site import Site
from tests.ui.desk import Desk

DAG = "toolsync_users"
FILE = "username,firstname,lastname,email\nui.ada,Ada,Lovelace,ui.ada@example.org\nui.grace,Grace,Hopper,u002@example.org\n"


def test_a_file_is_uploaded_simulated_run_and_corrected(
    desk: Callable[..., Desk], file_of: Callable[[str, str], Path], loaded_site: Site
) -> None:
    op = desk("op").upload(file_of("people.csv", FILE))
    expect(op.page.get_by_label("What a line is")).to_have_value(DAG)
    expect(op.page.locator("table").first).to_contain_text("ui.ada@example.org")
    op.accessible()
    op.button("Simulate").click()
    op.button("Switch on and go on").click()
    op.titled("people.csv").run_ended()
    assert op.figures() == ["1 created", "1 failed"]
    assert _accounts(loaded_site) == 0
    op.accessible()
    op.button("Run for real").click()
    expect(op.page.locator(".badge.real")).to_be_visible()
    op.run_ended()
    assert (op.figures(), _accounts(loaded_site)) == (["1 created", "1 failed"], 1)
    op.link("Whole report").click()
    op.titled("people.csv").page.get_by_role("tab", name="Changes").click()
    changes = op.page.get_by_role("region", name="Changes")
    expect(changes.locator("tbody tr")).to_have_count(3)
    op.page.get_by_label("Search the changes").fill("PREFERENCE")
    expect(changes.locator("tbody tr")).to_have_count(2)
    expect(changes).to_contain_text("ui.ada · create_password")
    op.accessible("changes")
    op.page.get_by_role("tab", name="Changes").press("ArrowLeft")
    expect(op.page.get_by_role("region", name="Lines")).to_contain_text("another account has it")
    op.link("Correct the failed lines").click()
    op.titled("Correct people.csv")
    cell = op.page.get_by_label("email, line 3")
    expect(cell).to_be_focused()
    expect(cell).to_have_attribute("aria-invalid", "true")
    op.accessible()
    cell.fill("ui.grace@example.org")
    op.button("Send the line back").click()
    op.button("Run “Accounts”").click()
    op.titled("people.csv").run_ended()
    assert (op.figures(), _accounts(loaded_site)) == (["1 created"], 2)
    op.accessible()


def _accounts(site: Site) -> int:
    return int(site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'ui.%'"))
