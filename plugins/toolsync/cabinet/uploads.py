"""Files uploaded on the Tool Sync page. One waits until a run names it (Param `upload`): no schedule takes it, and no other run.

<cabinet>/<type>/uploads/<id>/file/<name>   the file
                              upload.json   who uploaded it, and when; the encoding of a correction
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import IO, Any

from toolsync.cabinet.bundles import READERS
from toolsync.cabinet.claims import CLAIM_ID, Claim, Owner, moment_of, new_id
from toolsync.cabinet.disk import Disk, is_plain_file
from toolsync.cabinet.folders import FILE, Cabinet
from toolsync.cabinet.names import safe_name
from toolsync.cabinet.store import Stored

UPLOADS, RECORD = "uploads", "upload.json"
ID = re.compile(CLAIM_ID)


class NoUpload(LookupError):
    """There is no upload of this number; the message says so."""


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded.

    :param id: its number: a moment in UTC and random digits.
    :param name: the file's own name, or a safe one like it.
    :param size: in bytes.
    :param by: whom Airflow names as having uploaded it; None: not known.
    :param at: when, ISO 8601.
    :param tryback: the tryback that it is the correction of; None: it is none.
    :param encoding: of the file, as Param `encoding` takes it; None: nobody has said so.
    """

    id: str
    name: str
    size: int
    by: str | None
    at: str
    tryback: str | None = None
    encoding: str | None = None


@contextmanager
def receiving(
    cabinet: Cabinet,
    name: str,
    by: str | None,
    tryback: str | None = None,
    number: str | None = None,
    encoding: str | None = None,
) -> Iterator[tuple[IO[bytes], str]]:
    """Write an upload. It is there, and durable, when the block ends without an error; otherwise nothing of it is left.

    :param name: as the caller calls it; a safe name like it is taken.
    :param by: who uploads it.
    :param tryback: the tryback that it is the correction of.
    :param number: the number that it gets, for a caller that has noted it down to find the upload again; None: a new one.
    :param encoding: of the file, where that is known.
    :return: an open binary file, and the number of the upload.
    """
    _clear_up(cabinet)
    number, safe = number or new_id(), safe_name(name)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    record = {"name": safe, "by": by, "at": at, "tryback": tryback, "encoding": encoding}
    try:
        _write_record(cabinet, number, record)
        with cabinet.writing(f"{UPLOADS}/{number}/{FILE}", safe) as (stream, _):
            yield stream, number
    except BaseException:
        remove(cabinet, number)
        raise


def uploads(cabinet: Cabinet, read: int | None = None) -> list[Upload]:
    """The uploads that wait, the newest first.

    :param read: of how many of these the record is read; the others tell what their names do. None: of all.
    """
    found = _found(cabinet)
    numbers = sorted(found, reverse=True)
    with ThreadPoolExecutor(READERS) as threads:
        records = list(threads.map(partial(_record, cabinet), numbers[:read]))
    records += [{}] * (len(numbers) - len(records))
    return [_upload(number, *found[number], record) for number, record in zip(numbers, records, strict=True)]


def _found(cabinet: Cabinet) -> dict[str, tuple[str, int]]:
    """Name and size of each upload that is complete, by its number."""
    found: dict[str, tuple[str, int]] = {}
    for path, size in cabinet.files.tree(cabinet.folder(UPLOADS)).items():
        number, _, rest = path.partition("/")
        folder, _, name = rest.partition("/")
        if ID.fullmatch(number) and folder == FILE and name and "/" not in name and not name.startswith("."):
            found[number] = name, size
    return found


def upload_of(cabinet: Cabinet, number: str) -> Upload:
    """An upload by its number.

    :raises NoUpload: there is none.
    """
    if ID.fullmatch(number):
        for path, size in cabinet.files.tree(_folder(cabinet, number) / FILE).items():
            with suppress(FileNotFoundError):  # a run has just taken it
                plain = not isinstance(cabinet.files, Disk) or is_plain_file(_folder(cabinet, number) / FILE / path)
                if "/" not in path and not path.startswith(".") and plain:
                    return _upload(number, path, size, _record(cabinet, number))
    raise _none(number)


def _none(number: str) -> NoUpload:
    return NoUpload(f"There is no upload {number!r}: it was run, or removed. Upload the file again.")


def opened(cabinet: Cabinet, upload: Upload) -> Any:
    """The uploaded file: a path, or something else with `open("rb")`."""
    path = _place(cabinet, upload.id, upload.name)
    return path if isinstance(cabinet.files, Disk) else Stored(cabinet.files, path, upload.size)


def remove(cabinet: Cabinet, number: str) -> None:
    """Remove an upload, if it is there."""
    cabinet.files.remove_folder(_folder(cabinet, number))


def claim_upload(cabinet: Cabinet, number: str, owner: Owner, options: Mapping[str, Any]) -> Claim:
    """Take an upload for a run; a simulation takes a copy of it.

    :param number: of the upload.
    :param owner: the run.
    :param options: the run's Params.
    :raises NoUpload: it is not there.
    :raises OSError: it can't be taken; it stays where it is.
    """
    upload = upload_of(cabinet, number)
    claim = cabinet.new_claim(upload.name, owner, {**options, "upload": number, "uploaded": asdict(upload)})
    place, local = _place(cabinet, number, upload.name), isinstance(cabinet.files, Disk)
    take = cabinet.files.move if local and not claim.simulate else cabinet.files.copy
    try:
        take(place, cabinet.input(claim))
        faster = not (local or claim.simulate or cabinet.files.removed(place))
    except OSError as error:
        cabinet.reread(claim)
        missing = isinstance(error, FileNotFoundError) and not cabinet.holds(claim)
        if not (missing or cabinet.files.exists(place)):
            raise  # the file is in the work folder only, and stays there for another attempt
        cabinet.discard(claim)
        if isinstance(error, FileNotFoundError):
            upload_of(cabinet, number)  # says that it is gone, if it is
        raise
    cabinet.reread(claim)
    if faster:  # of two runs that copied an object, one deletes it
        cabinet.discard(claim)
        raise _none(number)
    leave_uploads(cabinet, claim)
    return claim


def leave_uploads(cabinet: Cabinet, claim: Claim) -> None:
    """Let a claimed upload be in the work folder only. A run that died while it took the file may have left a copy among the uploads."""
    if claim.upload and not claim.simulate and cabinet.holds(claim):
        remove(cabinet, claim.upload)


def place_of(cabinet: Cabinet, claim: Claim) -> Any:
    """Where `put_back` puts the file of a claim that was an upload."""
    assert claim.upload
    return _place(cabinet, claim.upload, claim.name)


def put_back(cabinet: Cabinet, claim: Claim) -> None:
    """Let a claimed upload be one again, under its number."""
    assert claim.upload
    uploaded = claim.options.get("uploaded") or {}
    known = ("name", "by", "at", "tryback", "encoding")
    _write_record(cabinet, claim.upload, {name: uploaded.get(name) for name in known})
    cabinet.files.make_folder(place_of(cabinet, claim).parent)
    cabinet.files.move(cabinet.input(claim), place_of(cabinet, claim))
    cabinet.reread(claim)


def _record(cabinet: Cabinet, number: str) -> dict[str, Any]:
    """What was noted of an upload; nothing, if that is gone."""
    with suppress(FileNotFoundError, ValueError):
        return json.loads(cabinet.files.read(_folder(cabinet, number) / RECORD))
    return {}


def _upload(number: str, name: str, size: int, record: Mapping[str, Any]) -> Upload:
    at = record.get("at") or moment_of(number).isoformat(timespec="seconds")
    return Upload(number, name, size, record.get("by"), at, record.get("tryback"), record.get("encoding"))


def _clear_up(cabinet: Cabinet) -> None:
    """Remove what is left of uploads that broke off more than a day ago because the process was killed, but no file that a run puts back meanwhile."""
    whole, old = _found(cabinet), f"{datetime.now(UTC) - timedelta(days=1):%Y%m%d-%H%M%S}"
    for folder in cabinet.files.entries(cabinet.folder(UPLOADS)):
        if ID.fullmatch(folder.name) and folder.name < old and folder.name not in whole:
            for path in cabinet.files.tree(folder):
                if path == RECORD or path.rpartition("/")[2].startswith("."):
                    cabinet.files.remove(folder / path)
            if isinstance(cabinet.files, Disk):
                for empty in (folder / FILE, folder):
                    with suppress(OSError):
                        empty.rmdir()


def _write_record(cabinet: Cabinet, number: str, record: Mapping[str, Any]) -> None:
    cabinet.files.make_folder(_folder(cabinet, number))
    cabinet.files.write(_folder(cabinet, number) / RECORD, json.dumps(record, ensure_ascii=False).encode())


def _folder(cabinet: Cabinet, number: str) -> Any:
    return cabinet.folder(UPLOADS) / number


def _place(cabinet: Cabinet, number: str, name: str) -> Any:
    return _folder(cabinet, number) / FILE / name
