"""What the steps of a run leave for one another in the work folder of a claim, as JSON. A retry starts from what is there.

`checked-NNNNNN` holds what the reader and the suite found in a piece of the file, `validated` the sum of that; `batch-NNNNNN` the outcomes of a batch,
`executed` the totals; `tried-back` where the tryback is. Of a type that takes things away also `plan-NNNNNN` and `planned`, the same of its plan;
`asked`, why a person has to approve it; `approval`, what was decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet

VALIDATED, EXECUTED, TRIED_BACK = "validated.json", "executed.json", "tried-back.json"
PLANNED, ASKED, APPROVAL = "planned.json", "asked.json", "approval.json"
CHECKED, BATCH, PLAN = "checked", "batch", "plan"  # the stages that leave pieces
# `planned` of a file that takes nothing away.
NOTHING_PLANNED: dict[str, Any] = {"nothing": True, "at": 0, "timezone": None}


def piece_name(stage: str, number: int) -> str:
    """The name of a piece of the file's results in the work folder."""
    return f"{stage}-{number:06}.json"


def pieces(cabinet: Cabinet, claim: Claim, stage: str) -> Iterator[dict[str, Any]]:
    """The results that are there, in the order of the file."""
    number = 0
    while (piece := cabinet.saved(claim, piece_name(stage, number))) is not None:
        yield piece
        number += 1
