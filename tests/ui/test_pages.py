"""Every page of the desk, as operator, viewer and stranger, in both colours and languages, wide and narrow, by mouse and by keyboard: `make test-ui`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.support.site import Site
from tests.ui.airflow import AirflowWithAccounts
from tests.ui.desk import RUN_MILLISECONDS, Desk
from toolsync.settings import ROOT

pytestmark = pytest.mark.whole_ui

Open = Callable[..., Desk]
MakeFile = Callable[[str, str], Path]
PEOPLE = "username;firstname;lastname;email;citty;password\n" + "".join(
    f"ui.p{number};Pat;Doe {number};{'u002' if number % 5 == 0 else f'ui.p{number}'}@example.org;Oslo;Secret-word-{number}\n"
    for number in range(1, 31)
)
LOOKS = [("en", False, 1280), ("fr", True, 1280), ("fr", False, 360), ("en", True, 360)]


def test_an_operator_does_a_days_work(
    desk: Open, file_of: MakeFile, loaded_site: Site, live: AirflowWithAccounts
) -> None:
    op = desk("op").open()
    op.titled("Overview").accessible()
    _people(op, file_of, loaded_site)
    _correct(op, loaded_site)
    _delete_a_course(op, file_of, loaded_site)
    _put_it_back(op, loaded_site)
    _undo_runs(op, loaded_site)
    pages = _addresses(live)
    for language, dark, width in LOOKS:
        _all_pages(
            desk("op", language=language, dark=dark, width=width),
            pages,
            f"{language}-{'dark' if dark else 'light'}-{width}",
        )
    _viewer(desk("viewer"), pages, live)


def _people(op: Desk, file_of: MakeFile, site: Site) -> None:
    """A file with a misspelt column is looked at, corrected, simulated and run."""
    op.drop(file_of("people.csv", PEOPLE))
    expect(op.page.get_by_text("unknown column citty; is it city?")).to_be_visible()
    expect(op.page.locator(".bench")).to_contain_text("would be rejected")
    op.accessible("look-rejected")
    op.link("Upload").click()
    op.upload(file_of("people.csv", PEOPLE.replace("citty", "city")))
    bench = op.page.locator(".bench")
    expect(bench).to_contain_text("ui.p1@example.org")
    expect(bench).not_to_contain_text("Secret-word")
    expect(op.page.get_by_label("Delimiter")).to_contain_text("Semicolon (detected)")
    op.page.get_by_text("Options", exact=True).click()
    # A share of the lines is typed as the text beside the field says, and one that can't be is not sent.
    share = op.page.get_by_label("Fail over")
    share.fill("150%")
    op.page.get_by_text("Options", exact=True).click()
    op.button("Simulate").click()
    expect(share).to_be_focused()
    share.fill("90%")
    op.accessible("look")
    op.button("Simulate").click()
    op.accessible("question")
    op.button("Switch on and go on").click()
    op.titled("people.csv").run_ended().accessible("run-simulated")
    assert (op.figures(), _accounts(site)) == (["24 created", "6 failed"], 0)
    op.button("Run for real").click()
    expect(op.page.locator(".badge.real")).to_be_visible()
    op.run_ended().accessible("run")
    assert (op.figures(), _accounts(site)) == (["24 created", "6 failed"], 24)


def _correct(op: Desk, site: Site) -> None:
    """The report is searched; one failed line is corrected, one left out, the others stay as they are."""
    op.link("Whole report").click()
    op.titled("people.csv")
    rows = op.page.get_by_role("region", name="Lines").locator("tbody tr")
    expect(rows).to_have_count(6)
    op.page.get_by_label("Search the lines").fill("ui.p10")
    expect(rows).to_have_count(1)
    expect(op.page.locator("td.wrong")).to_have_text("u002@example.org")
    op.accessible("report")
    op.page.get_by_label("Search the lines").fill("")
    expect(rows).to_have_count(6)
    with op.page.expect_download() as download:
        op.page.locator("a[download]").first.click()
    assert "Secret-word" not in download.value.path().read_text()
    op.link("Correct the failed lines").click()
    op.titled("Correct people.csv")
    op.page.get_by_label("email, line 6").fill("ui.p5@example.org")
    op.page.get_by_label("Leave out line 11").check()
    expect(op.page.get_by_text("1 line changed · 1 left out")).to_be_visible()
    op.accessible("tryback")
    op.page.locator("#top").get_by_role("link", name="Overview").click()
    op.button("Cancel").click()
    op.button("Send the 6 lines back").click()
    op.button("Run “Accounts”").click()
    op.titled("people.csv").run_ended()
    assert (_accounts(site), op.figures()) == (25, ["1 created", "4 failed"])


def _delete_a_course(op: Desk, file_of: MakeFile, site: Site) -> None:
    """A course goes once its plan is approved."""
    op.open("upload/toolsync_courses_delete").page.set_input_files(
        "input[type=file]", file_of("old.csv", "shortname\nC106\n")
    )
    op.button("Run “Courses: delete”").click()
    op.button("Switch on and go on").click()
    op.titled("old.csv")
    plan = op.page.locator(".run").get_by_role("link", name="See the plan")
    expect(plan).to_be_visible(timeout=RUN_MILLISECONDS)
    op.accessible("run-waits")
    op.open().titled("Overview")
    expect(op.page.locator(".approvals")).to_contain_text("old.csv")
    op.accessible("overview")
    op.link("See the plan and decide").click()
    op.titled("Plan of old.csv")
    expect(op.page.locator("table")).to_contain_text("C106")
    op.accessible("plan")
    assert _courses(site) == 1
    op.button("Approve").click()
    op.page.get_by_label("Reason").fill("nobody uses it")
    op.accessible("plan-question")
    op.page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(op.page.get_by_text("Approved by")).to_be_visible()
    op.link("The run").last.click()
    op.titled("old.csv").run_ended()
    assert (op.figures(), _courses(site)) == (["1 deleted"], 0)


def _put_it_back(op: Desk, site: Site) -> None:
    op.open("undo").titled("Undo")
    op.accessible("undo")
    op.button("Put C106 back").click()
    expect(op.page.locator("#main h1")).to_contain_text("restore_")
    op.button("Run “Courses: put back”").click()
    op.button("Switch on and go on").click()
    op.run_ended()
    assert (op.figures(), _courses(site)) == (["1 created"], 1)
    op.open("undo")
    expect(op.page.locator("[data-key=bundles] tbody .badge")).to_contain_text("Put back")


def _undo_runs(op: Desk, site: Site) -> None:
    """The accounts that two runs have made go again: simulated from a report, then for real from the list, by keyboard, once the plan is approved."""
    op.open("undo/toolsync_users").accessible("undo-runs")
    boxes = op.page.locator("[data-key=runs] tbody [type=checkbox]")
    expect(boxes).to_have_count(2)
    op.page.get_by_label("Search by file or course").fill("people")
    expect(boxes).to_have_count(2)
    op.page.locator("[data-key=runs] tbody a").first.click()
    op.page.locator("summary", has_text="Undo this run").click()
    expect(op.page.locator(".undoing")).to_contain_text("new rows go")
    op.page.locator("summary", has_text="By table").click()
    op.accessible("undo-report")
    op.button("Simulate").click()
    op.button("Switch on and go on").click()
    op.titled("undo_people.csv").run_ended().accessible("undo-simulated")
    expect(op.button("Run for real")).to_be_visible()
    assert _accounts(site) == 25
    op.open("undo/toolsync_users")
    for place in (0, 1):
        boxes.nth(place).press("Space")
    op.accessible("undo-ticked")
    op.button("Undo 2 runs").press("Enter")
    plan = op.page.locator(".run").get_by_role("link", name="See the plan")
    expect(plan).to_be_visible(timeout=RUN_MILLISECONDS)
    plan.click()
    op.titled("Plan of undo_2_runs.csv").accessible("undo-plan")
    assert _accounts(site) == 25
    op.button("Approve").click()
    op.page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    op.link("The run").last.click()
    op.titled("undo_2_runs.csv").run_ended().accessible("undo-run")
    assert _accounts(site) == 0
    op.open("undo/toolsync_users")
    expect(op.page.locator("[data-key=runs] .badge.good")).to_have_count(2)
    expect(boxes).to_have_count(0)
    op.page.locator("[data-key=runs] tbody a").first.click()
    expect(op.page.get_by_text("Undone by op")).to_be_visible()
    op.accessible("undone")


def _addresses(live: AirflowWithAccounts) -> dict[str, str]:
    """A page of each kind, by name."""

    def get(path: str) -> Any:
        return live.page_api(path)

    deleted = get("dags/toolsync_courses_delete/reports")["reports"][0]
    people = get("dags/toolsync_users/reports")["reports"]
    tryback = get("dags/toolsync_users/trybacks")["trybacks"][0]
    return {
        "overview": "",
        "upload": "upload",
        "start": "start/toolsync_make_command_file",
        "run": f"runs/toolsync_users/{people[0]['run_id']}",
        "reports": "reports/toolsync_users",
        "report": f"reports/toolsync_users/{people[1]['claim']}",
        "report-simulated": f"reports/toolsync_users/{people[2]['claim']}",
        "tryback": f"trybacks/toolsync_users/{tryback['name']}",
        "plan": f"plans/toolsync_courses_delete/{deleted['claim']}",
        "undo": "undo",
        "manuals": "manual",
        "manual": "manual/toolsync_users",
    }


def _all_pages(somebody: Desk, pages: dict[str, str], look: str) -> None:
    for name, address in pages.items():
        somebody.open(address).accessible(f"{name}-{look}")
        assert somebody.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{name}-{look} is too wide"
        )


def _viewer(viewer: Desk, pages: dict[str, str], live: AirflowWithAccounts) -> None:
    """Looks, but neither uploads nor sees what lines say."""
    viewer.open().titled("Overview").accessible("overview-viewer")
    expect(viewer.page.get_by_role("link", name="Upload a file")).to_have_count(0)
    viewer.open(pages["report"])
    expect(viewer.page.get_by_text("The lines may hold personal data")).to_be_visible()
    expect(viewer.page.locator("main")).not_to_contain_text("u002@example.org")
    viewer.accessible("report-viewer")
    viewer.open(pages["tryback"]).titled("That didn't work").accessible()


def test_files_that_need_a_person(desk: Open, file_of: MakeFile, loaded_site: Site, live: AirflowWithAccounts) -> None:
    live.call("PATCH", "dags/toolsync_users", {"is_paused": False})
    op = desk("op")
    _correct_columns(op, file_of)
    _correct_in_its_encoding(op, file_of, loaded_site)
    _choose_a_type(op, file_of)
    _reach_every_tryback(op, live)
    _find_what_was_written(op, live)


def _correct_columns(op: Desk, file_of: MakeFile) -> None:
    """A file was rejected for a misspelt column, which gets its name on the page of the correction."""
    line = "ui.p40;Pat;Doe 40;ui.p40@example.org;Oslo"
    op.upload(file_of("column.csv", f"username;firstname;lastname;email;citty\n{line}\n"))
    op.button("Run “Accounts”").click()
    op.titled("column.csv").run_ended()
    op.link("Correct the failed lines").click()
    op.titled("Correct column.csv")
    expect(op.page.get_by_text("unknown column citty; is it city?")).to_be_visible()
    expect(op.page.get_by_text("Correct the marked cells")).to_have_count(0)
    name = op.page.get_by_label("Unknown column citty")
    expect(name).to_be_focused()
    name.fill("city")
    expect(op.page.get_by_text("1 column renamed")).to_be_visible()
    op.accessible("tryback-column")
    op.button("Send the line back").click()
    op.button("Run “Accounts”").click()
    op.titled("column.csv").run_ended()
    assert op.figures() == ["1 created"]
    # What is no text has no cells to correct: it says so, and nothing else.
    op.open("upload/toolsync_users").page.set_input_files("input[type=file]", file_of("sheet.csv", "PK\3\4"))
    op.button("Run “Accounts”").click()
    op.titled("sheet.csv").run_ended()
    op.link("Correct the failed lines").click()
    op.titled("Correct sheet.csv")
    expect(op.page.get_by_text("This file can't be corrected here")).to_be_visible()
    expect(op.page.locator(".sending, .grid")).to_have_count(0)
    expect(op.page.get_by_text("Correct the marked cells")).to_have_count(0)
    op.accessible("tryback-not")


def _correct_in_its_encoding(op: Desk, file_of: MakeFile, site: Site) -> None:
    """A file in Windows-1252 was run as UTF-8; what is typed into its tryback is in Windows-1252, too."""
    file = file_of("latin.csv", "")
    lines = "username;firstname;lastname;email;city\nui.p41;Zoé;Doe 41;ui.p41@example.org;\n"
    file.write_bytes(lines.encode("cp1252"))
    op.upload(file).page.get_by_label("Encoding").select_option("utf-8")
    expect(op.page.locator(".bench")).to_contain_text("byte 0xE9")
    op.button("Run “Accounts”").click()
    op.titled("latin.csv").run_ended()
    op.link("Correct the failed lines").click()
    expect(op.page.get_by_text("Read as Windows-1252")).to_be_visible()
    op.page.get_by_label("city, line 2").fill("Besançon")
    op.button("Send the line back").click()
    expect(op.page.get_by_label("Encoding")).to_have_value("windows-1252")
    op.accessible("upload-encoding")
    op.button("Run “Accounts”").click()
    op.titled("latin.csv").run_ended()
    assert op.figures() == ["1 created"]
    assert site.value("SELECT city FROM {user} WHERE username = 'ui.p41'", ()) == "Besançon"


def _choose_a_type(op: Desk, file_of: MakeFile) -> None:
    """A list without a header may be of several types, and the page says which one it is taken for."""
    op.open("upload").page.set_input_files("input[type=file]", file_of("list.csv", "C101\nC102\n"))
    kind = op.page.get_by_label("What a line is")
    expect(kind.locator("option")).to_have_text(
        ["Choose", "A course to look for", "A course to delete", "A course to put back"]
    )
    expect(op.page.locator(".bench h2, .bench button")).to_have_count(0)
    op.accessible("list")
    kind.select_option("A course to delete")
    expect(op.page.get_by_role("heading", name="Courses: delete")).to_be_visible()
    expect(op.button("Run “Courses: delete”")).to_be_visible()
    op.accessible("list-chosen")
    op.open("upload/toolsync_courses_delete")
    expect(op.page.get_by_role("heading", name="Courses: delete")).to_be_visible()
    op.page.set_input_files("input[type=file]", file_of("list.csv", "C101\nC102\n"))
    expect(kind).to_have_value("toolsync_courses_delete")
    op.open("upload").page.set_input_files("input[type=file]", ROOT / "include/samples/user_pictures.zip")
    expect(kind).to_have_value("toolsync_user_pictures")
    expect(op.page.get_by_label("Encoding")).to_have_count(0)
    expect(op.button("Run “Account pictures”")).to_be_visible()
    op.accessible("archive")


def _reach_every_tryback(op: Desk, live: AirflowWithAccounts) -> None:
    for number in range(5):
        name = f"groups{number}_20261129-06000{number}-000000-abcd_tryback.csv"
        (live.cabinet / "groups/tryback").mkdir(parents=True, exist_ok=True)
        (live.cabinet / "groups/tryback" / name).write_text("cmd,courseid,groupname\nadd,C101,A\n")
    card = op.open().page.locator("[data-type=groups]")
    expect(card.get_by_role("link", name="groups0.csv")).to_be_hidden()
    card.get_by_text("and 2 more").click()
    op.accessible("overview-trybacks")
    card.get_by_role("link", name="groups0.csv").click()
    op.titled("Correct groups0.csv")


def _find_what_was_written(op: Desk, live: AirflowWithAccounts) -> None:
    card = op.open().page.locator("[data-type=make_command_file]")
    expect(card.get_by_role("link", name="Manual")).to_be_visible()
    expect(card.get_by_role("link", name="Reports")).to_have_count(0)
    card.get_by_role("link", name="Start").click()
    op.page.get_by_label("Short name").fill("C101")
    op.button("Start").click()
    op.button("Switch on and go on").click()
    op.titled("Courses: make a command file").run_ended()
    expect(op.page.locator("#main code")).to_contain_text(f"{live.cabinet}/courses")
    op.accessible("run-written")


def test_a_stranger_is_sent_away(desk: Open, live: AirflowWithAccounts) -> None:
    stranger = desk(None)
    stranger.page.goto(f"{live.url}/toolsync/")
    stranger.page.wait_for_url(re.compile("/auth/login"))
    assert stranger.page.request.get(f"{live.url}/toolsync/api/overview").status == 401
    # Signed out while the page is open: it says so, and leads to the login.
    op = desk("op").open()
    op.page.context.clear_cookies()
    op.page.locator("#top").get_by_role("link", name="Undo").click()
    expect(op.link("Sign in")).to_be_visible()


def test_the_keyboard_is_enough(desk: Open, file_of: MakeFile) -> None:
    op = desk("op").open()
    press = op.page.keyboard.press
    _tab_to(op, "Upload")
    press("Enter")
    op.titled("Upload")
    with op.page.expect_file_chooser() as chooser:
        _tab_to(op, "Choose a file")
        press("Space")
    chooser.value.set_files(file_of("cohorts.csv", "cmd,cidnumber,userid\nadd,COH2,u006\n"))
    expect(op.button("Simulate")).to_be_visible()
    _tab_to(op, "Simulate")
    press("Enter")
    expect(op.page.get_by_role("dialog")).to_be_visible()
    _tab_to(op, "Switch on and go on")
    press("Enter")
    op.titled("cohorts.csv").run_ended()
    assert op.page.evaluate("document.activeElement.tagName") == "H1"


def test_airflow_shows_the_page_in_its_frame(desk: Open, live: AirflowWithAccounts) -> None:
    op = desk("op")
    op.page.goto(f"{live.url}/plugin/toolsync")
    expect(op.page).to_have_url(re.compile("/plugin/toolsync/toolsync/"))  # where Airflow keeps the page's own address
    frame = op.page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("Overview")
    frame.get_by_role("link", name="Manuals").click()
    expect(frame.locator("h1")).to_have_text("Manuals")
    # Airflow's address says where the page is, so that it can be loaded again; colours and language are Airflow's.
    expect(op.page).to_have_url(re.compile(r"#/manual$"))
    op.page.evaluate("localStorage.setItem('theme', 'dark'); localStorage.setItem('i18nextLng', 'fr')")
    op.page.reload()
    expect(frame.locator("h1")).to_have_text("Notices")
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    # Links to a page of the desk open it there, and its links to Airflow's pages leave the frame.
    run = live.call("POST", "dags/toolsync_groups/dagRuns", {"logical_date": None})["dag_run_id"]
    op.page.goto(f"{live.url}/plugin/toolsync/toolsync/#/runs/toolsync_groups/{quote(run, safe='')}")
    frame.get_by_role("link", name="Tâches et journaux").click()
    expect(op.page).to_have_url(re.compile("/dags/toolsync_groups/runs/"))
    expect(op.page.locator("iframe")).to_have_count(0)


def _tab_to(op: Desk, name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(60):
        op.page.keyboard.press("Tab")
        focused = op.page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")
        if focused == name:
            return
    raise AssertionError(f"{name!r} can't be reached by the keyboard on {op.page.url}")


def _accounts(site: Site) -> int:
    return int(site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'ui.p%%'", ()))


def _courses(site: Site) -> int:
    return int(site.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'C106'"))
