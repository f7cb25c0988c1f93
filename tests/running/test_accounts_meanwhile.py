"""Nothing is locked while a users file looks at accounts. So somebody may change them before it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from toolsync.running.state import RunState

pytestmark = pytest.mark.usefixtures("airflow")


@pytest.fixture
def meanwhile(site: Site, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sends a statement, once, between the looks of a batch and its first write."""

    def send(sql: str) -> None:
        waiting, write = [sql], RunState.locks_from_now

        def changed(state: RunState) -> None:
            if waiting:
                site.rows(waiting.pop())
            write(state)

        monkeypatch.setattr(RunState, "locks_from_now", changed)

    return send


def account(site: Site, username: str) -> tuple[Any, ...]:
    return site.rows("SELECT deleted, city, firstname FROM {user} WHERE username = %s", (username,))[0]


def test_an_account_that_somebody_deletes_stays_deleted(site: Site, meanwhile: Any):
    meanwhile("UPDATE {user} SET deleted = 1 WHERE username = 'u005'")
    result = site.run("toolsync_users", b"username,city\nu004,Oulu\nu005,Oulu\n")
    assert (result["counts"]["updated"], result["counts"]["failed"]) == (1, 1)
    assert "somebody deleted the account just now" in Path(result["report"]).read_text()
    assert account(site, "u004")[:2] == (0, "Oulu")
    assert account(site, "u005")[0] == 1 and account(site, "u005")[1] != "Oulu"


def test_an_account_that_somebody_creates_is_updated(site: Site, meanwhile: Any):
    meanwhile("INSERT INTO {user} (mnethostid, username, firstname, lastname) VALUES (1, 'new.one', 'By', 'Hand')")
    result = site.run(
        "toolsync_users", b"username,firstname,lastname,email\nu004,Bo,,\nnew.one,New,One,new@example.org\n"
    )
    assert result["counts"]["updated"] == 2
    assert account(site, "new.one")[2] == "New"


def test_what_a_person_edits_stays_where_the_line_says_nothing(site: Site, meanwhile: Any):
    meanwhile("UPDATE {user} SET firstname = 'Edited' WHERE username = 'u004'")
    site.run("toolsync_users", b"username,firstname,city\nu004,,Oulu\n")
    assert account(site, "u004") == (0, "Oulu", "Edited")
