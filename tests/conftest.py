"""A real database server with a populated Moodle 5.1 site, an Airflow, and a cabinet for the tests."""

from __future__ import annotations

import gc
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import memory  # noqa: E402

memory.use()

from tests.support import dag_runs  # noqa: E402

dag_runs.configure()  # before a test module imports Airflow

from tests.support.scenarios import dump_of  # noqa: E402
from tests.support.server import populated_server  # noqa: E402
from tests.support.site import Site  # noqa: E402
from tools.mariadb import PrivateServer  # noqa: E402


def pytest_collection_finish() -> None:
    """Let the garbage collector look seldom, and not at what was imported, which stays: otherwise a fifth of all time is its own."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    gc.freeze()  # pytest collects garbage five times then, for errors of its own kind: a quarter of a minute
    shutil.rmtree(dag_runs.HOME, ignore_errors=True)
    memory.give_back()


@pytest.fixture(scope="session")
def airflow() -> None:
    """An initialised metadata database."""
    dag_runs.initialise()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """A database server of this process alone: MariaDB, or what `TOOLSYNC_TEST_SERVER` names."""
    server = populated_server(tmp_path_factory.mktemp("mariadb") / "server", die_with_parent=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pristine(server: PrivateServer) -> Site:
    """The populated site that no test writes to."""
    return Site(server, "pristine", constant=True)


@pytest.fixture(scope="session")
def loaded_site(server: PrivateServer) -> Site:
    return Site(server, "moodle")


@pytest.fixture
def site(
    loaded_site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Site]:
    """The populated site, as it was before; the connection `moodle_db` and an empty cabinet lead to it."""
    loaded_site.restore(pristine)
    loaded_site.in_airflow = request.node.get_closest_marker("in_airflow") is not None
    lead_to(loaded_site, tmp_path, monkeypatch)
    yield loaded_site


def lead_to(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connection `moodle_db`, an empty cabinet and an empty data folder lead to a site."""
    from airflow.sdk._shared.secrets_masker import reset_secrets_masker

    reset_secrets_masker()  # with each secret, it compiles all of them anew: those of a thousand connections before this one, too
    (folder / "moodledata").mkdir()
    monkeypatch.setenv("TOOLSYNC_CABINET", str(folder / "cabinet"))
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", site.connection(dataroot=folder / "moodledata"))


@pytest.fixture(scope="session")
def loaded_versions(server: PrivateServer) -> Callable[[str], tuple[Site, Site]]:
    """By version (`45`), the populated site of an older Moodle, and the copy of it that nobody writes to. A site is loaded when the first test needs it."""

    @cache
    def load(version: str) -> tuple[Site, Site]:
        for database in (f"moodle{version}", f"pristine{version}"):
            server.load(dump_of(version), database)
        return Site(server, f"moodle{version}", in_airflow=False), Site(server, f"pristine{version}", constant=True)

    return load


@pytest.fixture
def site_of(
    loaded_versions: Callable[[str], tuple[Site, Site]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[Site, Site]]:
    """By version, the site of an older Moodle, as it was before, with the copy that nobody writes to; the connection and an empty cabinet lead to it."""

    def made(version: str) -> tuple[Site, Site]:
        site, pristine = loaded_versions(version)
        site.restore(pristine)
        lead_to(site, tmp_path, monkeypatch)
        return site, pristine

    return made
