"""What of the site is not in its database: its data folder, and the PHP that runs in its directory."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from toolsync.checking.findings import Finding, look, ok, said, wrong
from toolsync.checking.ground import Ground
from toolsync.checking.moodle_site import address_of
from toolsync.moodle import php
from toolsync.moodle.file_pool import EMPTY, FilePool, pool_of_site

LOOKED_FOR = 10  # contents of files
WITHOUT_DATAROOT = "User pictures can't be done, language packs are not checked, and contents of deleted files are left to Moodle's cron"
WITHOUT_PHP = "Caches are not purged (the report gives the command), lines that name a backup file fail, and categories are not cleaned"
PHP_SECONDS = 60
MARK = "TOOLSYNC-CHECK:"
# What a program says when it fails, and what to do.
HINTS = {
    "Host key verification failed": "Let the worker's account know the server: `ssh-keyscan HOST >> ~/.ssh/known_hosts`.",
    "Permission denied (": "Look at the key: `key_file` in the extra of the connection, on the worker, and ~/.ssh/authorized_keys of the login there.",
    "sudo:": "Let the login become that user without a password (sudoers), or take `user` out of the extra.",
    "Could not resolve hostname": "Correct the host of the connection.",
    "Connection refused": "Look at host and port of the connection, and whether an SSH server runs there.",
    "Connection timed out": "Look at host and port of the connection, and at what is between it and this worker.",
    "Failed opening required": "Correct `path` in the extra: the site's directory, where config.php is.",
    "No such file or directory": "Look at `path` and `php` in the extra of the connection.",
    "cd:": "Correct `path` in the extra: the site's directory, where config.php is.",
    "not found": "Install PHP there, or let `php` in the extra say what runs it.",
}


def check_dataroot(ground: Ground) -> Iterator[Finding]:
    """Whether the site's data folder is there, is the site's, and can be written to."""
    conn_id, address = ground.site.moodle_conn_id, ground.extra.get("dataroot")
    if not address:
        yield ok(
            f"The connection {conn_id} names no data folder. {WITHOUT_DATAROOT}.",
            "To have that, set `dataroot` in its extra (docs/settings.md#connection-moodle_db).",
        )
        return
    try:
        pool = pool_of_site(ground.extra, conn_id)
    except AirflowFailException as reason:
        sentence, _, do = str(reason).partition(" Nothing was changed. ")
        yield wrong(f"{sentence} {WITHOUT_DATAROOT}; files of pictures fail.", do)
        return
    yield from _whose(ground, pool, address)
    yield from _shared(pool)


def _whose(ground: Ground, pool: FilePool, address: str) -> Iterator[Finding]:
    """Whether contents that the site's tables name are in a data folder."""
    rows = ground.moodle.rows(
        "SELECT contenthash FROM {files} WHERE filesize > 0 AND contenthash <> %s AND referencefileid IS NULL ORDER BY id LIMIT %s",
        (EMPTY, LOOKED_FOR),
    )
    hashes = {content for (content,) in rows}
    if hashes and not any(map(pool.has, hashes)):
        yield look(
            f"The data folder {address} can be written to, but has none of {len(hashes)} files that the site's tables name: is it that of another site?",
            f"Compare it with $CFG->dataroot in the site's config.php; `dataroot` in the extra of the connection {ground.site.moodle_conn_id} names it.",
        )
    elif not (pool.root / "filedir").is_dir():
        yield look(
            f"The data folder {address} has no folder filedir.", "Look whether it is $CFG->dataroot of the site."
        )
    else:
        yield ok(f"The data folder {address} is the site's, and can be written to.")


def _shared(pool: FilePool) -> Iterator[Finding]:
    """Whether the site may write to, and clear, the folders that Tool Sync makes there: they have the mode of `filedir`."""
    if not pool.local or os.geteuid() == 0:
        return
    like = next(path for path in (pool.root / "filedir", pool.root) if path.is_dir())
    status = like.stat()
    grouped = status.st_mode & stat.S_IRWXG == stat.S_IRWXG
    same_group = bool(status.st_mode & stat.S_ISGID) or os.getegid() == status.st_gid
    if os.geteuid() != status.st_uid and not (grouped and same_group):
        yield look(
            f"The site's account (number {status.st_uid}) may not write to folders that this worker's account (number {os.geteuid()}) makes in {like}.",
            f"Let the two share a group that may write: chmod -R g+rwXs {like}, and the worker's account in group {status.st_gid}.",
        )


def check_php(ground: Ground) -> Iterator[Finding]:
    """Whether PHP runs in the directory of the same site."""
    conn_id = ground.site.moodle_cli_conn_id
    connection = php.find_connection(conn_id)
    if connection is None:
        yield ok(
            f"There is no connection {conn_id}. {WITHOUT_PHP}.", "To have that: docs/settings.md#connection-moodle_cli."
        )
        return
    if reason := php.why_unusable(conn_id):
        yield wrong(reason, "Correct the connection (docs/settings.md#connection-moodle_cli).")
        return
    if (connection.host or connection.conn_type == "ssh") and not shutil.which("ssh"):
        yield wrong("There is no program ssh on this worker.", "Install it: the package openssh-client of Debian.")
        return
    try:
        ended = php.run(connection, program=program(ground), seconds=PHP_SECONDS)
    except AirflowException as error:
        yield wrong(said(error), _hint(said(error)))
        return
    answer = re.search(f"^{MARK}(.*)$", ended.printed, re.MULTILINE)
    if ended.status or not answer:
        yield wrong(f"PHP could not load the site. {ended.sentence}", _hint(ended.complained + ended.printed))
        return
    yield from _compared(ground, json.loads(answer[1]))


def _hint(spoken: str) -> str:
    """What to do about what a program says."""
    known = (do for words, do in HINTS.items() if words in spoken)
    return next(known, "Try the same command by hand, as the account of the worker.")


def program(ground: Ground) -> str:
    """The PHP program that tells whose site it is. What is secret goes there as a hash, and only yes and no come back."""
    identifier = ground.moodle.value("SELECT value FROM {config} WHERE name = 'siteidentifier'") or ""
    asked = {
        "site": hashlib.sha256(identifier.encode()).hexdigest(),
        "pepper": hashlib.sha256(str(ground.extra.get("password_pepper") or "").encode()).hexdigest(),
    }
    return f"""<?php
defined("STDERR") || define("STDERR", fopen("php://stderr", "w"));
define("CLI_SCRIPT", true);
require "./config.php";
$peppers = empty($CFG->passwordpeppers) ? [""] : $CFG->passwordpeppers;
ksort($peppers);
echo "\\n{MARK}", json_encode([
    "php" => PHP_VERSION,
    "same" => hash("sha256", (string) get_config("core", "siteidentifier")) === "{asked["site"]}",
    "pepper" => hash("sha256", (string) end($peppers)) === "{asked["pepper"]}",
    "database" => $CFG->dbname . ", prefix " . $CFG->prefix,
    "address" => $CFG->wwwroot,
    "writes" => is_writable($CFG->dataroot) && is_writable($CFG->localcachedir ?? $CFG->dataroot),
    "upgrade" => moodle_needs_upgrading(),
    "user" => function_exists("posix_geteuid") ? posix_getpwuid(posix_geteuid())["name"] ?? "" : "",
]), "\\n";
"""


def _compared(ground: Ground, there: dict[str, Any]) -> Iterator[Finding]:
    """What PHP said of its site, beside what the database says."""
    conn_id, user = ground.site.moodle_cli_conn_id, there["user"] or "the login"
    if not there["same"]:
        yield wrong(
            f"The connection {conn_id} leads to another site than {ground.site.moodle_conn_id}: its config.php has the database {there['database']}.",
            "Correct `path` in the extra (or the host) of one of the two: caches of the wrong site would be purged.",
        )
        return
    yield ok(f"PHP {there['php']} runs in the directory of the same site, as {user}.")
    if not there["writes"]:
        yield look(
            f"{user} may not write to the site's data folder, so caches are not purged.",
            "Let `user` in the extra of the connection name the web server's account, which sudo then becomes.",
        )
    if there["upgrade"]:
        yield look(
            "Moodle's code is newer than its database: an upgrade waits.",
            "Let an administrator upgrade the site; run no files until it is done.",
        )
    if not there["pepper"]:
        yield look(
            "`password_pepper` in the extra of the connection is not the newest of $CFG->passwordpeppers: files with passwords write them anew each time.",
            "Copy the newest one there; where the site has none, remove the key.",
        )
    if (address := address_of(ground)).rstrip("/") != there["address"].rstrip("/"):
        yield look(
            f"The site's address is {there['address']}, and its tables or the connection say {address or 'nothing'}: links in copied courses are not known.",
            f"Set `wwwroot` in the extra of the connection {ground.site.moodle_conn_id}.",
        )
