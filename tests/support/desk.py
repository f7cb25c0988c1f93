"""Airflow's real API server with the Tool Sync page in it, for the users of a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi.testclient import TestClient

PAGE = "/toolsync/"
DAGS = (
    "users", "groups", "courses", "courses_delete", "courses_restore", "user_pictures", "make_command_file", "categories_clean", "undo",
)  # fmt: skip
ROLES = {"admin": "ADMIN", "op": "OP", "user": "USER", "viewer": "VIEWER", "stranger": "USER", "artist": "USER"}
STRANGERS_DAG, ARTISTS_SITE = "toolsync_groups", "__arts"
SITES = {"science": {"title": "Science"}, "arts": None}
DAGS_OF_SITES = ("users", "groups", "courses_delete", "courses_restore", "undo")


class PerDag(SimpleAuthManager):
    """Airflow's simple auth manager, but that some may do something with some DAGs only, as with FAB's rights: `stranger` with one, `artist` with those of a site."""

    def is_authorized_dag(self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        dag_id = details.id if details else ""
        if user.username == "stranger" and dag_id not in (None, STRANGERS_DAG):
            return False
        if user.username == "artist" and dag_id is not None and not dag_id.endswith(ARTISTS_SITE):
            return False
        return super().is_authorized_dag(method=method, user=user, access_entity=access_entity, details=details)


@dataclass
class Desk:
    """The API server."""

    app: Any

    def client(self, name: str | None) -> TestClient:
        """A browser, or a program, of a user; None: signed out. It sends a token and what the page sends."""
        headers = {"X-Toolsync": "1"} | ({"Authorization": f"Bearer {self.token(name)}"} if name else {})
        return TestClient(self.app, base_url=f"http://airflow{PAGE}", headers=headers, raise_server_exceptions=False)

    def token(self, name: str) -> str:
        """Airflow's token of a user."""
        from airflow.api_fastapi.app import get_auth_manager

        return get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=ROLES[name]))


@contextmanager
def api_server() -> Iterator[Desk]:
    """Airflow's API server in this process, which knows some of our DAGs."""
    from airflow.api_fastapi.app import create_app, purge_cached_app

    users = ",".join(f"{name}:{role.lower()}" for name, role in ROLES.items())
    environment = {
        "AIRFLOW__CORE__AUTH_MANAGER": f"{PerDag.__module__}.{PerDag.__name__}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
        "AIRFLOW__API_AUTH__JWT_SECRET": "a key of the tests, which is long enough for the algorithm of the tokens: 64",
    }
    with patch.dict(os.environ, environment):
        purge_cached_app()
        _tell_airflow()
        yield Desk(create_app(apps="core"))
        purge_cached_app()


def _tell_airflow() -> None:
    """Write the DAGs to the metadata database, switched on: of the only site, and of two."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import update

    from toolsync.settings import ROOT, settings

    DagBundlesManager().sync_bundles_to_db()
    for sites, names in (None, DAGS), (SITES, DAGS_OF_SITES):
        for name in names:
            with patch.dict(settings(), {"sites": sites} if sites else {}):
                bag = DagBag(str(ROOT / "dags" / f"toolsync_{name}.py"))
            assert not bag.import_errors
            sync_bag_to_db(bag, "dags-folder", None)
    with create_session() as session:
        session.execute(update(DagModel).values(is_paused=False, is_stale=False))
