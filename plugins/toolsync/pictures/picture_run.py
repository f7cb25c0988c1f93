"""The execution of an archive of user pictures: people found, avatars drawn, contents written, rows changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.file_pool import EMPTY, FilePool
from toolsync.pictures.archive import ArchiveLimits, Picture, PictureArchive, Unreadable
from toolsync.pictures.avatars import Avatar, NotAPicture
from toolsync.pictures.contact_sheet import data_address
from toolsync.pictures.workers import ImageWorkers, WorkerLimits
from toolsync.reporting.pieces import piece_name, pieces
from toolsync.running.batches import BatchRun
from toolsync.running.execution import ROW_TABLE, StagedLine
from toolsync.running.sql_folder import SqlFolder
from toolsync.settings import settings

WRITTEN, THUMBNAILS = "written", "thumbnails"
COLUMNS = [
    ("userid", "integer"),
    ("refusal", "text"),
    ("extension", "text"),
    ("mimetype", "text"),
    ("f1_hash", "text"),
    ("f1_size", "integer"),
    ("f2_hash", "text"),
    ("f2_size", "integer"),
    ("f3_hash", "text"),
    ("f3_size", "integer"),
]
MATCH_COLUMNS = "line INT UNSIGNED NOT NULL PRIMARY KEY, name LONGTEXT NOT NULL, status VARCHAR(10) NULL, field VARCHAR(255) NULL, message TEXT NULL"


@dataclass(frozen=True)
class Person:
    """Whose picture an image is to be.

    :param refusal: why it can be nobody's.
    :param keeps: whether the picture that is there stays.
    :param before: the hash of the picture that is there, and its MIME type.
    """

    userid: int | None
    refusal: str | None
    keeps: bool
    before: tuple[str, str] | None


@contextmanager
def opened_archive(cabinet: Cabinet, claim: Claim) -> Iterator[PictureArchive]:
    """The claimed archive, from a copy on this machine when the cabinet is elsewhere.

    :raises FileRejected: it can't be used.
    """
    page = settings()["pictures"]
    limits = ArchiveLimits(page["entries"], int(page["image_mb"] * 1e6), int(page["total_mb"] * 1e6), page["ratio"])
    with cabinet.input(claim).open("rb") as stream:
        if cabinet.local:
            yield PictureArchive(stream, limits)
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stream, copy)
            yield PictureArchive(copy, limits)


class PictureRun(BatchRun[Picture]):
    """The execution of one archive on one open session.

    Contents are written before the transaction of their batch, and their hashes kept in the work folder before that: whatever dies, `finish` knows
    which contents may have been left without a row.

    :param workers: where images are decoded.
    :param folder: the SQL that writes rows.
    :param match: the SQL that finds out whose each image is.
    """

    unit = "image"

    def __init__(
        self,
        cabinet: Cabinet,
        claim: Claim,
        archive: PictureArchive,
        pool: FilePool,
        workers: ImageWorkers,
        folder: SqlFolder,
        match: SqlFolder,
        log: Any,
    ) -> None:
        super().__init__(cabinet, claim, folder, COLUMNS, log)
        self.match = match
        self.archive = archive
        self.pool = pool
        self.workers = workers
        self.people: dict[int, Person] = {}
        self._shown: dict[int | None, str] = {}  # what this run gave a person

    def items(self, failed: set[int]) -> Iterator[Picture]:
        pictures = [picture for picture in self.archive.pictures if picture.line not in failed]
        self.people = self._people(pictures)
        yield from pictures

    def batch_size(self) -> int:
        return settings()["pictures"]["batch_images"]

    def stage(self, number: int, items: list[Picture]) -> list[StagedLine]:
        with ThreadPoolExecutor(worker_count() + 2) as threads:
            drawn = list(threads.map(self._drawn, items))
            before = list(threads.map(self._before, items))
        if not self.claim.simulate:
            contents: dict[str, bytes] = {}
            for avatar in drawn:
                if isinstance(avatar, Avatar):
                    contents |= avatar.by_hash
            self._write(number, contents)
        self._keep_thumbnails(number, zip(items, before, drawn, strict=True))
        return [
            StagedLine(picture.line, self._values(picture, avatar), [])
            for picture, avatar in zip(items, drawn, strict=True)
        ]

    def as_written(self, item: Picture, field: str | None) -> tuple[str | None, str | None]:
        return None, item.path

    def label(self, item: Picture) -> tuple[str, ...]:
        return (item.path,)

    def contents(self) -> set[str]:
        """Those of pictures that were replaced, and what a batch that was rolled back wrote."""
        written = (content for piece in pieces(self.cabinet, self.claim, WRITTEN) for content in piece["contents"])
        return super().contents().union(written)

    def _people(self, pictures: list[Picture]) -> dict[int, Person]:
        """Who is meant by each image, in one go for the archive."""
        tables = self.state.tables
        tables.create_staging(ROW_TABLE, f"{MATCH_COLUMNS}, {self.match.columns}")
        tables.load(ROW_TABLE, ("line", "name"), ((picture.line, picture.name) for picture in pictures))
        self.match.run(self.match.work)
        rows = self.session.rows("SELECT line, userid, message, picture, f1_hash, f1_mimetype FROM toolsync_row")
        self.match.clean_up()
        self.state.rollback()  # nothing was written; drawing may take long, and a transaction holds up others
        keep = not self.claim.options["overwrite"]
        return {
            line: Person(userid, refusal, keep and bool(picture), (f1_hash, mimetype) if f1_hash else None)
            for line, userid, refusal, picture, f1_hash, mimetype in rows
        }

    def _drawn(self, picture: Picture) -> Avatar | str | None:
        """The avatar of an image; or why there is none; or None when none is needed."""
        person = self.people[picture.line]
        if person.refusal or person.keeps:
            return person.refusal
        try:
            return self.workers.draw(self.archive.read(picture))
        except (Unreadable, NotAPicture) as problem:
            return str(problem)

    def _values(self, picture: Picture, avatar: Avatar | str | None) -> list[Any]:
        userid = self.people[picture.line].userid
        if not isinstance(avatar, Avatar):
            return [userid, avatar, *[None] * (len(COLUMNS) - 2)]
        files = [value for content_hash, content in avatar.by_hash.items() for value in (content_hash, len(content))]
        return [userid, None, avatar.extension, avatar.mimetype, *files]

    def _write(self, number: int, contents: dict[str, bytes]) -> None:
        name = piece_name(WRITTEN, number)
        before = self.cabinet.saved(self.claim, name) or {"contents": []}
        self.cabinet.save(self.claim, name, {"contents": sorted({*before["contents"], *contents})})
        self.pool.write({EMPTY: b"", **contents})

    def _before(self, picture: Picture) -> str | None:
        """The f1 that the person has, as a data address, when it will be on the contact sheet."""
        person = self.people[picture.line]
        if person.before is None or not _on_sheet(picture):
            return None
        content_hash, mimetype = person.before
        content = self.pool.read(content_hash)
        return data_address(content, mimetype) if content else None

    def _keep_thumbnails(
        self, number: int, pictures: Iterable[tuple[Picture, str | None, Avatar | str | None]]
    ) -> None:
        """Keep the f1 before and after for the contact sheet: afterwards the old one is in the trash."""
        thumbnails = {}
        for picture, before, avatar in pictures:
            if isinstance(avatar, Avatar) and _on_sheet(picture):
                userid, after = self.people[picture.line].userid, data_address(avatar.files[0], avatar.mimetype)
                thumbnails[picture.line] = (self._shown.get(userid, before), after)
                self._shown[userid] = after
        self.cabinet.save(self.claim, piece_name(THUMBNAILS, number), thumbnails)


def _on_sheet(picture: Picture) -> bool:
    return picture.line <= settings()["pictures"]["contact_sheet"]


def worker_count() -> int:
    """Processes that decode images: as the settings page says, else one a core."""
    return settings()["pictures"]["workers"] or len(os.sched_getaffinity(0))


def worker_limits() -> WorkerLimits:
    """What decoding one image may take, as the settings page says."""
    page = settings()["pictures"]
    return WorkerLimits(int(page["megapixels"] * 1e6), int(page["worker_mb"] * 1e6), page["seconds"])
