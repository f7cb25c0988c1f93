"""What Airflow itself must know of Tool Sync: the timetables of its DAGs, its page, links of their tasks, and what is done when a run ends or Airflow starts.

The scheduler, the DAG processor, the API server and the workers load it when they start.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from toolsync import starting
from toolsync.operators import links
from toolsync.reporting import listener
from toolsync.schedule import PunctualTimetable, WatchedTimetable

log = logging.getLogger(__name__)


async def desk(scope: Any, receive: Any, send: Any) -> None:
    """The Tool Sync page. Its app is imported by the first request: only the API server is to pay for it."""
    from toolsync.desk.app import app
    from toolsync.desk.core_api import CORE

    await app({**scope, CORE: scope["app"]}, receive, send)


class ToolsyncPlugin(AirflowPlugin):
    name = "toolsync"
    timetables = [PunctualTimetable, WatchedTimetable]
    listeners = [listener, starting]
    operator_extra_links = links.LINKS
    fastapi_apps = [{"name": "Tool Sync", "app": desk, "url_prefix": "/toolsync"}]
    external_views = [
        {
            "name": "Tool Sync",
            "href": "toolsync/",
            "url_route": "toolsync",
            "destination": "nav",
            "icon": "toolsync/page/icon.svg",
            "icon_dark_mode": "toolsync/page/icon-dark.svg",
        }
    ]

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Say that Airflow finds Tool Sync twice: it uses one of them, and DAG files may be of the other version."""
        if len(places := places_of_the_package()) > 1:
            log.warning(
                "Tool Sync is installed twice, in %s. Airflow uses the first. Remove one of them.",
                " and in ".join(places),
            )


def places_of_the_package() -> list[str]:
    """Where the package is found, as Python looks for it."""
    folders = [Path(entry, "toolsync") for entry in sys.path]
    return list(dict.fromkeys(str(folder.resolve()) for folder in folders if (folder / "__init__.py").is_file()))
