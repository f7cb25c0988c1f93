"""Where a cabinet is: on this machine or in an object store."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolsync.cabinet.disk import Disk
from toolsync.cabinet.store import Store, StoreError
from toolsync.sites import Site

# What a person has to mend before any file can be treated.
HINDRANCES = {
    errno.EROFS: "it is read-only",
    errno.ENOSPC: "it is full",
    errno.EDQUOT: "its quota is used up",
    errno.EACCES: "this account may not do that",
    errno.EPERM: "this account may not do that",
    errno.EIO: "its disk does not answer",
    errno.ESTALE: "its file server has lost it",
    errno.ENOTDIR: "a file is in the place of a folder",
    errno.ENOENT: "a folder is missing",
}


class CabinetUnusable(Exception):
    """The cabinet can't be read or written; the message says why."""


def folder_at(url: str) -> Any:
    """The folder at an address: a `Path` when it is on this machine, else an `ObjectStoragePath`.

    :param url: a path, a `file://` address, or an address of an object store such as `s3://conn@bucket/folder`.
    """
    if "://" in url and not url.startswith("file://"):
        from airflow.sdk import ObjectStoragePath

        return ObjectStoragePath(url)
    return Path(url.removeprefix("file://"))


def files_at(folder: Any, site: Site | None = None) -> Disk | Store:
    """What reads and writes the files below a folder.

    :param site: whose files they are; None: the only one.
    """
    return Disk(site) if isinstance(folder, Path) else Store(folder)


def read_text(path: str, site: Site) -> str:
    """The text of a file of a site's cabinet, wherever that is."""
    place = folder_at(path)
    return files_at(place, site).read(place).decode()


@contextmanager
def explained(site: Site) -> Iterator[None]:
    """Say in a sentence that a site's cabinet can't be read or written.

    :raises CabinetUnusable: it can't.
    """
    try:
        yield
    except OSError as error:
        cabinet = site.cabinet_shown
        path = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
        why = HINDRANCES.get(error.errno or 0)
        # Without a path it comes from writing into an open file, and the files that Tool Sync writes are the cabinet's.
        if why and "://" not in cabinet and (path is None or Path(cabinet) in [Path(path), *Path(path).parents]):
            raise CabinetUnusable(
                f"The cabinet can't be used: {path or cabinet}: {error.strerror}. As {why}, nothing more was done; a file that was begun is in the work "
                "folder. Mend that and run the DAG again."
            ) from error
        if isinstance(error, StoreError):
            raise CabinetUnusable(
                f"The cabinet can't be used: {site.cabinet_shown}: {error}. Nothing more was done; a file that was begun is in the work folder. "
                "Look at the connection, its rights and the store, and run the DAG again."
            ) from error
        raise
