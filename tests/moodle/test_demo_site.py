"""The demo site that `make up` and `make demo` make."""

from __future__ import annotations

import pytest

from tests.support.server import DUMP
from tests.support.site import Site
from tools import mariadb
from tools.mariadb import PrivateServer


def test_each_is_another_site(server: PrivateServer, pristine: Site, monkeypatch: pytest.MonkeyPatch):
    arguments = ["mariadb.py", "load", str(server.directory), "demo", str(DUMP)]
    monkeypatch.setattr("sys.argv", arguments)
    try:
        assert mariadb.main() == 0
        made = server.execute("SELECT value FROM mdl_config WHERE name = 'siteidentifier'", "demo").strip()
    finally:
        server.execute("DROP DATABASE demo")
    assert len(made) == 32 and made != pristine.value("SELECT value FROM {config} WHERE name = 'siteidentifier'")
