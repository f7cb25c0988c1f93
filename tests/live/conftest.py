from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.airflow import LiveAirflow
from tests.support.site import Site

SWITCH = "TOOLSYNC_LIVE"  # which `make test-live` sets
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get(SWITCH):
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="takes minutes: make test-live"))


@pytest.fixture
def airflow_with(airflow: None, site: Site, tmp_path: Path) -> Iterator[Callable[..., LiveAirflow]]:
    """Starts an Airflow: `airflow_with(dag_file, …, watch={"users": 5})`."""
    started: list[LiveAirflow] = []

    def start(*dags: Path, **page: Any) -> LiveAirflow:
        home = tmp_path / "live"
        home.mkdir()
        live = LiveAirflow(home, site.connection(dataroot=tmp_path / "moodledata"), dags, **page)
        started.append(live)
        live.start()
        return live

    yield start
    for live in started:
        live.kill()
