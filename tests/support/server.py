"""Database servers with the populated site. It is loaded from the dump once; every server starts from a copy of that data folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tools.mariadb import PrivateServer, server_program
from toolsync.settings import ROOT

DUMP = ROOT / "include/demo/moodle51.sql.gz"
PREPARED = ROOT / ".local/test-server"
UPGRADED = ROOT / "tests/support/upgraded.sql"
# The original, which no test writes to, and the one that tests change.
DATABASES = ("pristine", "moodle")
# What is committed must survive the death of the server, but not that of the machine.
OPTIONS = (
    "innodb_flush_log_at_trx_commit=2",
    "loose_innodb_doublewrite=OFF",
    "loose_innodb_log_file_size=64M",
    "loose_innodb_redo_log_capacity=64M",
)


def populated_server(directory: Path, *, die_with_parent: bool, upgraded: bool = False) -> PrivateServer:
    """Start a server that has the populated site in each of `DATABASES`.

    :param upgraded: make it look like one that has been upgraded for years, as `make test SITE=upgraded` does for all tests.
    """
    server = PrivateServer(directory, die_with_parent=die_with_parent, options=OPTIONS)
    if is_new := not (directory / "data").exists():
        directory.mkdir(parents=True, exist_ok=True)
        _copy_prepared(directory / "data")
    server.start()
    if is_new and (upgraded or os.environ.get("TOOLSYNC_TEST_SITE") == "upgraded"):
        for database in DATABASES:
            server.execute(UPGRADED.read_text(encoding="utf-8"), database)
    return server


def _copy_prepared(target: Path) -> None:
    """Copy the prepared data folder; make it first if it is missing, or was made from another dump or by another server."""
    version = subprocess.run([server_program(), "--version"], capture_output=True, check=True).stdout
    made_of = hashlib.sha256(DUMP.read_bytes() + version + "\n".join(OPTIONS).encode()).hexdigest()
    folder = PREPARED / made_of[:16]
    PREPARED.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (PREPARED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _prepare(folder)
        shutil.copytree(folder / "data", target)


def _prepare(folder: Path) -> None:
    for outdated in PREPARED.glob("*/"):
        shutil.rmtree(outdated)
    server = PrivateServer(PREPARED / "new", die_with_parent=True, options=OPTIONS)
    server.start()
    for database in DATABASES:
        server.load(DUMP, database)
    server.stop()
    server.directory.rename(folder)
