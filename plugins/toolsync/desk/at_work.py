"""How far a file is that a run has taken: what its work folder says."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.takeover import at_work as claims_at_work
from toolsync.cabinet.takeover import held
from toolsync.reporting.pieces import APPROVAL, ASKED, EXECUTED, PLANNED, PROGRESS, TRIED_BACK, UNFIT, VALIDATED

SHOWN = 50
AWAITING = "awaiting approval"
# The record that ends a step, the last step first.
STEPS = (
    (TRIED_BACK, "reporting"),
    (EXECUTED, "reporting"),
    (UNFIT, "reporting"),
    (APPROVAL, "executing"),
    (ASKED, AWAITING),
    (VALIDATED, None),
)


def at_work(cabinet: Cabinet) -> tuple[int, list[dict[str, Any]]]:
    """The files of a type that runs have taken and not finished: how many there are, and some, the oldest first.

    In an object store each takes requests, and a run may have taken a thousand: those that somebody has to answer are among them.
    """
    folders = held(cabinet)
    first = sorted(folders, key=lambda number: (_step(folders[number]) != AWAITING, number))[:SHOWN]
    shown = {number: folders[number] for number in first}
    return len(folders), [
        {
            "claim": left.claim.id,
            "name": left.claim.name,
            "run_id": left.owner.run_id,
            "owner": str(left.owner),
            **how_far(cabinet, left.claim, shown[left.claim.id]),
        }
        for left in claims_at_work(cabinet, shown)
    ]


def how_far(cabinet: Cabinet, claim: Claim, names: Collection[str]) -> dict[str, Any]:
    """The step that a claimed file is at, and how much of it is done.

    :param names: of what is in its work folder.
    """
    progress = None
    if PROGRESS in names:
        with suppress(OSError, ValueError):
            progress = json.loads(cabinet.files.read(cabinet.work(claim) / PROGRESS))
    step = _step(names)
    if step is None:
        begun = PLANNED in names or any(name.startswith(("begun", "batch-")) for name in names)
        planning = bool(progress and progress.get("planning")) or any(name.startswith("plan-") for name in names)
        step = "planning" if planning and not begun else "executing"
    return {"step": step, "progress": progress if step in ("planning", "executing") else None}


def _step(names: Collection[str]) -> str | None:
    """The step that a file is at; None: it is planned or executed."""
    return next((step for name, step in STEPS if name in names), "checking")
