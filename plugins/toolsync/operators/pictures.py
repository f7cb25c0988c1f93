"""The tasks of an archive of user pictures, where they differ from those of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.functions import sql_folder
from toolsync.moodle.file_pool import pool_of_site
from toolsync.moodle.hook import MoodleHook
from toolsync.operators.archive import ArchiveOperator
from toolsync.operators.collect import CollectOperator
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.steps import Steps
from toolsync.operators.tryback import TrybackOperator
from toolsync.operators.validate import ValidateOperator
from toolsync.pictures.contact_sheet import SheetEntry, contact_sheet
from toolsync.pictures.picture_run import THUMBNAILS, PictureRun, open_archive, worker_count, worker_limits
from toolsync.pictures.workers import ImageWorkers
from toolsync.reading.problems import Problem
from toolsync.reporting.pieces import BATCH, CHECKED, piece_name, pieces
from toolsync.reporting.report import Report
from toolsync.reporting.report_text import totals
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState

UNIT = PictureRun.unit


class CollectPicturesOperator(CollectOperator):
    """Claims archives, after checking that the site's data folder can be reached."""

    def check(self, params: Mapping[str, Any]) -> None:
        conn_id = self.site.moodle_conn_id
        pool_of_site(MoodleHook.get_connection(conn_id).extra_dejson, conn_id)


class ValidatePicturesOperator(ValidateOperator):
    """Checks the directory of the archive; images are decoded later, in `execute`."""

    has_suite = False

    def check_file(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        with open_archive(cabinet, claim) as archive:
            problems = [
                Problem(picture.line, None, picture.path, picture.refusal)
                for picture in archive.pictures
                if picture.refusal
            ]
            cabinet.save(claim, piece_name(CHECKED, 0), {"problems": problems, "notes": []})
            skipped = f", skipped {archive.skipped} files of operating systems" if archive.skipped else ""
            return {
                "unit": UNIT,
                "lines": len(archive.pictures),
                "failed": len(problems),
                "summary": f"{len(archive.pictures)} {UNIT}s{skipped}",
                "notes": [],
            }


class ExecutePicturesOperator(ExecuteOperator):
    """Sets the images that passed as the pictures of the accounts they are named after, batch by batch."""

    def run_batches(self, cabinet: Cabinet, claim: Claim, state: RunState) -> None:
        pool = pool_of_site(state.session.extra, self.site.moodle_conn_id)
        occasion = Occasion(options=claim.options, rehearsal=claim.simulate)
        folder = sql_folder(self.file_type, state, occasion)
        match = sql_folder(f"{self.file_type}/match", state, occasion)
        with (
            open_archive(cabinet, claim, lambda: state.session.value("SELECT 1")) as archive,
            ImageWorkers(worker_count(self.site), worker_limits(self.site)) as workers,
        ):
            self.complete(PictureRun(cabinet, claim, archive, pool, workers, folder, match, self.log))


class TrybackPicturesOperator(TrybackOperator):
    """Writes an archive of the images that failed, under their names, without those that can't be unpacked safely."""

    def give_back(self, cabinet: Cabinet, claim: Claim, lines: set[int]) -> None:
        with open_archive(cabinet, claim) as archive:
            wanted, left = archive.returnable(lines)
            if wanted:
                with cabinet.writing("tryback", claim.named("tryback")) as (stream, path):
                    archive.copy(wanted, stream)
                self.written(cabinet, claim, path, f"{len(wanted)} {UNIT}s")
            else:
                self.written(
                    cabinet, claim, None, "none of the failed images can be unpacked safely, so there is no tryback"
                )
            self.log_list("Not in the tryback, only in the archived file", [picture.path for picture in left])


class ArchivePicturesOperator(ArchiveOperator):
    """Adds a contact sheet to the report."""

    def attach(self, cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
        with cabinet.writing("report", claim.report_name("_contact_sheet.html")) as (stream, path):
            title = f"{'Simulation: ' if claim.simulate else ''}{claim.name}"
            for part in contact_sheet(title, totals(report.counts, UNIT), _sheet_entries(cabinet, claim)):
                stream.write(part.encode())
        return {"contact sheet": str(path)}


def _sheet_entries(cabinet: Cabinet, claim: Claim) -> Iterator[SheetEntry]:
    for batch, thumbnails in zip(pieces(cabinet, claim, BATCH), pieces(cabinet, claim, THUMBNAILS), strict=True):
        for line, status, path in batch["lines"]:
            if thumbnail := thumbnails.get(str(line)):
                yield SheetEntry(path, status, *thumbnail)


PICTURES = Steps(
    collect=CollectPicturesOperator,
    validate=ValidatePicturesOperator,
    execute=ExecutePicturesOperator,
    tryback=TrybackPicturesOperator,
    archive=ArchivePicturesOperator,
    has_suite=False,
    file_params={"files", "upload", "simulate", "fail_over", "undo", "moodle_log"},
)
