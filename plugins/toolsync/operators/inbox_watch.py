"""The watch of an inbox: a file that is dropped starts a run of the type's DAG.

A trigger in Airflow's triggerer looks at the inbox now and then, and sends one event for all that is there: of events that come together, Airflow loses some.
The run claims all these files itself. An event may come twice, after a restart, or for nothing: then the run finds nothing to do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.sdk import Asset, AssetWatcher, Param
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.inboxes import inbox_is_there
from toolsync.cabinet.seen import unseen
from toolsync.params import found, section
from toolsync.reporting.metrics import tell_inbox
from toolsync.sites import Site, the_site

LEAST_SECONDS = 5
# An event for files that are still there is sent again after so many seconds, then after twice as many, and so on: a run may have failed, or been full.
AGAIN_SECONDS, MOST_SECONDS = 300, 6 * 3600


class InboxTrigger(BaseEventTrigger):
    """Looks at an inbox, and says when files wait there that no run has looked at.

    :param file_type: the type, `users`.
    :param seconds: between two looks.
    :param site: the name of the site; None: the only one.
    """

    def __init__(self, file_type: str, seconds: float, site: str | None = None) -> None:
        super().__init__()
        self.file_type = file_type
        self.seconds = seconds
        self.site = site

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.{type(self).__name__}", {
            "file_type": self.file_type,
            "seconds": self.seconds,
            "site": self.site,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        news, said = News(), None
        while True:
            try:
                waiting, trouble = await asyncio.to_thread(self.look), None
            except Exception as error:  # a trigger that ends is not started again
                waiting, trouble = set(), f"{type(error).__name__}: {error}"
            if trouble and trouble != said:
                self.log.warning(
                    "The inbox of %s can't be looked at; the watch tries again. %s", self.file_type, trouble
                )
            said = trouble
            if not trouble and news.of(waiting, time.monotonic()):
                yield TriggerEvent({"waiting": len(waiting)})
            await asyncio.sleep(self.seconds)

    def look(self) -> set[str]:
        """The marks of the files that wait."""
        site = the_site(self.site)
        if not inbox_is_there(site, self.file_type):
            return set()
        cabinet = Cabinet(self.file_type, site)
        tell_inbox(cabinet)
        return set(unseen(cabinet, site.page["settle_seconds"]).values())


class News:
    """What the watch has said of an inbox. It is forgotten when the triggerer restarts, and then said once more."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._again, self._pause = 0.0, AGAIN_SECONDS

    def of(self, waiting: set[str], now: float) -> bool:
        """Whether an event is to be sent.

        :param waiting: the marks of the files that wait.
        :param now: in seconds.
        """
        new = not waiting <= self._said
        self._said &= waiting
        if not waiting or not (new or now >= self._again):
            return False
        self._pause = AGAIN_SECONDS if new else min(2 * self._pause, MOST_SECONDS)
        self._said, self._again = set(waiting), now + self._pause
        return True


def watched_inbox(site: Site, file_type: str, params: Mapping[str, Param]) -> Asset | None:
    """The asset that stands for a watched inbox; None when it is not watched.

    :param params: those of the DAG: one without Param `files` has no inbox.
    :raises ValueError: the entry of `watch` in the settings is none.
    """
    seconds = watch_seconds(site, file_type)
    if seconds is None:
        return None
    if "files" not in params:
        raise ValueError(
            f"{site.place('watch', file_type)}: this type takes no files, so there is no inbox to watch. Remove the entry."
        )
    watcher = AssetWatcher(name="inbox", trigger=InboxTrigger(file_type, seconds, site.name))
    uri = f"x-moodle://inbox/{file_type}" if site.name is None else site.uri(f"inbox/{file_type}")
    return Asset(name=site.asset(f"toolsync_{file_type}_inbox"), uri=uri, watchers=[watcher])


def watch_seconds(site: Site, file_type: str) -> float | None:
    """The seconds between two looks at the inbox of a type; None: it is not watched.

    :raises ValueError: the settings say something else.
    """
    seconds = section(site, "watch", file_type).get(file_type)
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= LEAST_SECONDS:
        raise ValueError(
            f"{site.place('watch', file_type)}: expected the seconds between two looks at the inbox, at least {LEAST_SECONDS}, or null, found {found(seconds)}."
        )
    return seconds
