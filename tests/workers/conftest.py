from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.object_store import object_store
from tests.support.site import Site
from tests.workers.cluster import SWITCH, Cluster
from tests.workers.services import Services

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DAGS = sorted((ROOT / "dags").glob("*.py"))
WORKERS = ("worker-1", "worker-2")
# A file of some thousand lines takes long enough for somebody to pull a plug.
PAGE = {
    "retries": 3,
    "retry_delay_seconds": 5,
    "batch_lines": 500,
    "throttle": {"pause_seconds": 1},
    "settle_seconds": 0,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get(SWITCH):
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="takes minutes and programs of its own: make test-workers"))


def take_only(folder: Path) -> Path:
    """A DAG that takes files as all do, and archives them at once, of a type of its own."""
    dag = folder / "toolsync_taken.py"
    dag.write_text((ROOT / "tests/live/take_only.py").read_text().replace('"users"', '"taken"'))
    return dag


@pytest.fixture(scope="module")
def cluster(airflow: None, loaded_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A distributed Airflow with two workers."""
    home, services = tmp_path_factory.mktemp("cluster"), Services()
    (home / "moodledata").mkdir()
    started: Cluster | None = None
    try:
        connection = loaded_site.connection(dataroot=home / "moodledata")
        started = Cluster(home, services, object_store(), connection, [*DAGS, take_only(home)], **PAGE)
        started.start()
        for name in WORKERS:
            started.start_worker(name)
        yield started
    finally:
        if started:
            started.kill()
        services.stop()
