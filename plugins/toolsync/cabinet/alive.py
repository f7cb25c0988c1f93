"""Whether the run that owns a claim still lives.

Under a scheduler a DAG has one run at a time, so what another run of it left is left over. A run by hand holds a lock on its claims, which the system
takes away when the process ends, however it ends and wherever it ran. Where there are no locks (an object store), the process tells, as long as it was on
this machine and in this boot; of other machines, that nothing has been written for long.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.disk import Disk, NoLocks
from toolsync.cabinet.store import Store

LOCK = "alive.lock"  # in the claim's work folder
QUIET_SECONDS = (
    2 * 3600
)  # no run writes nothing for as long as that: waiting for other runs and restoring a backup take less

_held: dict[str, int] = {}  # descriptors of the locks that this process holds, by claim id


def hold(files: Disk | Store, folder: Any, claim: Claim) -> bool:
    """Lock a claim for as long as this process lives; in an object store there is nothing to lock.

    :param folder: the claim's work folder.
    :return: False: another process holds it.
    :raises NoLocks: the file system has no locks.
    """
    if isinstance(files, Store) or claim.id in _held:
        return True
    descriptor = files.lock(folder / LOCK)
    if descriptor is not None:
        _held[claim.id] = descriptor
    return descriptor is not None


def let_go(claim: Claim) -> None:
    """Unlock a claim, if this process has locked it."""
    if claim.id in _held:
        os.close(_held.pop(claim.id))


def lives(files: Disk | Store, folder: Any, claim: Claim, owner: Owner) -> bool | None:
    """Whether a run by hand lives; None when nobody can tell.

    :param folder: the claim's work folder.
    :param owner: the run.
    """
    if isinstance(files, Disk) and files.exists(folder / LOCK):
        with suppress(NoLocks):
            return not hold(files, folder, claim)
    if owner.lives is not None or isinstance(files, Disk):
        return owner.lives
    written = files.last_written(folder)
    return False if written is not None and time.time() - written > QUIET_SECONDS else None
