"""The settings of a site: all mistakes at once, each with file and line, found by those who use the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from toolsync.cabinet.retention import Limits
from toolsync.checking.findings import Finding, ok, wrong
from toolsync.checking.ground import Ground
from toolsync.operators.approve import approvers
from toolsync.operators.feed_settings import feeds_of
from toolsync.operators.inbox_watch import watch_seconds
from toolsync.operators.notifications import addressees, failed_lines_over
from toolsync.operators.settings_broken import SettingsBrokenOperator
from toolsync.params import dags_in, section
from toolsync.running.throttle import throttle_limits
from toolsync.schedule import timetable
from toolsync.settings import MISTAKES, OPEN, OWN, SITES, Page, WrongSetting, dag_files, kind, meant, number
from toolsync.sites import Site

MOST = 50  # mistakes of one part
# Numbers: the least, whether they are whole, whether null will do. What is not here is looked at by who uses it.
NUMBERS: dict[tuple[str, ...], tuple[float, bool, bool]] = {
    ("batch_seconds",): (0.01, False, True),
    ("batch_lines",): (1, True, False),
    ("retries",): (0, True, False),
    ("retry_delay_seconds",): (0, False, False),
    ("lock_wait_seconds",): (1, True, True),
    ("lock_attempts",): (1, True, False),
    ("statement_seconds",): (1, False, True),
    ("task_hours",): (0.01, False, True),
    ("restore_seconds",): (1, False, False),
    ("settle_seconds",): (0, False, False),
    ("protection", "approve_over_courses"): (0, True, True),
    ("protection", "approve_active_days"): (0, False, True),
    ("protection", "undo_days"): (0, False, True),
    ("protection", "answer_within_hours"): (0.01, False, True),
    ("pictures", "entries"): (1, True, False),
    ("pictures", "total_mb"): (1, False, False),
    ("pictures", "image_mb"): (1, False, False),
    ("pictures", "ratio"): (1, False, False),
    ("pictures", "megapixels"): (0.01, False, False),
    ("pictures", "worker_mb"): (100, False, False),
    ("pictures", "seconds"): (0.1, False, False),
    ("pictures", "workers"): (1, True, True),
    ("pictures", "batch_images"): (1, True, False),
    ("pictures", "contact_sheet"): (0, True, False),
    ("desk", "upload_mb"): (1, False, False),
}
OF_TYPES = {"batch_seconds_of": (0.01, False, True), "batch_lines_of": (1, True, False)}  # numbers by type
NAMES = ("moodle_conn_id", "moodle_cli_conn_id", "pool")
# Settings that are no numbers, in sections whose own reader does not know all names.
OTHERS = {
    *(("cabinet", name) for name in ("address", "folder_mode", "file_mode")),
    ("protection", "approvers"),
    *(("packages", name) for name in ("oneroster", "canvas")),
}
KNOWING = {"throttle", "retention", *OPEN}  # sections whose reader does
TOP = {path[0] for path in (*NUMBERS, *OTHERS)} | {*NAMES} | KNOWING


def check_settings(ground: Ground) -> Iterator[Finding]:
    """Whether every setting makes sense."""
    page = ground.site.page
    found = list(dict.fromkeys([*mistakes(ground.written)[0], *_of_dags(ground)]))
    for mistake in found:
        yield wrong(mistake, "Correct it there; Airflow reads the settings again when it parses the DAG files.")
    if not found:
        own = os.environ.get(OWN)
        yield ok(f"Every setting makes sense ({page.file}{f' and {own}' if own else ''}).")


def mistakes(site: Site) -> tuple[list[str], Site]:
    """What is wrong with the settings of a site, apart from Params and inboxes, which the DAGs know; and the site without what is wrong."""
    page = Page(deepcopy(dict(site.page)), site.page.places, site.page.file)
    found = [*_unknown(page), *_numbers(page)]
    for reader in _readers():
        for _ in range(MOST):
            told = _told(reader, Site(site.name, page))
            if told:
                found.append(told)
            if not told or not _take_out(page, told):
                break
    return found, Site(site.name, page)


def _readers() -> list[Callable[[Site], Any]]:
    return [
        lambda site: site.cabinet_modes,
        lambda site: throttle_limits(site.page),
        lambda site: Limits.of(site.page),
        approvers,
        failed_lines_over,
        addressees,
        feeds_of,
        _schedules,
        _address,
        _watched,
        *(lambda site, name=name: section(site, name, "") for name in ("defaults", *OF_TYPES)),
    ]


def _address(site: Site) -> None:
    address = site.page["cabinet"].get("address")
    if not isinstance(address, str | None):
        raise WrongSetting(
            f"{site.place('cabinet', 'address')}: expected the address of a folder, or null, found {kind(address)}."
        )


def _watched(site: Site) -> None:
    for file_type in section(site, "watch", ""):
        watch_seconds(site, file_type)


def _schedules(site: Site) -> None:
    for file_type, expression in section(site, "schedules", "").items():
        timetable(expression, site.place("schedules", file_type))


def _told(reader: Callable[[Site], Any], site: Site) -> str:
    """What is wrong, by who uses it; empty: nothing."""
    try:
        reader(site)
    except MISTAKES as error:
        return site.page.mistake(error)
    return ""


def _take_out(page: Page, told: str) -> bool:
    """Take the setting out that a mistake is about, so that the next one shows. Whether it could be found."""
    about = [path for path, place in page.places.items() if told.startswith(place) and _parent(page, path) is not None]
    for path in sorted(about, key=len, reverse=True):
        parent = _parent(page, path)
        if parent is not None and path[-1] in parent:
            if len(path) > 1:
                del parent[path[-1]]
            else:
                parent[path[-1]] = {}
            return True
    return False


def _parent(page: Page, path: tuple[str, ...]) -> dict[str, Any] | None:
    """The section that a setting is in; None: there is none."""
    here: Any = page
    for name in path[:-1]:
        here = here.get(name) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else None


def _unknown(page: Page) -> Iterator[str]:
    """Names that nobody reads, and what is no section although it should be one."""
    known = {*TOP, SITES}
    yield from (_no_such(page, (name,), known) for name in page if name not in known)
    for name in sorted({*OF_TYPES, *(path[0] for path in (*NUMBERS, *OTHERS) if len(path) > 1)}):
        inside = page.get(name)
        if not isinstance(inside, dict):
            yield f"{page.place(name)}: expected settings and their values, found {kind(inside)}."
            page[name] = {}
        if not isinstance(inside, dict) or name in OF_TYPES:
            continue
        names = {path[1] for path in (*NUMBERS, *OTHERS) if path[0] == name and len(path) > 1}
        yield from (_no_such(page, (name, key), names) for key in inside if key not in names)


def _no_such(page: Page, path: tuple[str, ...], known: set[str]) -> str:
    return f"{page.place(*path)}: there is no such setting.{meant(path[-1], known)}"


def _numbers(page: Page) -> Iterator[str]:
    """Numbers and names that are none. Others take their place."""
    every = dict(NUMBERS)
    for name, bounds in OF_TYPES.items():
        every |= {(name, str(file_type)): bounds for file_type in page.get(name) or {}}
    for path, (least, whole, null) in every.items():
        inside = page if len(path) == 1 else page.get(path[0]) or {}
        if path[-1] not in inside:
            continue
        try:
            if number(page, *path, least=least, whole=whole) is not None or null:
                continue
            yield f"{page.place(*path)}: expected a number, found null."
        except WrongSetting as mistake:
            yield str(mistake)
        inside[path[-1]] = least
    for name in NAMES:
        if not (isinstance(page.get(name), str) and page[name]):
            yield f"{page.place(name)}: expected a name, found {kind(page.get(name))}."
            page[name] = name


def _of_dags(ground: Ground) -> Iterator[str]:
    """What keeps the DAGs from being made: Params of `defaults`, inboxes of `watch`, a suite of yours."""
    for file_type, path in dag_files(ground.dags).items():
        try:
            made = dags_in(path, ground.site.dag_id(file_type))
        except Exception as error:
            yield str(error) if isinstance(error, ValueError) else f"{path}: {type(error).__name__}: {error}"
            continue
        yield from (task.reason for dag in made for task in dag.tasks if isinstance(task, SettingsBrokenOperator))
