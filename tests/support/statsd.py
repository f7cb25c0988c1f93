"""A StatsD server, and an Airflow that sends its metrics there."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils


class Server:
    """A StatsD server that hears what tasks send."""

    def __init__(self, heard: socket.socket) -> None:
        self._socket = heard
        self.port = heard.getsockname()[1]

    def heard(self, of: str = "toolsync.") -> dict[str, list[str]]:
        """The values of metrics since the last time, by name.

        :param of: how the names begin; empty: Airflow's own, too.
        """
        found: dict[str, list[str]] = defaultdict(list)
        while True:
            try:
                datagram = self._socket.recv(65536).decode()
            except BlockingIOError:
                return dict(found)
            for line in datagram.splitlines():
                name, _, value = line.removeprefix("airflow.").partition(":")
                if name.startswith(of):
                    found[name].append(value)


@contextmanager
def listening() -> Iterator[Server]:
    """A server, and an Airflow that sends its metrics there, as its tasks begin with."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard, pytest.MonkeyPatch.context() as patch:
        heard.bind(("127.0.0.1", 0))
        heard.setblocking(False)
        server = Server(heard)
        for name, value in {"ON": "True", "HOST": "127.0.0.1", "PORT": str(server.port)}.items():
            patch.setenv(f"AIRFLOW__METRICS__STATSD_{name}", value)
        begin()
        yield server
    begin()


def begin() -> None:
    """Let metrics go where the configuration says by now, as the process of a task begins."""
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
