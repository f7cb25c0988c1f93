"""Sites that have been upgraded for years (`tests/support/upgraded.sql`). `make test SITE=upgraded` runs every scenario there, this file a few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.export import changes_nothing
from tests.support.scenarios import SCENARIOS
from tests.support.server import populated_server
from tests.support.site import Site
from tests.support.undo import delete, restore

pytestmark = pytest.mark.usefixtures("airflow")

SOME = ("courses-delete-rich", "courses-from-template", "courses-tags-and-fields", "cohort-bindings-add")


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """The upgraded site, and a copy of it that stays as it is."""
    server = populated_server(tmp_path_factory.mktemp("upgraded") / "server", die_with_parent=True, upgraded=True)
    yield Site(server, "moodle", in_airflow=False), Site(server, "pristine", constant=True)
    server.stop()


@pytest.fixture
def upgraded(sites: tuple[Site, Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", sites[0].connection())
    return sites[0]


def test_a_file_changes_what_it_changes_on_a_new_site(upgraded: Site, sites: tuple[Site, Site]):
    for name in SOME:
        upgraded.restore(sites[1])
        assert SCENARIOS[name].run(upgraded)["state"] == "success"
        assert SCENARIOS[name].differences(upgraded, sites[1]) == [], name


def test_plugins_that_left_core_go_and_come_back_with_their_course(upgraded: Site, sites: tuple[Site, Site]):
    upgraded.restore(sites[1])
    for table in ("chat", "survey", "assignment", "course_modules"):
        upgraded.rows(f"UPDATE {{{table}}} SET course = 5 WHERE course = 1")
    upgraded.rows("INSERT INTO {chat_messages} (chatid, userid, message) VALUES (1, 3, 'Hello')")
    upgraded.rows(
        "INSERT INTO {survey_answers} (userid, survey, question, answer1, answer2) VALUES (3, 2, 25, '4', '')"
    )
    upgraded.rows("INSERT INTO {assignment_submissions} (userid, assignment, submissioncomment) VALUES (3, 1, '')")
    tables = ("chat", "chat_messages", "survey", "survey_answers", "assignment", "assignment_submissions")
    before = {table: upgraded.rows(f"SELECT * FROM {{{table}}} ORDER BY id") for table in tables}
    assert delete(upgraded, "C103")["counts"]["deleted"] == 1
    left = {table: len(upgraded.rows(f"SELECT id FROM {{{table}}}")) for table in tables}
    assert left == dict.fromkeys(tables, 0) | {"survey": 1}  # the site's own survey
    assert restore(upgraded, "C103")["counts"]["created"] == 1
    assert {table: upgraded.rows(f"SELECT * FROM {{{table}}} ORDER BY id") for table in tables} == before


def test_what_is_exported_changes_nothing(upgraded: Site, sites: tuple[Site, Site]):
    upgraded.restore(sites[1])
    changes_nothing(upgraded)
