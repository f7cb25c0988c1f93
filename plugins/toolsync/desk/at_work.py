"""How far a file is that a run has taken: what its work folder says."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.takeover import at_work as claims_at_work
from toolsync.reporting.pieces import APPROVAL, ASKED, EXECUTED, PLANNED, PROGRESS, TRIED_BACK, UNFIT, VALIDATED

# The record that ends a step, the last step first.
STEPS = (
    (TRIED_BACK, "reporting"),
    (EXECUTED, "reporting"),
    (UNFIT, "reporting"),
    (APPROVAL, "executing"),
    (ASKED, "awaiting approval"),
    (VALIDATED, None),
)


def at_work(cabinet: Cabinet) -> list[dict[str, Any]]:
    """The files of a type that runs have taken and not finished, the oldest first."""
    return [
        {
            "claim": left.claim.id,
            "name": left.claim.name,
            "run_id": left.owner.run_id,
            "owner": str(left.owner),
            **how_far(cabinet, left.claim),
        }
        for left in claims_at_work(cabinet)
    ]


def how_far(cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
    """The step that a claimed file is at, and how much of it is done."""
    names = set(cabinet.files.tree(cabinet.work(claim)))
    progress = None
    if PROGRESS in names:
        with suppress(OSError, ValueError):
            progress = json.loads(cabinet.files.read(cabinet.work(claim) / PROGRESS))
    step = next((step for name, step in STEPS if name in names), "checking")
    if step is None:
        begun = PLANNED in names or any(name.startswith(("begun", "batch-")) for name in names)
        planning = bool(progress and progress.get("planning")) or any(name.startswith("plan-") for name in names)
        step = "planning" if planning and not begun else "executing"
    return {"step": step, "progress": progress if step in ("planning", "executing") else None}
