"""Who is told what of a run: real runs, and mails to a real mail server of this machine."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

import MySQLdb
import pytest
from aiosmtpd.controller import Controller

from tests.support.dag_callbacks import run_with_callbacks
from tests.support.inbox import dropped
from tests.support.site import Site
from toolsync.moodle.errors import explained
from toolsync.operators.approve import approvers
from toolsync.operators.notifications import Notice, addressees, failed_lines_over
from toolsync.operators.run_notices import notices, tell_of_failure
from toolsync.reporting.approval import CALLER
from toolsync.reporting.verdict import OUTAGE, REFUSED, REJECTED, UNFINISHED, Verdict
from toolsync.run import load_dag
from toolsync.settings import WrongSetting, settings
from toolsync.sites import the_site

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
KEY = "https://hooks.example.org/services/T0K3N"
HEADER = "username,firstname,lastname,email\n"


class Mailbox(list[EmailMessage]):
    """What a mail server was given."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    mails = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(mails, hostname="127.0.0.1", port=port)
    server.start()
    connection = {
        "conn_type": "smtp", "host": "127.0.0.1", "port": port,
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.org"},
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.org/school")
    yield mails
    server.stop()


def tell(monkeypatch: pytest.MonkeyPatch, *to: Any, **page: Any) -> None:
    monkeypatch.setitem(settings(), "notifications", {"to": list(to), **page})


@pytest.mark.in_airflow
def test_one_mail_of_a_kind_for_a_run(site: Site, airflow: None, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch):
    office = {"to": "office@example.org"}
    tell(
        monkeypatch,
        {"notifier": SMTP, "arguments": {**office, "subject": "[{{ toolsync.event }}] {{ toolsync.subject }}"}},
        {"notifier": SMTP, "arguments": {"to": "boss@example.org"}, "on": ["run_failed"]},
        {"notifier": SMTP, "arguments": {"to": "dean@example.org"}, "types": ["cohorts"]},
    )
    dropped("users", HEADER + "ada,Ada,,ada@example.org\ngrace,Grace,Hopper,grace@example.org\n", "half.csv")
    dropped("users", "username,Pa55word!\nx,y\n", "headless.csv")
    dropped("users", HEADER + "u001,Ana,First,u001@example.org\n", "good.csv")
    assert str(run_with_callbacks(load_dag("toolsync_users"), {}).state) == "failed"
    assert [mail["To"] for mail in mailbox] == ["office@example.org", "office@example.org"]
    rejected, failing = sorted(mailbox, key=lambda mail: str(mail["Subject"]), reverse=True)
    assert rejected["Subject"] == "[rejected] toolsync_users: headless.csv was rejected"
    assert failing["Subject"] == "[failed_lines] toolsync_users: half.csv has failed lines"
    text = said(failing)
    assert "half.csv: 2 lines, 1 created, 1 failed" in text
    assert "https://airflow.example.org/school/toolsync/#/runs/toolsync_users/manual__" in text
    assert "Pa55word" not in said(rejected) + text and "ada@" not in text


def said(mail: EmailMessage) -> str:
    part = mail.get_body(("html", "plain"))
    assert part is not None
    return part.get_content()


ONE = Verdict(file="a.csv", claim="1")


def replaced(**facts: Any) -> Verdict:
    return replace(ONE, **facts)


@pytest.mark.parametrize(
    ("verdicts", "messages", "failed", "expected"),
    [
        ([ONE], [], False, []),
        ([replaced(counts={"created": 3})], [], False, []),
        ([replaced(counts={"created": 3, "failed": 1})], [], False, [("failed_lines", "a.csv has failed lines")]),
        ([replaced(counts={"failed": 1}, simulated=True)], [], False, []),
        ([replaced(outcome=REJECTED)] * 2, [], True, [("rejected", "2 files were rejected")]),
        ([replaced(outcome=REFUSED, unanswered=True)], [], False, [("no_answer", "a.csv was not approved in time")]),
        ([replaced(outcome=REFUSED)], [], False, []),
        ([], ["The cabinet can't be used"], True, [("run_failed", "the run failed")]),
        ([], ["Nothing to do: the inbox is empty."], False, []),
        ([replaced(outcome=UNFINISHED)], [], True, [("run_failed", "the run failed")]),
        ([ONE], [], True, [("run_failed", "the run failed")]),
        ([replaced(over=True, counts={"failed": 9})], [], True, [("failed_lines", "a.csv has failed lines")]),
    ],
)
def test_what_is_told(verdicts: list[Verdict], messages: list[str], failed: bool, expected: list[tuple[str, str]]):
    assert [(event, subject) for event, subject, _ in notices(verdicts, messages, over=0, failed=failed)] == expected


def test_a_notice_says_what_was_away_and_where_the_file_is():
    """It is for somebody whom it wakes up. What the database says of a value is not for a mail."""
    pushed: list[tuple[str, str]] = []
    context = {"ti": SimpleNamespace(xcom_push=lambda key, value: pushed.append((key, value)))}
    execute: Any = load_dag("toolsync_users").get_task("file.execute")
    for error in (MySQLdb.OperationalError(2003, "Can't connect"), MySQLdb.IntegrityError(1062, "ada@example.org")):
        with suppress(BaseException), execute.telling(context), explained():
            raise error
    outages = [said for key, said in pushed if key == OUTAGE]
    [(_, _, lines)] = notices([replaced(outcome=UNFINISHED)], outages, over=0, failed=True)
    assert lines[0].startswith("The database server can't be reached (Can't connect).")
    assert lines[1].startswith(
        "a.csv: not finished; the file is in the folder work. Clear the tasks that failed or run the DAG"
    )
    assert "ada@" not in "".join(lines)


def test_a_notice_that_cannot_be_sent_is_logged(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", '{"conn_type": "smtp", "host": "127.0.0.1", "port": 1}')
    tell(monkeypatch, {"notifier": SMTP, "arguments": {"to": "office@example.org"}})
    Notice("rejected", "toolsync_users", "run", "a.csv was rejected").send({"dag": None})
    assert mailbox == []
    assert "SmtpNotifier could not be told" in caplog.text
    # What libraries say of a webhook has its address, and that is its password.
    for said in (
        f"404 for url: {KEY}",
        f"HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /{KEY}",
    ):
        one = replace(addressees(the_site())[0], notifier=failing_with(said))
        one.tell(Notice("rejected", "toolsync_users", "run", "a.csv was rejected"), {})
    assert "for url: https://…" in caplog.text and "T0K3N" not in caplog.text


def failing_with(text: str) -> Any:
    def notifier(**arguments: Any) -> Any:
        raise OSError(text)

    return notifier


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ({"to": "office"}, "notifications, to: expected a list"),
        ({"to": {"notifier": SMTP, "arguments": {"to": KEY}}}, "notifications, to: expected a list"),
        ({"to": [{"notifer": SMTP, "arguments": {"to": KEY}}]}, "found only notifer, arguments"),
        ([{"to": KEY}], "notifications: expected settings and their values"),
        ({"too": []}, "there is no setting 'too', only failed_lines_over, to"),
        ({"to": [{"arguments": {}}]}, "notifications, to, 1: expected `notifier`"),
        ({"to": [{"notifier": "airflow.nowhere.Notifier"}]}, "can't be imported"),
        ({"to": [{"notifier": "airflow.sdk.DAG"}]}, "airflow.sdk.DAG is no notifier"),
        ({"to": [{"notifier": SMTP}]}, "does not take them"),
        ({"to": [{"notifier": SMTP, "arguments": {"to": "x"}, "on": ["rejection"]}]}, "on: expected a list of some of"),
        (
            {"to": [{"notifier": SMTP, "arguments": {"to": "x"}, "types": ["user"]}]},
            "types: expected a list of some of",
        ),
    ],
)
def test_wrong_settings_are_told_when_the_dags_are_listed(monkeypatch: pytest.MonkeyPatch, page: Any, says: str):
    monkeypatch.setitem(settings(), "notifications", page)
    with pytest.raises(WrongSetting, match=re.escape(says)) as told:
        addressees(the_site())
    assert KEY not in str(told.value)


@pytest.mark.parametrize("value", [-1, "many", "5 per cent", True])
def test_a_wrong_number_of_failed_lines(monkeypatch: pytest.MonkeyPatch, value: Any):
    tell(monkeypatch, failed_lines_over=value)
    with pytest.raises(WrongSetting, match="failed_lines_over: expected a number"):
        failed_lines_over(the_site())


def test_who_may_approve_and_who_is_told_of_it(monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox):
    tell(monkeypatch, {"notifier": SMTP, "arguments": {"to": "office@example.org"}, "on": ["approval"]})
    protection = {**settings()["protection"], "approvers": ["ada", {"id": "3", "name": "Grace"}]}
    monkeypatch.setitem(settings(), "protection", protection)
    approve: Any = load_dag("toolsync_courses_delete").get_task("file.approve")
    assert approve.assigned_users == [{"id": "ada", "name": "ada"}, {"id": "3", "name": "Grace"}]
    [notifier] = approve.notifiers
    approve.subject, approve.claim = "toolsync_courses_delete, old.csv: 3 courses: 120 people enrolled", {"id": "ID"}
    dag = approve.dag
    task = SimpleNamespace(dag_id=dag.dag_id, run_id="run 1", task_id=approve.task_id, map_index=0)
    notifier({"dag": dag, "task": approve, "run_id": "run 1", "ti": task})
    [mail] = mailbox
    assert mail["Subject"] == "toolsync_courses_delete, old.csv: 3 courses: 120 people enrolled: waits for approval"
    assert "https://airflow.example.org/school/toolsync/#/plans/toolsync_courses_delete/ID" in said(mail)
    monkeypatch.setitem(settings(), "protection", {**protection, "approvers": "ada"})
    with pytest.raises(WrongSetting, match="approvers: expected a list of user names"):
        approvers(the_site())


def test_each_site_tells_its_own_people(monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox):
    sites = {
        name: {"notifications": {"to": [{"notifier": SMTP, "arguments": {"to": f"{name}@example.org"}}]}}
        for name in ("science", "arts")
    }
    monkeypatch.setitem(settings(), "sites", sites)
    monkeypatch.delenv(CALLER, raising=False)
    tell_of_failure({"dag": load_dag("toolsync_users__arts"), "run_id": "run 1", "ti": None})
    [mail] = mailbox
    assert (mail["To"], mail["Subject"]) == ("arts@example.org", "toolsync_users__arts: the run failed")
    assert "https://airflow.example.org/school/toolsync/#/runs/toolsync_users__arts/run%201" in said(mail)
