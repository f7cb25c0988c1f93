"""The page in Airflow's API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Desk, api_server


@pytest.fixture(scope="session")
def server_with_desk(airflow: None) -> Iterator[Desk]:
    with api_server() as desk:
        yield desk


@pytest.fixture
def desk(server_with_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The page, on an empty cabinet, or that of the site if the test has one."""
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    return server_with_desk
