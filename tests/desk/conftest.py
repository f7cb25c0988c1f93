"""The page in Airflow's API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import SITES, Desk, api_server
from tests.support.object_store import ObjectStore, object_store
from toolsync.settings import settings


@pytest.fixture(scope="session")
def server_with_desk(airflow: None) -> Iterator[Desk]:
    with api_server() as desk:
        yield desk


@pytest.fixture
def desk(server_with_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The page, on an empty cabinet, or that of the site if the test has one."""
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    return server_with_desk


@pytest.fixture(params=[False, True], ids=["on disk", "in an object store"])
def anywhere(request: pytest.FixtureRequest, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The object store, in which the empty cabinet is, or is not: a test runs with either."""
    store = object_store()
    if request.param:
        monkeypatch.setenv("TOOLSYNC_CABINET", store.new_cabinet())
    return store


@pytest.fixture
def sites(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sites, `science` and `arts`, instead of the only one; the folder that has a cabinet of each."""
    monkeypatch.setitem(settings(), "sites", SITES)
    return tmp_path / "cabinet"
