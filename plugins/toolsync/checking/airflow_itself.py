"""This Airflow: its version and settings, the pool, who is told, the programs and packages that runs use."""

from __future__ import annotations

import os
import platform
import smtplib
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from toolsync import __version__
from toolsync.checking.cabinet import free
from toolsync.checking.findings import Finding, look, ok, said, unseen, wrong
from toolsync.checking.ground import Ground
from toolsync.moodle.php import find_connection
from toolsync.operators.approve import approvers
from toolsync.operators.notifications import addressees
from toolsync.reporting.pools import DESCRIPTION
from toolsync.settings import OWN, fingerprint

NEEDED = {  # packages, and the oldest version of each that will do
    "apache-airflow-providers-mysql": (6,),
    "apache-airflow-providers-standard": (1,),
    "great-expectations": (1,),
    "mysqlclient": (2,),
    "pandas": (2, 2),
    "pillow": (10,),
}
PLUGIN = (
    "Copy plugins/toolsync_plugin.py and plugins/toolsync into the plugins folder of the scheduler, and restart it."
)
MEMORY = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
MAIL_WITHIN = 15  # seconds


def check_airflow(ground: Ground) -> Iterator[Finding]:
    """The version, and the setting that runs with Params need."""
    from airflow.configuration import conf

    on = f"Python {platform.python_version()} on {platform.node()}"
    yield ok(f"Airflow {version('apache-airflow-core')}, Tool Sync {__version__}, {on}.")
    if not conf.getboolean("core", "dag_run_conf_overrides_params", fallback=True):
        yield wrong(
            "Airflow's setting [core] dag_run_conf_overrides_params is off, so it ignores the Params of a run.",
            "Switch it on, which is Airflow's default: AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS=True.",
        )


def check_scheduler(ground: Ground) -> Iterator[Finding]:
    """The pool, the triggerer and the DAG files, as the scheduler sees them."""
    if ground.by_hand:
        yield unseen("Pool, triggerer and scheduler: by hand there is no scheduler. In Airflow, the DAG looks at them.")
        return
    seen = ground.scheduler
    if seen is None:
        yield look("The scheduler has told nothing: it did not load the plugin of Tool Sync, or an older one.", PLUGIN)
        return
    yield ok(f"The scheduler has loaded the plugin; its executor is {seen['executor']}.")
    if seen["version"] != __version__:
        yield look(f"The scheduler has Tool Sync {seen['version']}, this worker {__version__}.", PLUGIN)
    if seen.get("settings", fingerprint()) != fingerprint():
        yield look(
            "The scheduler has other settings than this worker: they have just been changed, or one of the two has not got them.",
            f"Give every process of Airflow the same {OWN} and TOOLSYNC_INCLUDE, and what they name; then run the check again.",
        )
    yield _pool(ground.site.pool, seen["pools"])
    for file, why in seen["errors"].items():
        yield wrong(f"Airflow can't read {file}: {why}", "Correct that; Airflow reads the file again within a minute.")
    needs = ["toolsync_all", "feeds", *(["watched inboxes"] if ground.site.page.get("watch") else [])]
    if not seen["triggerer"]:
        yield look(f"No triggerer is at work; {', '.join(needs)} need one.", "Start it: airflow triggerer.")
    else:
        yield ok("A triggerer is at work.")


def _pool(name: str, pools: dict[str, int]) -> Finding:
    """How many may write to the site at once."""
    slots = pools.get(name)
    make = f'airflow pools set {name} 1 "{DESCRIPTION}"'
    if slots is None:
        return wrong(f"There is no pool {name}: plan and execute would stay scheduled.", make)
    if slots == 0:
        return wrong(f"The pool {name} has no slots: plan and execute stay scheduled.", make)
    if slots != 1:
        return look(
            f"The pool {name} has {'any number of' if slots < 0 else slots} slots: still one run at a time writes to the site, and others hold a worker "
            "while they wait.",
            f"Give it one slot: {make}",
        )
    return ok(f"The pool {name} has one slot: one run at a time writes to the site.")


def check_approvers(ground: Ground) -> Iterator[Finding]:
    """Whether those who may answer a plan are named as the auth manager knows them. Where nobody may, a run waits for ever."""
    from airflow.configuration import conf

    if "FabAuthManager" not in conf.get("core", "auth_manager"):
        return
    for person in approvers(ground.site):
        if not person["id"].isdecimal():
            yield wrong(
                f"{ground.site.place('protection', 'approvers')}: the FAB auth manager knows users by number, so nobody may answer as {person['id']!r}.",
                f'Name number and user: [{{id: "3", name: {person["name"]}}}]. The command `airflow users list` shows the numbers.',
            )


def check_notifications(ground: Ground) -> Iterator[Finding]:
    """Whether those who are to be told can be reached. Nothing is sent."""
    told = addressees(ground.site)
    if not told:
        yield ok("Nobody is told of runs (notifications.to is empty).")
    asked = set()
    for one in told:
        if "Smtp" not in one.notifier.__name__:
            yield unseen(f"Whether {one.notifier.__name__} reaches anybody: it is not tried.")
            continue
        conn_id = str(one.arguments.get("smtp_conn_id") or "smtp_default")
        if conn_id not in asked:
            asked.add(conn_id)
            yield _mail(conn_id)


def _mail(conn_id: str) -> Finding:
    """Whether the mail server of a connection answers and lets the login in. No mail is sent."""
    connection = find_connection(conn_id)
    if connection is None:
        return wrong(
            f"There is no connection {conn_id}, so no mail is sent.", "Make it: docs/settings.md#notifications."
        )
    extra, secret = connection.extra_dejson, connection.password or ""
    plain, clear = (str(extra.get(name, False)).lower() == "true" for name in ("disable_ssl", "disable_tls"))
    host, port = connection.host or "", connection.port or (25 if plain else 465)
    where, kind = f"{host}:{port}", smtplib.SMTP if plain else smtplib.SMTP_SSL
    try:
        with kind(host, port, timeout=MAIL_WITHIN) as server:
            server.ehlo()
            if plain and not clear:
                server.starttls()
                server.ehlo()
            if connection.login and secret and extra.get("auth_type", "basic") == "basic":
                server.login(connection.login, secret)
    except (OSError, smtplib.SMTPException) as error:
        why = said(error).replace(secret, "***") if secret else said(error)
        return look(
            f"The mail server {where} of the connection {conn_id} can't be used: {why}.",
            "Look at its host, port, login and encryption (docs/settings.md#notifications). Runs go on without mail.",
        )
    return ok(f"The mail server {where} answers; no mail was sent.")


def check_packages(ground: Ground) -> Iterator[Finding]:
    """The Python packages that runs use."""
    found, bad = [], []
    for name, oldest in NEEDED.items():
        try:
            here = version(name)
        except PackageNotFoundError:
            bad.append(f"{name} is missing")
            continue
        found.append(f"{name.removeprefix('apache-airflow-')} {here}")
        if _numbers(here)[: len(oldest)] < oldest:
            bad.append(f"{name} is {here}")
    if bad:
        oldest_of = ", ".join(f"{name} {'.'.join(map(str, oldest))}" for name, oldest in NEEDED.items())
        yield wrong(
            f"Packages are missing or too old on this worker: {', '.join(bad)}.",
            f"Install requirements.in of Tool Sync beside your own. At least: {oldest_of}.",
        )
    else:
        yield ok(f"Packages: {', '.join(found)}.")


def check_worker(ground: Ground) -> Iterator[Finding]:
    """Whether this worker has room and memory."""
    yield free(Path(tempfile.gettempdir()), "The folder of temporary files")
    most, there = (ground.site.page.get("pictures") or {}).get("worker_mb") or 0, _memory_mb()
    if most > there:
        yield look(
            f"A process that decodes pictures may take {most:,.0f} MB (pictures.worker_mb), and this worker has {there:,.0f} MB.",
            "Set it lower, or give the worker more: only hostile images take that much.",
        )
    else:
        yield ok(f"This worker has {there:,.0f} MB of memory.")


def _memory_mb() -> float:
    """The memory that this worker may use, in 10⁶ bytes."""
    limits = [int(path.read_text()) for path in MEMORY if path.is_file() and path.read_text().strip().isdigit()]
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *limits]) / 10**6


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())
