"""What pages show of what the API answers, each in a moment: no Airflow is needed. `test_pages.py` goes through them as a person does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.conftest import SHOTS
from tests.ui.drawn import MAY, Drawn, file, report, run

Draw = Callable[..., Drawn]
USERS, DELETE = "toolsync_users", "toolsync_courses_delete"


@pytest.fixture
def draw(browser: Browser) -> Iterator[Draw]:
    """Opens a page: `draw("runs/toolsync_users/r", {"dags/…": answer}, locale="fr")`."""
    opened: list[Drawn] = []

    def open_at(address: str, answers: dict[str, Any], **context: Any) -> Drawn:
        drawn = Drawn(browser, SHOTS, answers, **{"timezone_id": "Europe/Oslo", **context})
        opened.append(drawn)
        drawn.open(address)
        return drawn

    yield open_at
    for each in opened:
        each.page.context.close()


def of_run(dag_id: str, *files: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {f"dags/{dag_id}/runs/r": run(dag_id, *files, **more)}


def test_a_rejected_plan_is_not_done(draw: Draw):
    """Who rejected it, when and why, and where the file is; said once."""
    answer = {"answer": "no", "by": "Olga", "at": "2026-11-30T09:40:00+00:00", "reason": "still used"}
    place = {"folder": "uploads", "path": "/c/uploads/u1/file/old.csv", "upload": "u1"}
    told = report("old.csv", dag_id=DELETE, refused=True, answer=answer, place=place, counts={"deleted": 0})
    drawn = draw(f"runs/{DELETE}/r", of_run(DELETE, file("old.csv", "refused", report=told), refused=True))
    main = drawn.page.locator("#main")
    expect(main.locator(".badges .badge").first).to_have_text("Not approved")
    expect(main.locator(".badge.good, .steps .failed")).to_have_count(0)
    expect(main.locator(".steps li")).to_have_text(["Checking", "Planning", "Not approved"])
    [notice] = main.locator(".notice").all()
    for words in (
        "Rejected by Olga, Nov 30, 2026, 10:40",
        "GMT+1",
        "still used",
        "nothing was changed",
        "among the uploads",
    ):
        expect(notice).to_contain_text(words)
    expect(notice.get_by_role("link", name="old.csv")).to_have_attribute("href", f"#/upload/{DELETE}/u1")
    expect(drawn.page.locator("#said")).to_have_text("old.csv: Not approved")
    expect(main).not_to_contain_text("Nothing to do")
    drawn.accessible("run-refused")
    # Nobody has answered in time.
    told |= {
        "answer": {**answer, "by": "nobody"},
        "place": {**place, "folder": "inbox", "path": "/c/inbox/old.csv", "upload": None},
    }
    drawn.page.reload()
    expect(main.locator(".notice")).to_contain_text("nobody answered in time")
    expect(main.locator(".notice code")).to_have_text("/c/inbox/old.csv")


def test_rejected_files_are_told_of_once(draw: Draw):
    files = [file(f"{n}.csv", "failed", report=report(f"{n}.csv", rejected=["unknown column citty"])) for n in range(5)]
    drawn = draw(f"runs/{USERS}/r", of_run(USERS, *files, state="failed"))
    expect(drawn.page.locator(".notice.bad")).to_have_count(5)
    expect(drawn.page.locator("#said")).to_contain_text("0.csv: rejected. 1.csv: rejected")


def test_incomplete_lines_are_listed_beside_those_that_failed(draw: Draw):
    told = report("people.csv", counts={"created": 2, "failed": 1, "incomplete": 1}, tryback="people_tryback.csv")
    address = f"dags/{USERS}/reports/claim-people.csv/lines"
    remark = {"column": "course1", "value": "NO-SUCH", "message": "there is no such course"}
    line = {"line": 6, "outcome": "created", "remarks": [remark], "cells": None}
    answers = {
        f"{address}?outcome=failed&limit=10": {"total": 3, "matching": 1, "header": [], "rows": [{**line, "line": 5}]},
        f"{address}?outcome=remarked&limit=10": {"total": 3, "matching": 1, "header": [], "rows": [line]},
    }
    drawn = draw(f"runs/{USERS}/r", {**answers, **of_run(USERS, file("people.csv", report=told))})
    expect(drawn.page.get_by_role("region", name="1 failed line")).to_contain_text("5")
    expect(drawn.page.get_by_role("region", name="1 incomplete line")).to_contain_text("NO-SUCH")
    # Where lines that are done have remarks, too, nobody can tell which are meant.
    drawn.answers[f"{address}?outcome=remarked&limit=10"]["matching"] = 4
    drawn.page.reload()
    expect(drawn.page.get_by_role("heading", name="4 lines incomplete or with a remark")).to_be_visible()


def test_who_may_only_look_is_led_nowhere(draw: Draw):
    """A viewer's links would end at a page that is forbidden."""
    told = report("people.csv", counts={"failed": 1}, tryback="people_tryback.csv")
    upload = {"id": "u1", "name": "people.csv", "size": 1, "by": None, "at": None, "tryback": None}
    viewer = {"may": {"trigger": False}, "simulated": True, "upload": upload}
    drawn = draw(f"runs/{USERS}/r", of_run(USERS, file("people.csv", report=told), **viewer))
    expect(drawn.link("Whole report")).to_be_visible()
    expect(drawn.page.locator("#main").get_by_role("link")).to_have_count(2)  # that, and Airflow's page
    expect(drawn.page.locator("#main button")).to_have_count(0)
    drawn.answers |= of_run(USERS, file("people.csv", "awaiting approval"), state="running", **viewer)
    drawn.page.reload()
    expect(drawn.page.get_by_text("Nothing is changed until")).to_be_visible()
    expect(drawn.link("See the plan")).to_have_count(0)
    drawn.answers["overview"] = overview()
    drawn.open()
    expect(drawn.page.locator(".approval")).to_contain_text("2 courses")
    expect(drawn.page.locator(".came-back")).to_contain_text("people.csv")
    expect(drawn.page.locator(".approval a, .came-back a")).to_have_count(0)
    expect(drawn.page.locator(".latest .badge").first).to_have_text("Not approved")


def overview() -> dict[str, Any]:
    """As a viewer gets it."""
    name = "people_20261129-060000-000000-abcd_tryback.csv"
    tryback = {"name": name, "size": 9, "modified": "2026-11-29T06:00:00+00:00", "claim": None, "sent": None}
    head = {"run_id": "r", "state": "success", "started": None, "ended": None, "note": None, "simulated": False}
    kind: dict[str, Any] = {"dag_id": DELETE, "type": "courses_delete", "title": "Courses: delete", "description": ""}
    kind |= {
        "takes_files": True,
        "destructive": True,
        "paused": False,
        "schedule": None,
        "next_run": None,
        "wrong": None,
    }
    kind |= {"may": {"trigger": False}, "has_reports": True, "inbox": {"count": 0, "files": []}, "uploads": []}
    kind |= {"work": [], "work_count": 0, "trybacks": {"count": 1, "files": [tryback]}}
    kind |= {"runs": [{**head, "refused": True, "counts": None}]}
    asked = {"dag_id": DELETE, "run_id": "r", "map_index": 0, "claim": "c", "file": "old.csv", "subject": "2 courses"}
    asked |= {"since": "2026-11-30T09:30:00+00:00", "may_answer": False}
    return {"version": "0", "site": None, "cabinet": "/c", "me": {"name": "v"}, "types": [kind], "approvals": [asked]}


def test_the_days_work_shows_its_files(draw: Draw):
    progress = {"done": 40, "total": 100, "a_second": 20.0, "left_seconds": 3.0, "doing": ""}
    child = {"dag_id": USERS, "run_id": "toolsync_all__r", "state": "running"}
    files = [file("people.csv", "executing", progress=progress), file("more.csv", "checking")]
    drawn = draw(
        "runs/toolsync_all/r",
        of_run("toolsync_all", state="running", children=[{**child, "files": files}])
        | {f"dags/{USERS}/form": {"title": "Accounts"}},
    )
    section = drawn.page.locator(".child")
    expect(section.get_by_role("link")).to_have_attribute("href", f"#/runs/{USERS}/toolsync_all__r")
    expect(section.get_by_role("heading", level=2)).to_have_text("Accounts Running")
    expect(section).to_contain_text("40 of 100 lines")
    expect(section.get_by_role("heading", level=3)).to_have_text(["people.csv", "more.csv"])
    expect(drawn.page.locator("#said")).to_have_text("people.csv: Executing. more.csv: Checking")
    drawn.accessible("run-day")
    # In the end its report, and what became of types without a run.
    told = {
        "note": "The day's work: done: users",
        "messages": ["No file is ready in groups/inbox."],
        "written": ["/c/all_report.txt"],
    }
    drawn.answers |= of_run("toolsync_all", **told)
    drawn.page.reload()
    for words in ("The day's work: done: users", "No file is ready in groups/inbox.", "/c/all_report.txt"):
        expect(drawn.page.get_by_text(words)).to_be_visible()


def test_moments_say_their_zone(draw: Draw):
    started = draw(f"runs/{USERS}/r", of_run(USERS), locale="fr", timezone_id="America/New_York")
    expect(started.page.locator(".badges")).to_contain_text("30 nov. 2026, 04:30 UTC−5")
    here = draw(f"runs/{USERS}/r", of_run(USERS), timezone_id="UTC")
    expect(here.page.locator(".badges")).to_contain_text("Nov 30, 2026, 9:30 AM UTC")
    expect(here.page.locator("#said")).to_have_text("Done")


def looked_at(**more: Any) -> dict[str, Any]:
    """What an inspection of an upload tells."""
    lists: dict[str, Any] = {
        name: [] for name in ("candidates", "columns", "missing", "rejected", "rows", "problems", "notes")
    }
    upload = {"id": "u1", "name": "x", "size": 9, "by": "op", "at": "2026-11-30T09:30:00+00:00", "tryback": None}
    told = {
        "name": "x",
        "dag_id": USERS,
        "delimiter": ",",
        "encoding": "utf-8",
        "complete": True,
        "lines": 5,
        "failed": 0,
    }
    return {**told, **lists, "upload": upload, **more}


def test_what_a_file_holds_before_its_run(draw: Draw):
    """Pictures are no lines, and what several lines are about is told."""
    param = {
        "name": "hidden_only",
        "title": "Hidden only",
        "type": ["boolean"],
        "default": False,
        "section": "Which courses",
    }
    param |= {"description": "Only courses that are hidden from students."}
    form = {
        "title": "x",
        "takes_files": True,
        "destructive": False,
        "simulate": True,
        "paused": False,
        "schedule": None,
        "params": [param],
    }
    note = {"line": 4, "column": "username", "value": "ada", "message": "line 2 has the same username"}
    of_dag = {f"dags/{USERS}/form": form, f"dags/{USERS}/uploads/u1/inspect": looked_at(notes=[note])}
    drawn = draw(f"upload/{USERS}/u1", of_dag)
    expect(drawn.page.locator(".warnings")).to_have_text("Line 4, username ada: line 2 has the same username")
    expect(drawn.page.locator(".notice.good")).to_contain_text("5 lines checked")
    image = {
        "columns": [{"name": "image", "column": "image", "near": None, "secret": False}],
        "rows": [{"line": 1, "cells": ["ada.jpg"]}],
    }
    drawn.answers[f"dags/{USERS}/uploads/u1/inspect"] = looked_at(encoding=None, **image)
    drawn.page.reload()
    expect(drawn.page.locator(".notice.good")).to_contain_text("5 files looked at")
    expect(drawn.page.get_by_role("region", name="First files").locator("th").first).to_have_text("Entry")
    french = draw(f"upload/{USERS}/u1", of_dag, locale="fr")
    french.page.locator(".options summary").click()
    expect(french.page.locator(".params .faint")).to_have_text("Seulement les cours cachés aux étudiants.")


def test_the_whole_menu_is_seen_on_a_phone(draw: Draw):
    """Of 390 pixels Airflow leaves 320 to the page in its frame."""
    drawn = draw(f"runs/{USERS}/r", of_run(USERS), locale="fr", viewport={"width": 320, "height": 800})
    expect(drawn.link("Notices")).to_be_in_viewport(ratio=1)
    assert drawn.page.evaluate("document.documentElement.scrollWidth") == 320


def tryback(name: str, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {"name": name, "file": "people.csv", "claim": "c", "version": "7", "total": len(rows), "encoding": "utf-8"}
    return {**told, "rejected": [], "reasons": [], "header": [], "rows": list(rows), **more}


def test_a_tryback_is_given_up_once_a_person_has_said_so(draw: Draw):
    row = {
        "number": 1,
        "line": 5,
        "cells": ["ada"],
        "remarks": [{"column": "username", "value": "ada", "message": "why"}],
    }
    header = [{"name": "username", "secret": False, "unknown": False}]
    address = f"dags/{USERS}/trybacks/people_tryback.csv"
    answers = {
        address: tryback("people_tryback.csv", row, {**row, "number": 2}, header=header),
        f"POST {address}/give_up": {"name": "x"},
    }
    drawn = draw(f"trybacks/{USERS}/people_tryback.csv", answers)
    drawn.button("Give up").click()
    dialog = drawn.page.get_by_role("dialog")
    for words in ("Give up people.csv?", "2 lines will not be corrected", "people_tryback.csv", "into the archive"):
        expect(dialog).to_contain_text(words)
    drawn.accessible("tryback-give-up")
    drawn.button("Cancel").click()
    assert drawn.sent == {}
    drawn.button("Give up").click()
    dialog.get_by_role("button", name="Give up").click()
    expect(drawn.page.locator("#said")).not_to_have_text("")
    assert drawn.sent == {f"{address}/give_up": {"version": "7"}}


def test_what_an_undo_left_is_not_corrected(draw: Draw):
    """Its lines name parts of an undo bundle: there is nothing to type."""
    undo = "toolsync_undo"
    told = report("undo.csv", dag_id=undo, counts={"failed": 1}, tryback="undo_tryback.csv")
    row = {
        "number": 1,
        "line": 2,
        "cells": ["users", "20261129", "0", "people.csv", "2-9"],
        "remarks": [{"column": None, "value": None, "message": "3 rows stay"}],
    }
    header = [{"name": name, "secret": False, "unknown": False} for name in ("type", "run", "part", "file", "lines")]
    answers = {
        f"dags/{undo}/trybacks/undo_tryback.csv": tryback("undo_tryback.csv", row, header=header, file="undo.csv")
    }
    drawn = draw(f"runs/{undo}/r", of_run(undo, file("undo.csv", report=told)) | answers)
    drawn.link("What could not be put back").click()
    drawn.titled("Left by the undo: undo.csv")
    expect(drawn.page.get_by_text("3 rows stay")).to_be_visible()
    expect(drawn.page.locator("#main input, #main textarea")).to_have_count(0)
    expect(drawn.button("Try again")).to_be_visible()
    expect(drawn.button("Give up")).to_be_visible()


def test_courses_that_were_put_back_lead_to_the_run_that_did_it(draw: Draw):
    """And of a large run of an earlier version the page says that it counts some of its courses only."""
    undoing = {"at": "2026-11-30T10:00:00+00:00", "dag_id": "toolsync_courses_restore", "claim": "c9"}
    made = {"claim": "c", "at": "2026-11-30T09:30:00+00:00"}
    listed = {"dag_id": DELETE, "file": "old.csv", "until": None, "size": None, "may": {"undo": True}, **made}
    tables = [{"table": "course", "deleted": 50, "changed": 0, "made": 0}]
    partly = {**listed, "state": "partly", "tables": tables, "uncounted": 4950, "undone": undoing}
    course = {"dag_id": DELETE, "what": "deleted", "courseid": 3, "fullname": "Old", "size": 9, **made}
    back = {**course, "name": "b1", "shortname": "C1", "put_back": undoing["at"], "put_back_by": undoing}
    before = {**back, "name": "b2", "shortname": "C2", "put_back_by": None}
    waits = {**course, "name": "b3", "shortname": "C3", "put_back": None, "put_back_by": None}
    types = [{"dag_id": DELETE, "title": "Courses: delete"}]
    answers: dict[str, Any] = {
        "undo/runs": {"dag_id": "toolsync_undo", "types": types, "runs": [partly], "next": None},
        "undo": {"bundles": [back, before, waits], "more": False},
    }
    of_run = {"dag_id": "toolsync_undo", "state": "partly", "bundle": partly, "by": "Olga", "by_course": True}
    told = report("old.csv", dag_id=DELETE, claim="c", undo=of_run, notes=[], text=None, files=[], **MAY)
    drawn = draw("undo", {**answers, f"dags/{DELETE}/reports/c": told})
    runs, courses = drawn.page.locator("[data-key=runs]"), drawn.page.locator("[data-key=bundles]")
    expect(runs).to_contain_text("50 rows return… and those of 4,950 more courses")
    expect(runs.get_by_role("link", name="Undone in part")).to_have_attribute("href", re.compile("restore/c9"))
    expect(courses.get_by_role("link", name="Put back")).to_have_count(1)
    drawn.open(f"reports/{DELETE}/c")
    expect(drawn.page.get_by_role("link", name="Report of the undo")).to_have_attribute(
        "href", re.compile("restore/c9")
    )
    expect(drawn.page.locator("summary", has_text="Undo this run")).to_contain_text("4,950 more courses")
