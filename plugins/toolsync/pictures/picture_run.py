"""The execution of an archive of user pictures: finds the accounts, makes the avatars, writes file contents, and changes rows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.file_pool import EMPTY, FilePool
from toolsync.pictures.archive import Picture, PictureArchive
from toolsync.pictures.avatars import Avatar, NotAPicture
from toolsync.pictures.contact_sheet import data_address
from toolsync.pictures.workers import ImageWorkers, WorkerLimits
from toolsync.reading.zips import Unreadable, ZipLimits
from toolsync.reporting.pieces import piece_name, pieces
from toolsync.running.batches import BatchRun
from toolsync.running.execution import ROW_TABLE, StagedLine
from toolsync.running.sql_folder import SqlFolder
from toolsync.sites import Site

WRITTEN = "written"  # pieces of the work folder: the hashes of the contents that a batch writes,
THUMBNAILS = "thumbnails"  # and what the contact sheet shows of it
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
    """The account that an image is for.

    :param userid: None: no account was found.
    :param refusal: why the image can't become a picture of an account.
    :param keeps: whether the account keeps the picture that it has.
    :param before: the hash and MIME type of the picture (f1) that it has.
    """

    userid: int | None
    refusal: str | None
    keeps: bool
    before: tuple[str, str] | None


PART = 16_000_000  # bytes of an archive that are copied at a time


def archive_limits(site: Site) -> ZipLimits:
    """The limits of a site's settings."""
    page = site.page["pictures"]
    sizes = int(page["image_mb"] * 1e6), int(page["total_mb"] * 1e6)
    return ZipLimits(page["entries"], *sizes, page["ratio"], thing="image", others="photographs")


@contextmanager
def open_archive(
    cabinet: Cabinet, claim: Claim, meanwhile: Callable[[], Any] | None = None
) -> Iterator[PictureArchive]:
    """Open the claimed archive; if the cabinet is remote, a local copy of it.

    :param meanwhile: called now and then while the copy is made, which may take long.
    :raises FileRejected: the archive can't be used.
    """
    limits = archive_limits(cabinet.site)
    with cabinet.opened(claim).open("rb") as stream:
        if cabinet.local:
            yield PictureArchive(stream, limits)
            return
        with tempfile.TemporaryFile() as copy:
            while part := stream.read(PART):
                copy.write(part)
                if meanwhile:
                    meanwhile()
            yield PictureArchive(copy, limits)


class PictureRun(BatchRun[Picture]):
    """The execution of one archive on one open session.

    File contents are written before the transaction of their batch, and before that their hashes are saved in the work folder. So even after a crash,
    `contents` knows which of them may have no row.

    :param pool: the contents of the site's files.
    :param workers: decode the images.
    :param folder: the SQL that writes rows.
    :param match: the SQL that finds the account of each image.
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
        self._shown: dict[int | None, str] = {}  # the pictures that this run made so far, by user id

    def items(self, failed: set[int]) -> Iterator[Picture]:
        pictures = [picture for picture in self.archive.pictures if picture.line not in failed]
        self.people = self._people(pictures)
        yield from pictures

    def batch_size(self) -> int:
        return self.state.site.page["pictures"]["batch_images"]

    def stage(self, number: int, items: list[Picture]) -> list[StagedLine]:
        with ThreadPoolExecutor(worker_count(self.state.site) + 2) as threads:
            drawn = []
            for avatar in threads.map(self._drawn, items):
                drawn.append(avatar)
                self.session.value(
                    "SELECT 1"
                )  # the server ends a session that is silent for long, and with it the lock of the site
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
        """The contents of replaced pictures, and those that a batch wrote which was rolled back."""
        written = (content for piece in pieces(self.cabinet, self.claim, WRITTEN) for content in piece["contents"])
        return super().contents().union(written)

    def _people(self, pictures: list[Picture]) -> dict[int, Person]:
        """The account of each image, by its number."""
        tables = self.state.tables
        tables.create_staging(ROW_TABLE, f"{MATCH_COLUMNS}, {self.match.columns}")
        tables.load(ROW_TABLE, ("line", "name"), ((picture.line, picture.name) for picture in pictures))
        self.match.run(self.match.work)
        rows = self.session.rows("SELECT line, userid, message, picture, f1_hash, f1_mimetype FROM toolsync_row")
        self.match.clean_up()
        self.state.rollback()  # nothing was written, and making avatars can take too long for an open transaction
        keep = not self.claim.options["overwrite"]
        return {
            line: Person(userid, refusal, keep and bool(picture), (f1_hash, mimetype) if f1_hash else None)
            for line, userid, refusal, picture, f1_hash, mimetype in rows
        }

    def _drawn(self, picture: Picture) -> Avatar | str | None:
        """The avatar of an image; or the reason why there is none; or None when none is needed."""
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
        """Write the file contents of a batch, after their hashes."""
        name = piece_name(WRITTEN, number)
        before = self.cabinet.saved(self.claim, name) or {"contents": []}
        self.cabinet.save(self.claim, name, {"contents": sorted({*before["contents"], *contents})})
        self.pool.write({EMPTY: b"", **contents})

    def _before(self, picture: Picture) -> str | None:
        """The picture (f1) that the account has, as a `data:` address; None if it has none, or if the contact sheet won't show it."""
        person = self.people[picture.line]
        if person.before is None or not self._on_sheet(picture):
            return None
        content_hash, mimetype = person.before
        content = self.pool.read(content_hash)
        return data_address(content, mimetype) if content else None

    def _keep_thumbnails(
        self, number: int, pictures: Iterable[tuple[Picture, str | None, Avatar | str | None]]
    ) -> None:
        """Save what the contact sheet shows: f1 before and after. After the run the old one will be in the trash."""
        thumbnails = {}
        for picture, before, avatar in pictures:
            if isinstance(avatar, Avatar) and self._on_sheet(picture):
                userid, after = self.people[picture.line].userid, data_address(avatar.files[0], avatar.mimetype)
                thumbnails[picture.line] = (self._shown.get(userid, before), after)
                self._shown[userid] = after
        self.cabinet.save(self.claim, piece_name(THUMBNAILS, number), thumbnails)

    def _on_sheet(self, picture: Picture) -> bool:
        """Whether the contact sheet shows an image: the first ones of an archive only."""
        return picture.line <= self.state.site.page["pictures"]["contact_sheet"]


def worker_count(site: Site) -> int:
    """The number of processes that decode images: as the settings say, else one for each core."""
    return site.page["pictures"]["workers"] or len(os.sched_getaffinity(0))


def worker_limits(site: Site) -> WorkerLimits:
    """The limits for one image, from the settings."""
    page = site.page["pictures"]
    return WorkerLimits(int(page["megapixels"] * 1e6), int(page["worker_mb"] * 1e6), page["seconds"])
