"""Database servers with the populated site. It is loaded from the dump once; every server starts from a copy of that data folder.

Which server, and how it is set up, is said by the environment: `make test SERVER=mysql` runs the tests once for each of `SETUPS`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from tools.mariadb import COLLATION, PrivateServer
from tools.servers import FOLDER
from toolsync.settings import ROOT

DUMP = ROOT / "include/demo/moodle51.sql.gz"
PREPARED = ROOT / ".local/test-server"
KEPT = 6  # prepared folders: the system's server, MySQL with either collation, other servers
UPGRADED = ROOT / "tests/support/upgraded.sql"
# The original, which no test writes to, and the one that tests change.
DATABASES = ("pristine", "moodle")
# What is committed must survive the death of the server, but not that of the machine.
OPTIONS = (
    "innodb_flush_log_at_trx_commit=2",
    "loose_innodb_doublewrite=OFF",
    "loose_innodb_log_file_size=64M",
    "loose_innodb_redo_log_capacity=64M",
    "loose_userstat=ON",  # MariaDB counts the rows that are written to a table: see Site.restore
)
# As MySQL comes: no LOAD DATA LOCAL, a binary log, its own collation.
AS_IT_COMES = ("local_infile=OFF", "log-bin=binlog", "server-id=1", "sync_binlog=0")
SETUPS = {
    "": (COLLATION, ()),
    "as it comes": ("utf8mb4_0900_ai_ci", AS_IT_COMES),
}
SERVER = os.environ.get("TOOLSYNC_TEST_SERVER", "")
# The only node of a cluster. It gives every third id, as one of three does, and those of one INSERT need not follow each other.
OF_A_CLUSTER = (
    "wsrep_on=ON",
    f"wsrep_provider={FOLDER}/mariadb-galera/usr/lib/galera/libgalera_smm.so",
    "wsrep_cluster_address=gcomm://",
    "wsrep_node_address=127.0.0.1",
    "wsrep_provider_options=base_port=0;gmcast.listen_addr=tcp://127.0.0.1:0;ist.recv_addr=127.0.0.1:0;gcache.size=8M",
    "wsrep_auto_increment_control=OFF",
    "auto_increment_increment=3",
    "auto_increment_offset=2",
    "innodb_autoinc_lock_mode=2",
    "binlog_format=ROW",
)
OF_SERVER: tuple[str, ...] = OF_A_CLUSTER if SERVER == "mariadb-galera" else ()
SITE_COLLATION, MORE_OPTIONS = SETUPS[os.environ.get("TOOLSYNC_TEST_SETUP", "")]


def populated_server(
    directory: Path, *, die_with_parent: bool, upgraded: bool = False, more: tuple[str, ...] = ()
) -> PrivateServer:
    """Start a server that has the populated site in each of `DATABASES`.

    :param more: further options of the server.
    :param upgraded: make it look like one that has been upgraded for years, as `make test SITE=upgraded` does for all tests.
    """
    server = _server(directory, *MORE_OPTIONS, *more, die_with_parent=die_with_parent)
    if is_new := not (directory / "data").exists():
        directory.mkdir(parents=True, exist_ok=True)
        _copy_prepared(directory / "data")
    server.start()
    if is_new and (upgraded or os.environ.get("TOOLSYNC_TEST_SITE") == "upgraded"):
        for database in DATABASES:
            server.execute(UPGRADED.read_text(encoding="utf-8"), database)
    return server


def _server(directory: Path, *more: str, die_with_parent: bool = True) -> PrivateServer:
    return PrivateServer(
        directory, die_with_parent=die_with_parent, options=(*OPTIONS, *OF_SERVER, *more), server=SERVER
    )


def _copy_prepared(target: Path) -> None:
    """Copy the prepared data folder; make it first if it is missing, or was made from another dump or by another server."""
    version = _server(PREPARED / "new").programs.version
    made_of = "\n".join([version, *OPTIONS, *OF_SERVER, SITE_COLLATION]).encode()
    folder = PREPARED / hashlib.sha256(DUMP.read_bytes() + made_of).hexdigest()[:16]
    PREPARED.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (PREPARED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _prepare(folder)
        os.utime(folder)
        shutil.copytree(folder / "data", target)


def _prepare(folder: Path) -> None:
    kept = sorted(PREPARED.glob("*/"), key=lambda each: each.stat().st_mtime, reverse=True)[: KEPT - 1]
    for outdated in PREPARED.glob("*/"):
        if outdated not in kept or outdated.name == "new":
            shutil.rmtree(outdated)
    server = _server(PREPARED / "new")
    server.start()
    for database in DATABASES:
        server.load(DUMP, database, collation=SITE_COLLATION)
    server.stop()
    server.directory.rename(folder)
