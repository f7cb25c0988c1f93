"""The report on stale caches, and the program that purges them, run with stand-ins for php and ssh on PATH."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from toolsync.moodle import caches
from toolsync.operators import purge_caches
from toolsync.operators.purge_caches import PurgeCachesOperator, purge, stale_topics

Connect = Callable[..., None]

STAND_IN = """#!/bin/sh
pwd > "$RECORD/directory"
for word in "$@"; do printf '%s\\n' "$word"; done > "$RECORD/words"
env > "$RECORD/environment"
cat > "$RECORD/program"
cat "$RECORD/say"
cat "$RECORD/complain" >&2
exit "$(cat "$RECORD/status")"
"""


class StandIn:
    """A command that records how it was called, and prints a given answer."""

    def __init__(self, record: Path, commands: Path) -> None:
        self.record = record
        self.commands = commands
        self.answer()

    def install(self, *names: str) -> None:
        for name in names:
            (self.commands / name).write_text(STAND_IN)
            (self.commands / name).chmod(0o755)

    def answer(self, say: str = f"{caches.PURGED}\n", complain: str = "", status: int = 0) -> None:
        for name, text in (("say", say), ("complain", complain), ("status", str(status))):
            (self.record / name).write_text(text)

    def __getattr__(self, name: str) -> str:
        return (self.record / name).read_text()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    for name in ("record", "commands", "site"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("PATH", str(tmp_path / "commands"), prepend=":")
    made = StandIn(tmp_path / "record", tmp_path / "commands")
    made.install("php", "ssh", "sudo")
    return made


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    def connect(conn_type: str = "generic", extra: dict[str, Any] | None = None, **fields: Any) -> None:
        connection = {"conn_type": conn_type, "extra": extra or {}, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_MOODLE_CLI", json.dumps(connection))

    monkeypatch.delenv("AIRFLOW_CONN_MOODLE_CLI", raising=False)
    return connect


def test_every_topic_has_a_sentence_and_a_purge() -> None:
    for name, topic in caches.TOPICS.items():
        [sentence] = caches.explain([name])
        assert sentence[0].isupper()
        assert sentence.endswith(f"{topic.lasts}.")
        assert topic.events or topic.definitions
        for call in (*topic.events, *topic.definitions):
            assert f'"{call}"' in caches.php_program([name])


def test_only_the_caches_of_the_topics_are_purged() -> None:
    program = caches.php_program(["groups", "group_members", "categories"])
    assert program.count("core/user_group_groupings") == 1
    assert "changesincoursecat" in program
    assert "coursecontacts" not in program
    assert "purge_by_event" not in caches.php_program(["glossary"])
    assert "purge_by_definition" not in caches.php_program(["courses"])


def test_the_command_is_one_line_for_a_shell() -> None:
    command = caches.command_to_run(caches.TOPICS)
    php, option, code = shlex.split(command)
    assert (php, option) == ("php", "-r")
    assert "'" not in code
    assert "\n" not in command


def test_unknown_topic() -> None:
    with pytest.raises(ValueError, match="unknown cache topics: gruops; known are groups"):
        caches.explain(["groups", "gruops"])


def test_topics_of_results() -> None:
    results: list[dict[str, Any] | None] = [
        {"stale": ["groups"]},
        None,
        {"stale": []},
        {},
        {"stale": ["courses"], "simulated": True},
    ]
    assert stale_topics(results, simulate=False) == ({"groups"}, True)
    assert stale_topics([{"stale": ["groups"]}], simulate=True) == (set(), True)
    assert stale_topics([{"stale": ["groups"], "simulated": False}], simulate=True) == ({"groups"}, False)


@pytest.mark.parametrize(
    ("results", "simulate", "said"),
    [
        (None, False, "left no cache of the site stale"),
        ([{"stale": []}], False, "left no cache of the site stale"),
        ([{"stale": ["groups"]}], True, "The simulation changed nothing"),
        ([{"stale": ["groups"]}, {"stale": ["courses", "groups"]}], False, " s: courses, groups."),
    ],
)
def test_operator(stand_in: StandIn, connect: Connect, tmp_path: Path, results: Any, simulate: bool, said: str) -> None:
    connect(extra={"path": str(tmp_path / "site")})
    operator = PurgeCachesOperator(task_id="purge_caches", results=results)
    assert said in operator.execute({"params": {"simulate": simulate}})
    assert (stand_in.record / "program").exists() == ("courses" in said)


def test_without_a_connection_the_report_says_what_to_do(stand_in: StandIn, connect: Connect) -> None:
    report = purge(["groups", "courses"], "moodle_cli")
    assert "no connection moodle_cli" in report
    assert "- Group pages, the filters of participants and reports" in report
    assert "for up to 10 minutes." in report
    assert report.endswith(caches.command_to_run(["groups", "courses"]))
    assert not (stand_in.record / "program").exists()


def test_on_this_machine(stand_in: StandIn, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", "mysql://someone:a-secret@db/moodle")
    connect(extra={"path": str(tmp_path / "site")})
    purge(["groups"], "moodle_cli")
    assert stand_in.directory.strip() == str(tmp_path / "site")
    assert stand_in.program == caches.php_program(["groups"])
    assert stand_in.words == ""
    assert "a-secret" not in stand_in.environment


def test_as_another_user_with_arguments(stand_in: StandIn, connect: Connect, tmp_path: Path) -> None:
    connect(extra={"path": str(tmp_path / "site"), "user": "www-data", "php": "/opt/php/bin/php -d memory_limit=256M"})
    purge(["groups"], "moodle_cli")
    assert stand_in.words.split() == ["-n", "-u", "www-data", "--", "/opt/php/bin/php", "-d", "memory_limit=256M"]


@pytest.mark.parametrize("conn_type", ["ssh", "generic"])  # Airflow lists `ssh` only with its provider
def test_over_ssh(stand_in: StandIn, connect: Connect, conn_type: str) -> None:
    connect(
        conn_type,
        {"path": "/var/www/my moodle", "key_file": "/keys/id", "user": "www-data"},
        host="moodle.example.org",
        login="deploy",
        port=2222,
    )
    purge(["groups"], "moodle_cli")
    *options, host, command = stand_in.words.split("\n")[:-1]
    assert host == "moodle.example.org"
    assert command == "cd '/var/www/my moodle' && exec sudo -n -u www-data -- php"
    assert options == [
        *("-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "StrictHostKeyChecking=yes"),
        *("-p", "2222", "-l", "deploy", "-o", "IdentitiesOnly=yes", "-i", "/keys/id", "--"),
    ]
    assert stand_in.program == caches.php_program(["groups"])


@pytest.mark.parametrize(("value", "checked"), [(True, "no"), ("true", "no"), (False, "yes"), ("false", "yes")])
def test_host_key_check(stand_in: StandIn, connect: Connect, value: Any, checked: str) -> None:
    connect("ssh", {"path": "/m", "no_host_key_check": value}, host="h")
    purge(["groups"], "moodle_cli")
    assert f"StrictHostKeyChecking={checked}\n" in stand_in.words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"extra": {}}, "needs `path`"),
        ({"extra": {"path": "moodle"}}, "needs `path`"),
        ({"extra": {"path": "/m", "keyfile": "/k"}}, "unknown keys: keyfile"),
        ({"conn_type": "ssh", "extra": {"path": "/m"}}, "has no host"),
        ({"conn_type": "ssh", "host": "h", "password": "a-secret", "extra": {"path": "/m"}}, "has a password"),
        ({"extra": {"path": "/does/not/exist"}}, "could not be started"),
        ({"extra": {"path": "/", "php": "no-such-php"}}, "could not be started"),
    ],
)
def test_an_unusable_connection(stand_in: StandIn, connect: Connect, fields: dict[str, Any], said: str) -> None:
    connect(**fields)
    with pytest.raises(AirflowException, match=said) as raised:
        purge(["groups"], "moodle_cli")
    assert "The changes are in the database" in str(raised.value)
    assert "a-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"say": "", "complain": "ssh: connect to host h: refused\n", "status": 255}, "status 255 .*\n.*refused"),
        ({"say": "Error: Database connection failed\n", "status": 1}, "status 1 .*\n.*Database connection failed"),
        ({"say": "", "status": 0}, "status 0 and said:\nnothing"),
    ],
)
def test_a_program_that_fails_fails_the_task(
    stand_in: StandIn, connect: Connect, tmp_path: Path, answer: dict[str, Any], said: str
) -> None:
    connect(extra={"path": str(tmp_path / "site")})
    stand_in.answer(**answer)
    with pytest.raises(AirflowException, match=said) as raised:
        purge(["groups"], "moodle_cli")
    assert caches.command_to_run(["groups"]) in str(raised.value)


def test_a_program_that_hangs(
    stand_in: StandIn, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it can't be killed: what sudo has started belongs to root."""

    def refused(process: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    connect(extra={"path": str(tmp_path), "php": "sleep 15"})
    monkeypatch.setattr(purge_caches, "TIMEOUT", 1)
    monkeypatch.setattr(subprocess.Popen, "kill", refused)
    began = time.monotonic()
    with pytest.raises(AirflowException, match="did not end within 1 s"):
        purge(["groups"], "moodle_cli")
    assert time.monotonic() - began < 5
