"""The claims that runs have left in the work folder: whose they are, and who goes on with them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from toolsync.cabinet import alive
from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.disk import Disk
from toolsync.cabinet.folders import CLAIM, FILE, Cabinet, StillInInbox
from toolsync.cabinet.records import Records, UnreadableRecord
from toolsync.cabinet.uploads import leave_uploads

HALF_MADE_SECONDS = 3600  # a run that is about to claim a file has written the record by then
MANY = 3  # folders of claims: listing what is in each takes as many requests as listing all at once
GIVE_UP = 'Otherwise give it up (docs/cabinet.md, "Giving a file up").'


class Left(NamedTuple):
    """A claim in the work folder.

    :param owner: the run that made it or took it over last.
    :param source: where its file was: `name` and `identity` in the inbox of an object store.
    """

    claim: Claim
    owner: Owner
    source: dict[str, Any] | None


def own(cabinet: Cabinet, owner: Owner) -> list[Claim]:
    """The claims that a run has made or taken over and not finished, the oldest first."""
    return [left.claim for left in _of(cabinet, owner)]


def resume(cabinet: Cabinet, owner: Owner) -> tuple[list[Claim], list[str]]:
    """The run's own claims, for another attempt of it: the first may have died before a file was out of the inbox.

    :param owner: the run.
    :return: the claims, the oldest first; and a sentence on each that can't be gone on with.
    """
    told: list[str] = []
    return [left.claim for left in _of(cabinet, owner) if _leaves_inbox(cabinet, left, told)], told


def adopt(cabinet: Cabinet, owner: Owner) -> tuple[list[Claim], list[str]]:
    """Take over the claims that dead runs left.

    :param owner: the run, whose own they are from now on.
    :return: the claims, the oldest first; and a sentence on each that is not taken over.
    """
    adopted: list[Claim] = []
    told: list[str] = []
    for left in _all(cabinet, told):
        if left.owner.run_id == owner.run_id:
            continue
        taken = _take_over(cabinet, left, owner, told)
        if taken:
            adopted.append(left.claim)
        if owner.pid is None or not taken:
            alive.let_go(left.claim)  # it was held to find out
    return adopted, told


def _take_over(cabinet: Cabinet, left: Left, owner: Owner, told: list[str]) -> bool:
    """Take over one claim, or remove what a dead simulation or an ended run has left of it."""
    if why := _why_not(cabinet, left, owner):
        if cabinet.holds(left.claim):
            told.append(why)
        return False
    if _record(cabinet, cabinet.work(left.claim)) != left:
        return False  # another run has just taken it over, or ended it
    if left.claim.simulate or not cabinet.holds(left.claim):
        cabinet.clear_up(left.claim)
        cabinet.discard(left.claim)  # that of a simulation is a copy
        return False
    if not _leaves_inbox(cabinet, left, told):
        return False
    cabinet.assign(left.claim, owner, left.source)
    return True


def held(cabinet: Cabinet) -> dict[str, dict[str, int]]:
    """What is in the work folders that hold a command file: the sizes of files by their names there, by the ids of the claims, the oldest first."""
    folders = {folder.name: _known(cabinet, folder, known) for folder, known in _folders(cabinet)}
    return {number: sizes for number, sizes in folders.items() if any(name.startswith(f"{FILE}/") for name in sizes)}


def at_work(cabinet: Cabinet, folders: Mapping[str, dict[str, int]] | None = None) -> list[Left]:
    """The claims that hold their file, the oldest first, for whoever only looks.

    :param folders: some of those that `held` returned; None: all.
    """
    folders = held(cabinet) if folders is None else folders
    found = (_record(cabinet, cabinet.folder("work") / number, folders[number]) for number in sorted(folders))
    return [
        left
        for left in found
        if isinstance(left, Left) and f"{FILE}/{left.claim.name}" in folders.get(left.claim.id, ())
    ]


def taken_already(cabinet: Cabinet) -> dict[str, Claim]:
    """The files in the inbox of an object store that a claim holds, by their names: its run died, or was refused, before it could delete them there.

    Taken once more, such a file would be done twice, as nobody can see later which of the two claims is the copy.
    """
    found: dict[str, Claim] = {}
    if isinstance(cabinet.files, Disk):
        return found
    for left in _all(cabinet, []):
        if left.source and not left.claim.simulate and cabinet.holds(left.claim):
            path = cabinet.folder("inbox") / left.source["name"]
            if cabinet.files.identity(path) == left.source["identity"]:
                found[left.source["name"]] = left.claim
    return found


def left_alone(cabinet: Cabinet, owner: Owner) -> list[str]:
    """A sentence on each claim of other runs, for a run that takes none of them over."""
    told: list[str] = []
    for left in _all(cabinet, told):
        if left.owner.run_id == owner.run_id or left.claim.simulate or not cabinet.holds(left.claim):
            continue
        if left.owner.pid is not None and _lives(cabinet, left):
            told.append(f"{_named(cabinet, left)} is being done by {left.owner}.")
        else:
            told.append(
                f"{_named(cabinet, left)} was begun by {left.owner} and is not finished. This run leaves it alone; "
                "the next run of the inbox that does not simulate goes on with it."
            )
        alive.let_go(left.claim)  # it was held to find out
    return told


def release(cabinet: Cabinet, owner: Owner) -> None:
    """Say that a run by hand has ended: what it left is free, although its process may live on."""
    for left in _all(cabinet, []):
        if left.owner.run_id == owner.run_id:
            with suppress(OSError):  # on a full disk, the lock says it alone
                cabinet.assign(left.claim, replace(owner, started="ended"), left.source)
            alive.let_go(left.claim)


def _of(cabinet: Cabinet, owner: Owner) -> list[Left]:
    """The claims of a run that still hold their file."""
    return [left for left in _all(cabinet, []) if left.owner.run_id == owner.run_id and cabinet.holds(left.claim)]


def _leaves_inbox(cabinet: Cabinet, left: Left, told: list[str]) -> bool:
    """Make sure that a file which a run goes on with is not in the inbox, too.

    :param told: gets a sentence when that is not possible.
    """
    try:
        cabinet.clear_up(left.claim)
        cabinet.leave_inbox(left.claim, left.source)
        leave_uploads(cabinet, left.claim)
    except (OSError, StillInInbox) as error:
        told.append(f"{_named(cabinet, left)} is not gone on with: {error}.")
        return False
    return True


def _why_not(cabinet: Cabinet, left: Left, owner: Owner) -> str | None:
    """Why a run can't take a claim over; None when it can."""
    if left.owner.pid is None:
        if owner.pid is None:
            return None
        return f"{_named(cabinet, left)} belongs to Airflow's {left.owner}: run the DAG there, and it is gone on with. {GIVE_UP}"
    works = _lives(cabinet, left)
    if works is False:
        return None
    if works:
        return f"{_named(cabinet, left)} is being done by {left.owner}."
    return (
        f"{_named(cabinet, left)} was taken by {left.owner}. Nobody can tell from here whether that still runs, so it is not touched. "
        f"When it runs, all is well. {GIVE_UP}"
    )


def _lives(cabinet: Cabinet, left: Left) -> bool | None:
    """Whether the run by hand that has a claim lives; None when nobody can tell. A claim that is free is held from now on."""
    with suppress(OSError):  # the lock may be another account's
        return alive.lives(cabinet.files, cabinet.work(left.claim), left.claim, left.owner)
    return None


def _named(cabinet: Cabinet, left: Left) -> str:
    return f"{left.claim.name} ({cabinet.work(left.claim)})"


def _all(cabinet: Cabinet, told: list[str]) -> Iterator[Left]:
    """The claims in the work folder, the oldest first. Folders without a file go.

    :param told: gets a sentence on each folder that can't be read.
    """
    for folder, known in _folders(cabinet):
        try:
            found = _record(cabinet, folder, known)
            if isinstance(found, str) and _holds_a_file(cabinet, folder):
                found = _record(cabinet, folder)  # a run may just have written it
                if isinstance(found, str) and _holds_a_file(cabinet, folder):
                    told.append(
                        f"The folder {folder} holds a command file, but nobody can tell how it was to be treated: {found}. {GIVE_UP}"
                    )
        except OSError as error:
            told.append(f"The folder {folder} can't be looked into: {error.strerror or error}. {GIVE_UP}")
            continue
        if isinstance(found, Left):
            yield found
        elif _is_old(folder) and not _holds_a_file(cabinet, folder):
            cabinet.files.remove_folder(folder)


def _folders(cabinet: Cabinet) -> Iterator[tuple[Any, dict[str, int] | None]]:
    """The folders of claims, the oldest first. Of many in an object store also what is in each: one request tells a thousand files."""
    work = cabinet.folder("work")
    folders = cabinet.files.entries(work)
    if isinstance(cabinet.files, Disk) or len(folders) < MANY:
        yield from ((folder, None) for folder in folders)
        return
    found: dict[str, dict[str, int]] = {folder.name: {} for folder in folders}
    for name, size in cabinet.files.tree(work).items():
        number, _, file = name.partition("/")
        if file and number in found:  # other objects are markers of folders, or claims of this moment
            found[number][file] = size
    yield from ((folder, found[folder.name]) for folder in folders)


def _known(cabinet: Cabinet, folder: Any, known: dict[str, int] | None) -> dict[str, int]:
    return cabinet.files.tree(folder) if known is None else known


def _record(cabinet: Cabinet, folder: Any, known: dict[str, int] | None = None) -> Left | str:
    """What a claim's work folder says of it; or why that can't be read.

    :param known: what is in it, where that is known.
    """
    try:
        record = Records(cabinet.files, folder, known).saved(CLAIM)
        if record is None:
            return "its record claim.json is missing"
        return Left(Claim(**record["claim"]), Owner(**record["owner"]), record.get("source"))
    except (UnreadableRecord, TypeError, KeyError, AttributeError) as error:
        return str(error)


def _holds_a_file(cabinet: Cabinet, folder: Any) -> bool:
    return any(name.startswith(f"{FILE}/") for name in cabinet.files.tree(folder))


def _is_old(folder: Any) -> bool:
    with suppress(OSError, AttributeError):
        return time.time() - folder.stat().st_mtime > HALF_MADE_SECONDS
    return False
