"""The table of what is checked, and how: one check never stops the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from airflow.sdk.exceptions import AirflowException

from toolsync.checking import airflow_itself, cabinet, database, feeds, moodle_site, settings_page, site_files
from toolsync.checking.findings import Finding, in_two, said, unseen, wrong
from toolsync.checking.ground import Ground, NotReached
from toolsync.moodle.errors import explained, is_lost

log = logging.getLogger(__name__)

Check = Callable[[Ground], Iterable[Finding]]
CHECKS: list[tuple[str, list[tuple[str, Check]]]] = [
    ("Settings", [("settings", settings_page.check_settings)]),
    (
        "Database",
        [
            ("connection", database.check_connection),
            ("server", database.check_reach),
            ("kind of server", database.check_server),
            ("server's settings", database.check_variables),
            ("way to the server", database.check_way),
            ("account's other rights", moodle_site.check_excess),
            ("replicas", database.check_replicas),
        ],
    ),
    (
        "Moodle",
        [
            ("site", moodle_site.check_site),
            ("state of the site", moodle_site.check_state),
            ("tables", moodle_site.check_tables),
            ("course graph", moodle_site.check_course_graph),
            ("account's rights", moodle_site.check_rights),
            ("data folder", site_files.check_dataroot),
            ("PHP", site_files.check_php),
        ],
    ),
    (
        "Cabinet",
        [
            ("cabinet", cabinet.check_cabinet),
            ("place of the cabinet", cabinet.check_durable),
            ("locks of the cabinet", cabinet.check_locks),
            ("room and readers of the cabinet", cabinet.check_room),
        ],
    ),
    ("Feeds", [("feeds", feeds.check_feeds), ("mappings of packages", feeds.check_mappings)]),
    (
        "Airflow",
        [
            ("version of Airflow", airflow_itself.check_airflow),
            ("scheduler", airflow_itself.check_scheduler),
            ("approvers", airflow_itself.check_approvers),
            ("notifications", airflow_itself.check_notifications),
            ("packages", airflow_itself.check_packages),
            ("worker", airflow_itself.check_worker),
        ],
    ),
]


def look_at(ground: Ground, areas: Sequence[tuple[str, Sequence[tuple[str, Check]]]] = CHECKS) -> list[Finding]:
    """Do the checks of a site.

    :param ground: what is looked at; it is closed at the end.
    :param areas: the table of checks.
    """
    with ground.stack:
        return [
            finding.of(area, ground.secrets)
            for area, checks in areas
            for what, check in checks
            for finding in _done(ground, what, check)
        ]


def _done(ground: Ground, what: str, check: Check) -> Iterator[Finding]:
    """What a check finds; what stands in its way is a finding, too."""
    found = []
    try:
        with explained():
            for finding in check(ground):
                found.append(finding)
    except NotReached as reason:
        found.append(unseen(f"The {what}: {reason}."))
    except AirflowException as reason:
        if reason.__cause__ is not None and is_lost(reason.__cause__):  # type: ignore[arg-type]
            ground.lose()
        found.append(wrong(*in_two(str(reason))))
    except Exception as error:
        log.debug("The %s could not be looked at.", what, exc_info=True)
        found.append(
            wrong(
                f"The {what} could not be looked at: {type(error).__name__}: {said(error)}",
                "Look at that; the other checks went on.",
            )
        )
    yield from found
