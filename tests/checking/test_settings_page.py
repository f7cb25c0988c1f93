"""All mistakes of a page of settings are told at once, each where it is written; and the check is there to tell them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.dag_runs import run_dag
from tests.support.site import Site as MoodleSite
from toolsync import settings
from toolsync.checking.settings_page import mistakes
from toolsync.run import text_of
from toolsync.settings import INCLUDE, WrongSetting, laid_over, read_page
from toolsync.sites import Site, the_site

MISTAKEN = """\
moodle_conn_id: moodle_db
moodle_cli_conn_id: 7
pool: toolsync_writer
batch_second: 1
batch_seconds: soon
batch_seconds_of: {courses: 0, cursos: 3}
batch_lines: null
lock_attempts: 0
throttle:
  pause_seconds: -1
  max_thread: 3
  replica_conn_ids: one
cabinet:
  adress: /srv
  folder_mode: 700
  file_mode: "rw"
protection:
  approve_over_courses: many
  approvers: 3
notifications:
  failed_lines_over: lots
  to: [{notifier: no.such.Notifier}]
retention:
  archive_days: old
  docs_days: 0
schedules:
  users: tomorrow
  cohorts: "99 * * * *"
  people: null
watch: {peple: 30}
defaults: {user: {}}
pictures: 4
desk: {upload_mb: 0}
batch_lines_of: {}
packages: {canvass: ours.yaml}
feeds: {sis: {typ: users, type: users, arrive_by: "06:00"}}
"""

# By line of the page: what is said.
TOLD = {
    2: "expected a name, found a number",
    4: "there is no such setting. Did you mean batch_seconds?",
    5: "expected a number of at least 0.01, or null, found 'soon'",
    6: "There is no type 'cursos'. Did you mean courses?",
    7: "expected a number, found null",
    8: "expected a whole number of at least 1, or null, found 0",
    10: "expected a number of at least 0, or null, found -1",
    11: "there is no 'max_thread'. Did you mean max_threads_running?",
    12: "expected a list of Airflow connections",
    14: "there is no such setting. Did you mean address?",
    15: "expected permissions in quotes such as '0700', found 700",
    16: "expected permissions in quotes such as '0600', found 'rw'",
    18: "expected a whole number of at least 0, or null, found 'many'",
    19: "expected a list of user names",
    21: "expected a number, a share such as",
    22: "'no.such.Notifier' can't be imported",
    24: "expected a number of at least 1, or null, found 'old'",
    25: "expected a number of at least 1, or null, found 0",
    27: "expected a cron expression such as '0 */6 * * *', or null, found 'tomorrow'",
    28: "expected a cron expression such as '0 */6 * * *', or null, found '99 * * * *'",
    29: "There is no type 'people'",
    30: "There is no type 'peple'",
    31: "There is no type 'user'. Did you mean users?",
    32: "expected settings and their values, found a number",
    33: "expected a number of at least 1, or null, found 0",
    35: "there is no such setting. Did you mean canvas?",
    36: "there is no such setting of a feed. Did you mean type?",
}


def test_every_mistake_is_told_where_it_is_written(tmp_path: Path):
    page = tmp_path / "toolsync.yaml"
    page.write_text(MISTAKEN)
    site = Site(None, read_page(page, "page"))
    found, sane = mistakes(site)
    by_line = {int(re.match(r"page, line (\d+), ", told)[1]): told for told in found}  # type: ignore[index]
    assert sorted(by_line) == sorted(TOLD) and len(found) == len(TOLD) + 1  # two are on line 6
    assert [line for line, told in TOLD.items() if told not in by_line[line]] == []
    assert site.page["throttle"]["pause_seconds"] == -1  # the page itself is as it was
    assert [told for told in mistakes(sane)[0] if "no such setting" not in told] == []


def test_an_address_and_an_inbox_that_are_none(tmp_path: Path):
    page = tmp_path / "toolsync.yaml"
    page.write_text("cabinet: {address: [a, b]}\nwatch: {users: 2}\n")
    ours = read_page(INCLUDE / "toolsync.yaml", "ours")
    assert mistakes(Site(None, laid_over(ours, read_page(page, "page"))))[0] == [
        "page, line 1, cabinet, address: expected the address of a folder, or null, found a list.",
        "page, line 2, watch, users: expected the seconds between two looks at the inbox, at least 5, or null, found the number 2.",
    ]


def test_all_unknown_names_of_a_page_of_yours_are_told(tmp_path: Path):
    page = tmp_path / "mine.yaml"
    page.write_text("protecton: {}\nthrottle:\n  pause: 3\n  pause_seconds: 1\n")
    with pytest.raises(WrongSetting) as caught:
        laid_over(read_page(INCLUDE / "toolsync.yaml", "ours"), read_page(page, "mine"))
    assert str(caught.value) == (
        "mine, line 1, protecton: there is no such setting. Did you mean protection? "
        "mine, line 3, throttle, pause: there is no such setting. Did you mean pause_seconds?"
    )


def test_the_settings_that_are_there_make_sense():
    assert mistakes(Site(None, read_page(INCLUDE / "toolsync.yaml", "page")))[0] == []


@pytest.mark.usefixtures("airflow")
def test_the_check_is_there_when_settings_are_wrong(site: MoodleSite, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings.settings(), "retention", {"archiv_days": 30})
    monkeypatch.setitem(settings.settings(), "defaults", {"users": {"renam": True}})
    result = run_dag("toolsync_check", None, {}, None)
    assert result["state"] == "failed" and len(result["messages"]) == 1
    wrong = [found["sentence"] for found in result["findings"] if found["state"] == "wrong"]
    assert len(wrong) == 2
    assert "retention: expected archive_days, docs_days, report_days and total_gb, found archiv_days." in wrong[0]
    assert "defaults, users: There is no Param 'renam'." in wrong[1]
    assert {found["area"] for found in result["findings"]} == {
        "Settings", "Database", "Moodle", "Cabinet", "Feeds", "Airflow",
    }  # fmt: skip
    assert "things looked at, 2 wrong, " in result["messages"][0]
    text = text_of(result, the_site())
    assert text.startswith("Settings\n  wrong: ") and text.endswith(f"{result['messages'][0]}\n")
    assert json.loads(json.dumps(result)) == result
