"""A server that is one node of a cluster: MariaDB with Galera, Percona XtraDB Cluster. `make test SERVER=mariadb-galera` runs every test on such a node."""

from __future__ import annotations

from typing import Any

import MySQLdb
import pytest
from airflow.sdk.exceptions import AirflowException

from tests.checking.test_check import checked, said
from tests.support.server import OF_SERVER
from tests.support.site import Site
from toolsync.checking.findings import LOOK, OK
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession

pytestmark = pytest.mark.usefixtures("airflow")

PEOPLE = "username,firstname,lastname,email\nnew.one,New,One,new.one@example.org\n"
# As MariaDB 10.6.13 and 10.11.3 say it, and Percona's strict mode.
NO_LOCKS = [
    (1235, "This version of MariaDB doesn't yet support 'GET_LOCK in cluster (WSREP_ON=ON)'"),
    (1105, "Percona-XtraDB-Cluster prohibits use of GET_LOCK with pxc_strict_mode = ENFORCING"),
]
CUT_OFF = [
    (1047, "WSREP has not yet prepared node for application use"),
    (1180, "Error while appending streaming replication fragment(provider status: Not connected to Primary Component)"),
]


def refusing(monkeypatch: pytest.MonkeyPatch, part: str, error: tuple[int, str]) -> None:
    """Let the server refuse statements with a text in them."""
    value = MoodleSession.value

    def refused(self: MoodleSession, statement: str, *args: Any) -> Any:
        if part in statement:
            raise MySQLdb.OperationalError(*error)
        return value(self, statement, *args)

    monkeypatch.setattr(MoodleSession, "value", refused)


@pytest.mark.skipif(not OF_SERVER, reason="no node of a cluster")
def test_it_is_one(site: Site):
    assert dict(site.rows("SHOW STATUS LIKE 'wsrep_%%'"))["wsrep_ready"] == "ON"
    assert site.value("SELECT @@auto_increment_increment") == 3


@pytest.mark.parametrize("error", NO_LOCKS)
def test_without_named_locks_runs_are_kept_apart_by_the_pool(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: tuple[int, str]
):
    assert "one writer to a site can be asked for" in said(checked("Moodle"), OK)
    refusing(monkeypatch, "GET_LOCK", error)
    ended = site.run("toolsync_users", PEOPLE)
    assert ended["state"] == "success" and ended["counts"]["created"] == 1
    assert f"takes no named locks ({error[1]}). The pool keeps the runs of this Airflow apart." in caplog.text
    found = checked("Moodle")
    assert f"takes no named locks ({error[1]}). → The pool keeps" in said(found, LOOK)
    assert "one writer to a site" not in said(found, OK)


def test_what_else_the_server_does_not_support_is_no_matter_of_locks(monkeypatch: pytest.MonkeyPatch, site: Site):
    refusing(monkeypatch, "GET_LOCK", (1235, "This version of MariaDB doesn't yet support 'something else'"))
    with pytest.raises(MySQLdb.OperationalError, match="something else"), MoodleHook().session(lock_seconds=1):
        pass


@pytest.mark.parametrize("error", CUT_OFF)
def test_a_node_that_is_cut_off_is_a_lost_connection(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: tuple[int, str]
):
    refusing(monkeypatch, "'still there'", error)
    with (
        pytest.raises(AirflowException, match="connection to the database was lost .* goes on where it stopped"),
        MoodleHook().session() as session,
    ):
        session.value("SELECT 'still there'")
