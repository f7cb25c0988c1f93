"""The tasks that are special to cleaning categories: the command file is not a person's, it lists the empty categories that were found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.functions import sql_folder
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.php import command_of, find_connection
from toolsync.moodle.session import MoodleSession
from toolsync.operators.collect import CollectOperator
from toolsync.operators.steps import Steps
from toolsync.operators.tryback import TrybackOperator
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState
from toolsync.settings import settings

FILE_NAME = "categories.csv"
# How that file is read, whatever somebody sets as default for those of people.
READING = {"delimiter": ",", "encoding": "utf-8", "timezone": "", "ignore_unknown_columns": False}


class FindEmptyCategoriesOperator(CollectOperator):
    """Finds the empty categories and claims the list of them, so that whatever happens to a command file happens to it.

    A run that finds none is skipped. Where the site's caches can't be purged nothing is done at all, unless Param `accept_stale_caches`.
    """

    def take(self, cabinet: Cabinet, owner: Owner, params: Mapping[str, Any], waiting: int) -> list[Claim]:
        if waiting:
            return []
        with MoodleHook(settings()["moodle_conn_id"]).session() as session:
            empty, kept = find(session, params)
        self.log_list("Without courses and kept all the same", [f"{name}: {what}" for name, what in kept])
        self.log_list("Empty", [name for _, name in empty])
        if not empty:
            raise AirflowSkipException(f"No category is empty {where(params)}.")
        claim = cabinet.claim_content(owner, {**params, **READING, "content": listed(empty)}, FILE_NAME)
        self.log.info("%s empty categories %s: claimed as %s.", len(empty), where(params), claim.id)
        return [claim]

    def check(self, params: Mapping[str, Any]) -> None:
        """Look whether the site's caches can be purged. A simulation leaves none stale.

        :raises AirflowFailException: they can't.
        """
        if params["accept_stale_caches"] or params["simulate"]:
            return
        conn_id = settings()["moodle_cli_conn_id"]
        connection = find_connection(conn_id)
        try:
            if connection is None:
                raise AirflowException(f"There is no connection {conn_id}.")
            command_of(connection)
        except AirflowException as error:
            raise AirflowFailException(
                f"{error} Until the site's caches are purged, a deleted category makes the course index an error page for everybody, "
                "so nothing was done. Param accept_stale_caches does it all the same."
            ) from None

    def log_list(self, title: str, lines: list[str]) -> None:
        if lines:
            self.log.info("::group::%s (%s)", title, len(lines))
            for line in lines:
                self.log.info(line)
            self.log.info("::endgroup::")


class NoTrybackOperator(TrybackOperator):
    """Gives nothing back: the next run looks for itself what is empty."""

    def give_back(self, cabinet: Cabinet, claim: Claim, lines: set[int]) -> None:
        self.written(cabinet, claim, None, f"{len(lines)} categories stay; the next run looks at them again")


CATEGORIES = Steps(collect=FindEmptyCategoriesOperator, tryback=NoTrybackOperator, file_params={"simulate"})


def where(params: Mapping[str, Any]) -> str:
    root = params["root_category_id_number"]
    return f"below the category {root!r}" if root else "on the site"


def find(session: MoodleSession, params: Mapping[str, Any]) -> tuple[list[tuple[int, str]], list[tuple[str, str]]]:
    """Look for empty categories.

    :return: (id, path of names) of the empty ones, those that are in others first; (path of names, what it holds) of those that hold no course
        and are not empty.
    :raises AirflowFailException: no category has the idnumber of Param `root_category_id_number`, or several have it.
    """
    root = params["root_category_id_number"] or ""
    hits = session.value("SELECT COUNT(*) FROM {course_categories} WHERE idnumber = %s", (root,)) if root else 1
    if hits != 1:
        raise AirflowFailException(f"{hits or 'No'} categories have the idnumber {root!r}: nothing was done.")
    session.execute("SET @root = %s", (root,))
    folder = sql_folder("categories_clean/find", RunState(session), Occasion(options=params), staged=())
    folder.run(folder.work)
    empty = session.rows("SELECT id, name FROM toolsync_empty ORDER BY depth DESC, sortorder")
    kept = session.rows(
        "SELECT t.name, GROUP_CONCAT(c.what ORDER BY c.place SEPARATOR ', ') FROM toolsync_content c "
        "JOIN toolsync_candidate t ON t.categoryid = c.categoryid GROUP BY c.categoryid, t.name HAVING MIN(c.place) > 1 ORDER BY t.name"
    )
    folder.clean_up()
    return [(id, name) for id, name in empty], [(name, what) for name, what in kept]


def listed(categories: Iterable[tuple[int, str]]) -> str:
    """The command file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", "path"))
    writer.writerows(categories)
    return text.getvalue()
