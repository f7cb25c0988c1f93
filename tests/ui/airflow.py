"""An Airflow with accounts, for a test in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.live.airflow import LiveAirflow
from tools.standalone import COMPONENTS

# By name, which is the password, too; what they may do is what Airflow's simple auth manager lets such a role do.
USERS = {"admin": "admin", "op": "op", "viewer": "viewer"}


class AirflowWithAccounts(LiveAirflow):
    """An Airflow that knows who is who. It has no triggerer, because nothing here defers, and parses each DAG once."""

    parts = {name: command for name, command in COMPONENTS.items() if name != "triggerer"}

    def __init__(self, home: Path, connection: str, dags: Iterable[Path], **page: Any) -> None:
        super().__init__(home, connection, dags, **page)
        passwords = home / "passwords.json"
        passwords.write_text(json.dumps({name: name for name in USERS}))
        self.environment |= {
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            # A worker may wait so long after a task has ended before it takes another; by default, five seconds.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        }

    def token(self, name: str) -> str:
        """The token of an account, as its cookie holds it."""
        return self.ask("POST", "/auth/token", {"username": name, "password": name})["access_token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call Airflow's REST API as the administrator."""
        return self.ask(method, f"/api/v2/{path}", body, Authorization=f"Bearer {self.token('admin')}")

    def page_api(self, path: str) -> Any:
        """Ask the desk's own API as the administrator."""
        return self.ask("GET", f"/toolsync/api/{path}", Authorization=f"Bearer {self.token('admin')}")
