"""The settings of feeds, the DAGs that they make, the check, and the notice of a feed that is late."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from tests.checking.test_check import checked, said
from tests.support.settings import lay_over
from tests.support.site import Site
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.checking.findings import WRONG
from toolsync.dags import dags_of
from toolsync.feed_dags import feed_dags
from toolsync.operators.base import Failure
from toolsync.operators.feed_late import LateOperator
from toolsync.operators.feed_settings import feeds_of
from toolsync.operators.notifications import LATE, Notice, addressees
from toolsync.operators.run_notices import notices
from toolsync.reporting.verdict import MESSAGE
from toolsync.run import load_dag
from toolsync.settings import WrongSetting
from toolsync.sites import WRONG_SETTINGS, the_site

GOOD = "type: users, conn_id: sis, sql: SELECT 1, schedule: '0 4 * * *', arrive_by: '06:05'"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: lay_over(monkeypatch, tmp_path, text)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("typ: users", "line 2, feeds, x, typ: there is no such setting of a feed. Did you mean type?"),
        (
            "type: user, conn_id: sis, sql: SELECT 1",
            "line 2, feeds, x, type: expected one of categories_clean, cohort_bindings, ",
        ),
        ("type: feeds, conn_id: sis, sql: SELECT 1", "feeds, x, type: expected one of "),
        ("type: users, conn_id: sis", "line 2, feeds, x: expected sql or file, one of them, found neither."),
        (
            "type: users, conn_id: sis, sql: SELECT 1, file: a.sql",
            "feeds, x: expected sql or file, one of them, found both.",
        ),
        (
            "type: users, conn_id: 'mysql://a:b@c', sql: SELECT 1",
            "feeds, x, conn_id: expected the id of an Airflow connection.",
        ),
        (
            "type: users",
            "feeds, x: expected a conn_id and its sql or file, for a query, or the hour arrive_by of files that others drop.",
        ),
        (
            "type: users, arrive_by: 16:00",
            'feeds, x, arrive_by: expected an hour in quotes such as "06:00", in UTC, found',
        ),
        ("type: users, arrive_by: '24:00'", "found '24:00'."),
        (
            "type: users, arrive_by: '06:00', schedule: '0 4 * * *'",
            "feeds, x, schedule: only a feed with a conn_id has that.",
        ),
        (GOOD + ", files: a", "feeds, x, files: a feed with a conn_id has no files."),
        (
            "type: users, conn_id: sis, sql: SELECT 1, schedule: daily",
            "feeds, x, schedule: expected a cron expression such as",
        ),
        (GOOD + ", least_rows: -1", "feeds, x, least_rows: expected a whole number of at least 0, or null, found -1."),
        (GOOD + ", params: {upload: a}", "feeds, x, params: the feed sets Param upload by itself. Remove it."),
        (GOOD + ", params: [a]", "feeds, x, params: expected Params and their values, found a list."),
    ],
)
def test_what_is_wrong_is_told_where_it_is_written(page: Callable[[str], None], entry: str, told: str):
    page(f"feeds:\n  x: {{{entry}}}\n")
    with pytest.raises(ValueError) as error:
        feeds_of(the_site())
    assert told in str(error.value)
    [broken] = feed_dags()  # the others are there
    assert broken.dag_id == "toolsync_feed_x" and WRONG_SETTINGS in broken.tags and told in (broken.description or "")


@pytest.mark.parametrize("name", ["Sis", "a__b", "1a", "x" * 41, "a-b"])
def test_a_name_that_no_dag_can_have_is_told(page: Callable[[str], None], name: str):
    page(f"feeds:\n  {name}: {{{GOOD}}}\n")
    with pytest.raises(WrongSetting, match="the name of a feed has lower-case letters"):
        feed_dags()


def test_each_feed_has_its_dags(page: Callable[[str], None], monkeypatch: pytest.MonkeyPatch):
    page(f"feeds:\n  sis: {{{GOOD}}}\n  hr: {{type: users, files: 'hr_*', arrive_by: '05:00'}}\n  bad: {{}}\n")
    made = {dag.dag_id: dag for dag in feed_dags()}
    assert list(made) == ["toolsync_feed_sis", "toolsync_late_sis", "toolsync_late_hr", "toolsync_feed_bad"]
    assert [str(getattr(dag.timetable, "summary", "")) for dag in list(made.values())[:3]] == [
        "0 4 * * *",
        "5 6 * * *",
        "0 5 * * *",
    ]
    assert made["toolsync_feed_sis"].task_ids == ["read", "run"] and "\n## Example\n" in (
        made["toolsync_feed_sis"].doc_md or ""
    )
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "toolsync_late_hr")
    assert [dag.dag_id for dag in feed_dags()] == ["toolsync_late_hr"]
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "toolsync_feeds")
    assert feed_dags() == []


def test_each_site_has_its_feeds(page: Callable[[str], None]):
    page(
        f"feeds:\n  sis: {{{GOOD}}}\nsites:\n  arts: {{}}\n  law:\n    feeds: {{sis: {{conn_id: law}}, own: {{type: users, arrive_by: '07:00'}}}}\n"
    )
    assert [dag.dag_id for dag in feed_dags()] == [
        "toolsync_feed_sis__arts", "toolsync_late_sis__arts", "toolsync_feed_sis__law", "toolsync_late_sis__law", "toolsync_late_own__law",
    ]  # fmt: skip
    assert [feed.conn_id for feed in feeds_of(the_site("law"))] == ["law", None]


def test_the_check_looks_at_feeds(site: Site, page: Callable[[str], None], tmp_path: Path):
    page(
        f"feeds:\n  a: {{{GOOD}, params: {{simulat: true}}}}\n  b: {{type: users, conn_id: moodle_db, file: no.sql}}\npackages: {{canvas: no.yaml}}\n"
    )
    told = said(checked("Feeds"), WRONG)
    assert "feeds, a: there is no connection sis. → Make it in Airflow" in told
    assert "feeds, a, params: There is no Param 'simulat'. Did you mean simulate?" in told
    assert "feeds, b, file: " in told and "no.sql can't be read: No such file or directory." in told
    assert "packages, canvas: there is no file " in told
    page("feeds:\n  a: {type: users, conn_id: moodle_db, sql: SELECT 1}\n")
    assert said(checked("Feeds"), WRONG) == ""


# Late


def look(feed: str = "hr") -> dict[str, Any]:
    """What the task says; `late` and `message` when it fails."""
    told: dict[str, Any] = {}
    run = SimpleNamespace(run_type="manual", conf={}, clear_number=0)
    context = {
        "dag": DAG("toolsync_late_hr", schedule=None), "dag_run": run, "params": {},
        "ti": SimpleNamespace(xcom_push=lambda key, value: told.update({key: value})),
    }  # fmt: skip
    try:
        return LateOperator(task_id="look", feed=feed).execute(context)
    except Failure:
        return told


def report(name: str, age: timedelta = timedelta(), waited: timedelta = timedelta(), **content: Any) -> None:
    """A report on a file that has ended so long ago, and was taken earlier."""
    cabinet = Cabinet("users")
    claim = cabinet.new_claim(name, Owner("run", "here", None), {"simulate": content.get("simulated", False)})
    ended = datetime.now(UTC) - age
    taken = f"{ended - waited:%Y%m%d-%H%M%S-%f}-abcd"
    path = cabinet.folder("report") / claim.report_name(".json").replace(claim.id, taken)
    path.write_text(
        json.dumps(
            {
                "file": name,
                "claim": taken,
                "simulated": False,
                "report": "there.txt",
                "at": ended.isoformat(),
                **content,
            }
        )
    )
    os.utime(path, (ended.timestamp(), ended.timestamp()))
    cabinet.discard(claim)


def test_a_feed_is_late_until_something_of_it_is_applied(site: Site, page: Callable[[str], None]):
    page("feeds:\n  hr: {type: users, files: 'hr_*', arrive_by: '05:00'}\n")
    told = look()
    assert told[LATE] == "hr" and told[MESSAGE].endswith("Nothing of it has come.")
    report("other.csv")
    report("hr_1.csv", timedelta(hours=25))
    report("hr_2.csv", simulated=True)
    report("hr_1_20261128-020000-000000-abcd_tryback.csv")
    assert look()[MESSAGE].endswith("Nothing of it has come.")
    report("hr_3.csv", rejected=["unknown column"])
    cabinet = Cabinet("users")
    (cabinet.folder("inbox") / "hr_4.csv").write_text("username\n")
    assert "hr_4.csv is still in " in look()[MESSAGE] and "was rejected: there.txt" in look()[MESSAGE]
    assert cabinet.claim("hr_4.csv", Owner("run 7", "here", None), {"simulate": False})
    assert "hr_4.csv is not finished: run run 7 has taken it" in look()[MESSAGE]
    report("hr_6.csv", types=[{"type": "users", "state": "held up"}])
    assert "was not done for users: there.txt" in look()[MESSAGE]
    report("hr_5.csv", timedelta(hours=1), waited=timedelta(days=3))  # for an approval
    assert look()["file"] == "hr_5.csv"


def test_those_who_want_to_know_are_told(page: Callable[[str], None]):
    smtp = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
    to = f"{{notifier: {smtp}, arguments: {{to: a@b.c, from_email: a@b.c}}, on: [late], types: [feeds]}}"
    page(f"notifications:\n  to: [{to}]\n")
    [one] = addressees(the_site())
    [(event, subject, lines)] = notices([], ["The feed hr is late."], over=0, failed=True, late=True)
    assert (event, lines) == (LATE, ["The feed hr is late."])
    assert one.wants(Notice(event, "toolsync_late_hr", "r", subject))
    assert not one.wants(Notice("run_failed", "toolsync_late_hr", "r", subject))
    assert not one.wants(Notice(event, "toolsync_users", "r", subject))


def test_the_file_of_all_feeds_makes_each_of_their_dags(page: Callable[[str], None], monkeypatch: pytest.MonkeyPatch):
    page(f"feeds:\n  sis: {{{GOOD}}}\n")
    assert list(dags_of("feeds")) == ["toolsync_feeds", "toolsync_feed_sis", "toolsync_late_sis"]
    assert load_dag("toolsync_late_sis").dag_id == "toolsync_late_sis"
    with pytest.raises(
        SystemExit,
        match=r"There is no DAG 'toolsync_feed_si'. toolsync_feeds.py makes toolsync_feed_sis, toolsync_feeds, ",
    ):
        load_dag("toolsync_feed_si")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "toolsync_feed_sis")
    assert list(dags_of("feeds")) == ["toolsync_feed_sis"] and not dags_of("users")
