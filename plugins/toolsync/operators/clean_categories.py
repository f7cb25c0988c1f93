"""The tasks of cleaning categories: there is no inbox, the command file is the list of empty categories that `collect` finds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.functions import sql_folder
from toolsync.moodle.php import why_unusable
from toolsync.operators.collect import CollectOperator
from toolsync.operators.steps import Steps
from toolsync.operators.tryback import TrybackOperator
from toolsync.reporting.plan import counted
from toolsync.reporting.tables import defused
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState, open_run

FILE_NAME = "categories.csv"
# How that file is read, whatever defaults are set for files that people write.
READING = {"delimiter": ",", "encoding": "utf-8", "timezone": "", "ignore_unknown_columns": False}


class FindEmptyCategoriesOperator(CollectOperator):
    """Finds the empty categories and claims the list of them, which then goes through the same tasks as any command file.

    The run is skipped when no category is empty. It fails when the site's caches can't be purged, unless Param `accept_stale_caches` is set.
    """

    def take(self, cabinet: Cabinet, owner: Owner, params: Mapping[str, Any], others: list[Claim]) -> list[Claim]:
        if others:
            return []
        with open_run(self.site) as state:
            empty, kept = find(state, params)
        self.log_list("Kept, although they hold no courses", [f"{name}: {what}" for name, what in kept])
        self.log_list("Empty", [name for _, name in empty])
        if not empty:
            raise AirflowSkipException(f"No category {scope(params)} is empty.")
        claim = cabinet.claim_content(owner, {**params, **READING, "content": command_file(empty)}, FILE_NAME)
        self.say(
            f"{counted(len(empty), ('empty category', 'empty categories'))} {scope(params)}, claimed as {claim.id}."
        )
        return [claim]

    def check(self, params: Mapping[str, Any]) -> None:
        """Check that the site's caches can be purged. A simulation does not need it.

        :raises AirflowFailException: they can't.
        """
        if params["accept_stale_caches"] or params["simulate"]:
            return
        if why := why_unusable(self.site.moodle_cli_conn_id):
            raise AirflowFailException(
                f"{why} This connection is needed to purge the site's caches: until then, a deleted category makes the course index an "
                "error page for everyone. Nothing was changed. Set the connection up (docs/settings.md), or set Param accept_stale_caches "
                "and purge the caches by hand right after the run."
            )


class NoTrybackOperator(TrybackOperator):
    """Returns no lines: the next run finds the empty categories again."""

    def give_back(self, cabinet: Cabinet, claim: Claim, lines: set[int]) -> None:
        self.written(cabinet, claim, None, f"{len(lines)} categories were kept; the next run checks them again")


CATEGORIES = Steps(
    collect=FindEmptyCategoriesOperator, tryback=NoTrybackOperator, file_params={"simulate", "undo", "moodle_log"}
)


def scope(params: Mapping[str, Any]) -> str:
    """Where the run looks for empty categories, for messages."""
    root = params["root_category_id_number"]
    return f"in the category with the idnumber {root!r}" if root else "on the site"


def find(state: RunState, params: Mapping[str, Any]) -> tuple[list[tuple[int, str]], list[tuple[str, str]]]:
    """Find the empty categories.

    :return: (id, path of names) of the empty ones, subcategories before the categories that hold them; and (path of names, contents) of those
        that hold no courses, but something else.
    :raises AirflowFailException: no category has the idnumber of Param `root_category_id_number`, or several have it.
    """
    session, root = state.session, params["root_category_id_number"] or ""
    hits, alike = 1, ""
    if root:
        rows = session.rows("SELECT idnumber FROM {course_categories} WHERE idnumber = %s ORDER BY id", (root,))
        found = [idnumber for (idnumber,) in rows]
        meant = [idnumber for idnumber in found if idnumber == root]
        meant = meant or [idnumber for idnumber in found if idnumber.lower() == root.lower()]
        hits = len(meant)
        root = meant[0] if hits == 1 else root
        alike = f", only {found[0]!r}, which looks like it" if found and not meant else ""
    if hits != 1:
        raise AirflowFailException(
            f"Param root_category_id_number: {hits or 'no'} categories have the idnumber {root!r}{alike}, expected exactly one. Nothing was changed."
        )
    session.execute("SET @root = %s", (root,))
    folder = sql_folder("categories_clean/find", state, Occasion(options=params))
    folder.run(folder.work)
    empty = session.rows("SELECT id, name FROM toolsync_empty ORDER BY depth DESC, sortorder")
    kept = session.rows(
        "SELECT t.name, GROUP_CONCAT(c.what ORDER BY c.place SEPARATOR ', ') FROM toolsync_content c "
        "JOIN toolsync_candidate t ON t.categoryid = c.categoryid GROUP BY c.categoryid, t.name HAVING MIN(c.place) > 1 ORDER BY t.name"
    )
    folder.clean_up()
    return [(id, name) for id, name in empty], [(name, what) for name, what in kept]


def command_file(categories: Iterable[tuple[int, str]]) -> str:
    """The text of a command file that lists categories.

    :param categories: (id, path of names).
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", "path"))
    writer.writerows((id, defused(path)) for id, path in categories)
    return text.getvalue()
