"""What the checks look at, opened once: the site's settings, its connections, a session on its database, what the scheduler sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import Connection

from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.php import find_connection
from toolsync.moodle.session import MoodleSession
from toolsync.sites import Site

SECRET_EXTRAS = ("password_pepper", "aws_secret_access_key", "key", "secret", "token")


class NotReached(Exception):
    """What a check needs is not there; the message says what, and continues a sentence after a colon."""


@dataclass
class Ground:
    """What the checks of a site look at.

    :param site: the site, its settings without mistakes.
    :param written: the site with its settings as they are written.
    :param dags: the folder with the files of its DAGs.
    :param scheduler: what the scheduler sees, see `seen_by_scheduler`; None: it has told nothing.
    :param by_hand: whether there is no scheduler, as `make check` has none.
    """

    site: Site
    written: Site
    dags: Path
    scheduler: Mapping[str, Any] | None = None
    by_hand: bool = False
    stack: ExitStack = field(default_factory=ExitStack)
    # By name; None: it could not be opened, or was lost.
    _sessions: dict[str, MoodleSession | None] = field(default_factory=dict)

    @cached_property
    def connection(self) -> Connection | None:
        """The connection of the site's database; None when there is none."""
        return find_connection(self.site.moodle_conn_id)

    @property
    def extra(self) -> Mapping[str, Any]:
        """Its extra; empty when there is none."""
        return self.connection.extra_dejson if self.connection else {}

    @property
    def server(self) -> MoodleSession:
        """A session on the server, whatever its database holds. It only reads.

        :raises NotReached: there is none, and the first who asked was told why.
        """
        return self._opened("server", MoodleHook.snapshot)

    @property
    def moodle(self) -> MoodleSession:
        """A session on the Moodle site, as `execute` has it.

        :raises NotReached: there is none, and the first who asked was told why.
        """
        self._opened("server", MoodleHook.snapshot)
        return self._opened("moodle", MoodleHook.session)

    def lose(self) -> None:
        """Ask the server nothing more: the connection is lost."""
        self._sessions = dict.fromkeys(("server", "moodle"))

    def _opened(self, name: str, opened: Callable[[MoodleHook], Any]) -> MoodleSession:
        if name not in self._sessions:
            self._sessions[name] = None
            self._sessions[name] = self.stack.enter_context(opened(MoodleHook(self.site.moodle_conn_id, self.site)))
        session = self._sessions[name]
        if session is None:
            raise NotReached(
                "there is no connection to the database" if name == "server" else "there is no Moodle site"
            )
        return session

    @cached_property
    def secrets(self) -> set[str]:
        """What must not be told: passwords, peppers and keys of the connections, and what an address may hold of one."""
        address = urlsplit(self.site.cabinet_url)
        found = {address.password or ""}
        in_address = address.username or "" if "@" in address.netloc else ""
        for conn_id in filter(None, (self.site.moodle_cli_conn_id, in_address)):
            found |= _secrets_of(find_connection(conn_id))
        found |= _secrets_of(self.connection)
        return {secret for secret in found if len(secret) > 2}


def _secrets_of(connection: Connection | None) -> set[str]:
    """What a connection holds that must not be told."""
    if connection is None:
        return set()
    return {connection.password or "", *(str(connection.extra_dejson.get(name) or "") for name in SECRET_EXTRAS)}
