"""The cabinet: whether files can be kept there, for how long, and by whom they can be read."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolsync.cabinet.disk import Disk, NoLocks
from toolsync.cabinet.durability import DO, file_system, why_lost
from toolsync.cabinet.storage import HINDRANCES, files_at, folder_at
from toolsync.cabinet.store import Store
from toolsync.checking.findings import Finding, look, ok, said, wrong
from toolsync.checking.ground import Ground

PROBE = ".toolsync-check-"  # a hidden file: no run takes it
FOLDERS_ONLY = {"work", "uploads"}  # a run takes what is there for a folder
CONTENT = b"Written by a check of Tool Sync, which removes it at once.\n"
LEAST_FREE, FEW_FREE = 10 << 20, 1 << 30  # bytes
NETWORK = ("nfs", "cifs", "smb", "fuse", "ceph", "gluster", "lustre", "9p", "virtiofs", "gpfs", "efs")
# Executors whose workers may be on several machines.
DISTRIBUTED = ("celery", "kubernetes", "edge", "batch", "ecs", "lambda")
PASSING = (Path("/tmp"), Path("/var/tmp"))


def check_cabinet(ground: Ground) -> Iterator[Finding]:
    """Whether the cabinet can be read and written."""
    site, root = ground.site, folder_at(ground.site.cabinet_url)
    files = files_at(root, site)
    if isinstance(files, Store):
        yield from _in_store(ground, files, root)
        return
    if root.exists() and not root.is_dir():
        yield wrong(f"The cabinet {site.cabinet_shown} is a file.", "Name a folder, or move the file away.")
        return
    if not root.is_dir() and not _can_be_made(root):
        yield wrong(
            f"The cabinet {site.cabinet_shown} is not there, and this account may not make it.",
            "Make the folder, and give it to the account that Airflow's workers run as.",
        )
        return
    folders = [root, *(path for path in root.glob("*/*") if path.is_dir())] if root.is_dir() else []
    refused = [told for folder in folders if (told := _refused(files, folder))]
    if refused:
        yield wrong(
            f"The cabinet can't be used: {refused[0]}{f', and so {len(refused) - 1} more folders' if len(refused) > 1 else ''}.",
            f"Let the account of Airflow's workers (number {os.geteuid()}) write to all of {site.cabinet_shown}.",
        )
    elif folders:
        yield ok(f"The cabinet {site.cabinet_shown} can be written and read: {len(folders)} folders were tried.")
    else:
        yield ok(
            f"The cabinet {site.cabinet_shown} is not there yet; the first run, or Airflow when it starts, makes it."
        )


def _can_be_made(folder: Path) -> bool:
    there = next(path for path in folder.absolute().parents if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _refused(files: Disk, folder: Path) -> str | None:
    """Why a file can't be written, read and removed in a folder; None: it can."""
    if folder.name in FOLDERS_ONLY:
        may = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
        return None if may else f"{folder}: {HINDRANCES[errno.EACCES]}"
    probe = folder / f"{PROBE}{secrets.token_hex(4)}"
    try:
        probe.write_bytes(CONTENT)
        try:
            same = files.read(probe) == CONTENT
        finally:
            probe.unlink()
    except OSError as error:
        return f"{folder}: {HINDRANCES.get(error.errno or 0) or said(error)}"
    return None if same else f"{folder}: what was written is not what is read"


def _in_store(ground: Ground, files: Store, root: Any) -> Iterator[Finding]:
    """Whether an object store takes, gives, lists and deletes."""
    probe, other = (root / f"{PROBE}{secrets.token_hex(4)}" for _ in range(2))
    does = "written"
    try:
        files.write(probe, CONTENT)
        does = "read"
        same = files.read(probe) == CONTENT
        does = "listed"
        listed = probe.name in files.objects(root)
        does = "copied or deleted"
        files.move(probe, other)
        files.remove(other)
    except OSError as error:
        yield wrong(
            f"The cabinet {ground.site.cabinet_shown} can't be used: an object can't be {does} ({said(error)}).",
            "Look at the store, and at the connection that the address names: it needs the rights to list, get, put and delete.",
        )
        return
    if same and listed:
        yield ok(f"The cabinet {ground.site.cabinet_shown}: an object was written, read, listed, copied and deleted.")
    else:
        yield wrong(
            f"The cabinet {ground.site.cabinet_shown}: an object that was just written is not {'listed' if same else 'the one that is read'}.",
            "Take a store that shows at once what it has taken.",
        )


def check_durable(ground: Ground) -> Iterator[Finding]:
    """Whether the cabinet is there for all workers, and tomorrow."""
    root = folder_at(ground.site.cabinet_url)
    if not isinstance(root, Path):
        yield ok("The cabinet is in an object store, which all workers reach alike.")
        return
    kind, against = file_system(root) or "", list(_against(ground, root))
    yield from against
    if not against:
        yield ok(f"The cabinet is on {kind or 'a disk'}, which stays.")


def _against(ground: Ground, root: Path) -> Iterator[Finding]:
    """What speaks against the place of a cabinet."""
    site, kind = ground.site, file_system(root) or ""
    if lost := why_lost(site):
        yield look(lost, DO)
    elif any(root.absolute().is_relative_to(place) for place in PASSING):
        yield look(f"The cabinet {site.cabinet_shown} is in a folder that the system clears.", DO)
    executor = str((ground.scheduler or {}).get("executor") or _executor())
    if any(word in executor.lower() for word in DISTRIBUTED) and not kind.startswith(NETWORK):
        yield look(
            f"The workers of {executor} may be on several machines, and the cabinet {site.cabinet_shown} is on a disk of this one ({kind}).",
            "Mount the same folder on all of them, or put the cabinet into an object store: the tasks of a file run on any worker.",
        )


def _executor() -> str:
    from airflow.configuration import conf

    return conf.get("core", "executor", fallback="")


def check_locks(ground: Ground) -> Iterator[Finding]:
    """Whether one process keeps another out, as runs by hand do."""
    root = folder_at(ground.site.cabinet_url)
    files = files_at(root, ground.site)
    if not isinstance(files, Disk) or not os.access(root, os.W_OK):
        return
    probe = root / f"{PROBE}{secrets.token_hex(4)}.lock"
    held: list[int | None] = []
    do = "Run files by hand from one machine only (docs/cabinet.md#the-work-folder), or put the cabinet on a file system with locks."
    try:
        held = [files.lock(probe), files.lock(probe)]
        if held[0] is None or held[1] is not None:
            yield look("Locks of files don't keep anybody out there.", do)
        elif (kind := file_system(root) or "").startswith(NETWORK):
            yield look(f"Locks work on this machine; whether they reach other machines, {kind} does not tell.", do)
        else:
            yield ok("Locks of files work there.")
    except NoLocks:
        yield look("The file system of the cabinet has no locks.", do)
    finally:
        for descriptor in held:
            if descriptor is not None:
                os.close(descriptor)
        probe.unlink(missing_ok=True)


def check_room(ground: Ground) -> Iterator[Finding]:
    """How much room there is, and who may read the cabinet."""
    root = folder_at(ground.site.cabinet_url)
    if not isinstance(root, Path):
        return
    yield free(next(path for path in (root, *root.absolute().parents) if path.exists()), "The cabinet")
    folders = [path for path in root.glob("*/*") if path.is_dir()] if root.is_dir() and _others(root) & 0o001 else []
    others = [path for path in folders if _others(path) and _others(path.parent) & 0o001]
    if others:
        yield look(
            f"Everybody here may look into {others[0]}{f' and {len(others) - 1} more folders' if len(others) > 1 else ''}; files may hold passwords.",
            f"chmod -R o-rwx {root}",
        )


def _others(folder: Path) -> int:
    """What accounts that are neither its owner's nor of its group may do with a folder."""
    return folder.stat().st_mode & stat.S_IRWXO


def free(folder: Path, what: str) -> Finding:
    """How much room a folder has.

    :param what: what it is, at the beginning of a sentence.
    """
    left = shutil.disk_usage(folder).free
    told = f"{what} ({folder}) has {left / 10**9:,.1f} GB free."
    if left < LEAST_FREE:
        return wrong(told, "Make room there.")
    return look(told, "Make room there.") if left < FEW_FREE else ok(told)
