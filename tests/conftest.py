"""A real database server with a populated Moodle 5.1 site, an Airflow, and a cabinet for the tests."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# Airflow reads its configuration when it is first imported, so before any test module is.
HOME = tempfile.mkdtemp(prefix="toolsync-tests-")
os.environ["TOOLSYNC_CABINET"] = f"{HOME}/cabinet"
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")

from toolsync import run as runner  # noqa: E402

runner.configure(HOME)

from tests.support.site import Site  # noqa: E402
from tools.mariadb import PrivateServer  # noqa: E402


@pytest.fixture(scope="session")
def airflow() -> None:
    """An initialised metadata database."""
    runner.initialise()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """A MariaDB of this process alone."""
    server = PrivateServer(tmp_path_factory.mktemp("mariadb"), die_with_parent=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pristine(server: PrivateServer) -> Site:
    """The populated site that no test writes to."""
    server.load(ROOT / "include/demo/moodle51.sql.gz", "pristine")
    return Site(server, "pristine")


@pytest.fixture(scope="session")
def loaded_site(server: PrivateServer, pristine: Site) -> Site:
    server.load(ROOT / "include/demo/moodle51.sql.gz", "moodle")
    return Site(server, "moodle")


@pytest.fixture
def site(loaded_site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The populated site, as it was before; the connection `moodle_db` and an empty cabinet lead to it."""
    loaded_site.restore(pristine)
    (tmp_path / "moodledata").mkdir()
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", loaded_site.connection(dataroot=tmp_path / "moodledata"))
    yield loaded_site
