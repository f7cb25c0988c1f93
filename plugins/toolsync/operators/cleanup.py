"""The tasks that clean the cabinet: old archived files, reports and Data Docs go, and undo bundles that have expired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from toolsync.cabinet.claims import new_id
from toolsync.cabinet.retention import Limits, due, survey
from toolsync.cabinet.storage import files_at, folder_at
from toolsync.course.undo_bundles import FOLDER, INDEX_SUFFIX, SUFFIX
from toolsync.course.undo_expiry import cabinets, expire, expired, expired_runs
from toolsync.operators.archive import as_text
from toolsync.operators.base import ToolSyncOperator
from toolsync.operators.execute import WAIT_FOR_OTHERS
from toolsync.params import check_params
from toolsync.reading.texts import printable
from toolsync.reporting.tables import write_table
from toolsync.running.state import open_run
from toolsync.schedule import skip_late_run, what_comes_next
from toolsync.sites import Site

TYPE = "cabinet_cleanup"  # whose folder holds the reports
SHOWN = 200  # files in the log; the table has them all


class Going(NamedTuple):
    """A file that goes.

    :param path: of the file.
    :param size: in bytes.
    :param at: from when it is, in words.
    """

    path: Any
    size: int
    at: str
    why: str


class CleanupOperator(ToolSyncOperator):
    """Removes what is due, or, with Param `simulate`, tells it. Its list is written before anything goes.

    :return: `files` and `bytes` that went or would go, and the path of the `list`, None when nothing does.
    """

    what = ""  # in the name of the list

    def perform(self, context: Any) -> dict[str, Any]:
        skip_late_run(context)
        check_params(context)
        simulate = context["params"]["simulate"]
        going = list(self.due())
        size = sum(file.size for file in going)
        path = write_list(self.site, going, self.what, simulate=simulate) if going else None
        for file in going[:SHOWN]:
            self.log.info("%s", printable(f"{file.path} ({file.size} bytes, {file.at}): {file.why}"))
        if len(going) > SHOWN:
            self.log.info("… and %s more.", len(going) - SHOWN)
        if going and not simulate:
            self.remove(going)
        told = f"{len(going)} files, {size / 10**6:.1f} MB"
        if simulate:
            self.log.warning("SIMULATION: %s would go, nothing went. %s", told, what_comes_next(context) or "")
        else:
            self.log.info("%s went.", told)
        if path:
            self.log.info("The list: %s", path)
        return {"files": len(going), "bytes": size, "list": path}

    def due(self) -> Iterator[Going]:
        """What is due."""
        raise NotImplementedError

    def remove(self, going: list[Going]) -> None:
        """Remove it."""
        raise NotImplementedError


class CleanFilesOperator(CleanupOperator):
    """Cleans archives, reports and Data Docs of all types."""

    what = "files"

    def due(self) -> Iterator[Going]:
        limits, root = Limits.of(self.site.page), folder_at(self.site.cabinet_url)
        if limits.unset:
            self.log.info("%s: no limit is set, so all files are kept.", self.site.place("retention"))
            return
        going, over = due(*survey(root, self.site), limits, datetime.now(UTC))
        for file, why in going:
            yield Going(root / file.type / file.folder / file.name, file.size, written(file.at), why)
        if over:
            self.log.warning(
                "Still %.1f MB over retention.total_gb: what is left is at work, younger than a day, or has a tryback that waits.",
                over / 10**6,
            )

    def remove(self, going: list[Going]) -> None:
        files = files_at(folder_at(self.site.cabinet_url), self.site)
        for file in going:
            files.remove(file.path)


class CleanBundlesOperator(CleanupOperator):
    """Removes undo bundles that have expired, and the file contents in the site's data folder that only they refer to."""

    what = "bundles"

    @property
    def days(self) -> float | None:
        """How long bundles are kept."""
        return self.site.page["protection"]["undo_days"]

    def due(self) -> Iterator[Going]:
        why = "older than protection.undo_days"
        for cabinet in cabinets(self.site):
            sizes = cabinet.files.details(cabinet.folder(FOLDER))
            for name, index in expired(cabinet, self.days):
                for suffix in (INDEX_SUFFIX, SUFFIX):
                    size, _ = sizes.get(name + suffix, (0, None))
                    yield Going(cabinet.folder(FOLDER) / (name + suffix), size, index["made"], why)
            for bundle, made in expired_runs(cabinet, self.days):
                for name, size in sorted(bundle.files().items()):
                    yield Going(bundle.folder / name, size, made, why)

    def remove(self, going: list[Going]) -> None:
        # Others may expire while it waits for a run: they are not on the list.
        names = {file.path.name.removesuffix(INDEX_SUFFIX) for file in going} | {
            file.path.parent.name for file in going
        }
        with open_run(self.site, lock_seconds=WAIT_FOR_OTHERS) as state:
            for cabinet in cabinets(self.site):
                expire(cabinet, state, self.days, only=names)


def write_list(site: Site, going: list[Going], what: str, *, simulate: bool) -> str:
    """Write the table of what goes.

    :param site: whose cabinet it is.
    :param what: a word for its name.
    :return: its path.
    """
    folder = folder_at(site.cabinet_url) / TYPE / "report"
    files = files_at(folder, site)
    files.make_folder(folder)
    path = folder / f"{TYPE}_{new_id()}_{'simulation_' if simulate else ''}report_{what}.csv"
    with files.writing(path) as stream, as_text(stream) as text:
        write_table(
            text, ({"file": str(file.path), "bytes": file.size, "from": file.at, "why": file.why} for file in going)
        )
    return str(path)


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
