"""The pools of the sites are made where they are missing, as the scheduler makes them: in its own session, which nobody else may commit."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.pool import Pool
from airflow.utils.session import create_session
from airflow.utils.sqlalchemy import prohibit_commit
from sqlalchemy import delete, event, insert

from toolsync import starting
from toolsync.reporting.pools import DESCRIPTION, make_missing_pools


@pytest.fixture(autouse=True)
def before(airflow: None) -> Iterator[None]:
    remove_pools()  # of other tests that start a part of Airflow
    yield
    remove_pools()


def remove_pools() -> None:
    with create_session() as session:
        session.execute(delete(Pool).where(Pool.pool != Pool.DEFAULT_POOL_NAME))


def pools() -> dict[str, Any]:
    with create_session() as session:
        return {str(pool.pool): (pool.slots, pool.description) for pool in Pool.get_pools(session=session)}


def test_only_what_is_missing_is_made():
    with create_session() as session:
        session.add(Pool(pool="there", slots=5, description="mine", include_deferred=False))
        session.commit()
        with prohibit_commit(session) as guard:
            assert make_missing_pools(session, ["there", "missing", Pool.DEFAULT_POOL_NAME]) == ["missing"]
            guard.commit()
    found = pools()
    assert found.pop(Pool.DEFAULT_POOL_NAME)[0] > 1
    assert found == {"there": (5, "mine"), "missing": (1, DESCRIPTION)}


def test_two_schedulers_make_it_once():
    waiting = [True]

    def other(connection: Any, cursor: Any, statement: str, *args: Any) -> None:
        if statement.startswith("INSERT INTO slot_pool") and waiting:
            waiting.clear()
            row = {"pool": "both", "slots": 2, "description": "the other's", "include_deferred": False}
            connection.execute(insert(Pool).values(row))

    with create_session() as session:
        bound = session.get_bind()
        event.listen(bound, "before_cursor_execute", other)
        made = make_missing_pools(session, ["both", "later"])
        event.remove(bound, "before_cursor_execute", other)
        # What the other has written went with the savepoint here; the session goes on.
        assert made == ["later"]
    assert "later" in pools()


def test_airflow_makes_those_of_all_sites_when_it_starts(monkeypatch: pytest.MonkeyPatch):
    from toolsync import settings

    class Job:
        pass

    monkeypatch.setitem(settings.settings(), "sites", {"arts": {}, "science": {"pool": "labs"}})
    starting.on_starting(SimpleNamespace())  # a task
    assert set(pools()) == {Pool.DEFAULT_POOL_NAME}
    starting.on_starting(Job())
    assert set(pools()) == {Pool.DEFAULT_POOL_NAME, "labs", "toolsync_writer_arts"}


def test_a_pool_that_cannot_be_made_stops_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    class Job:
        pass

    monkeypatch.setattr("toolsync.reporting.pools.make_missing_pools", lambda *args: 1 / 0)
    starting.on_starting(Job())
    assert "The pools were not made (division by zero)" in caplog.text
