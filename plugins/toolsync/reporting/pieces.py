"""The JSON files in the work folder of a claim, by which the tasks of a run pass on their results. A retry starts from them.

- `checked-NNNNNN`: the problems that the reader and the suite found in a piece of the file; `validated`: the summary
- `batch-NNNNNN`: the outcomes of a batch; `executed`: the totals
- `progress`: how far the file is, for the page
- `newer`: what to say of a site whose Moodle is newer than what was tested
- `no-log`: why nothing could be written to the site's own log
- `same`: which lines are as in the last file of the data set, and so don't run; `verified`: what was found when they ran all the same
- `unfit`: why the site could not take the file, of which nothing was done
- `missing-NNNNNN`: what a file that states the whole truth does not name, as lines of its type
- `tried-back`: where the tryback is
- for a type that deletes things, `plan-NNNNNN` and `planned`: the outcomes and totals of the plan; `asked`: why a person has to approve it;
  `approval`: the decision
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from more_itertools import ilen

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet

VALIDATED, EXECUTED, TRIED_BACK = "validated.json", "executed.json", "tried-back.json"
NEWER, NO_LOG, UNFIT = "newer.json", "no-log.json", "unfit.json"
SAME, VERIFIED = "same.json", "verified.json"
PROGRESS = "progress.json"
PLANNED, ASKED, APPROVAL = "planned.json", "asked.json", "approval.json"
CHECKED, BATCH, PLAN = "checked", "batch", "plan"  # the stages whose results are kept in pieces
MISSING = "missing"
# The content of `planned` for a file that deletes nothing.
NOTHING_PLANNED: dict[str, Any] = {"nothing": True, "at": 0, "timezone": None}


def piece_name(stage: str, number: int) -> str:
    """The name of a piece of the results of a stage."""
    return f"{stage}-{number:06}.json"


class Remarks(msgspec.Struct):
    """Of a piece, what is said of some of its lines only."""

    problems: list[tuple[Any, ...]] = []
    notes: list[tuple[Any, ...]] = []


def pieces(cabinet: Cabinet, claim: Claim, stage: str, kind: Any = Any) -> Iterator[Any]:
    """The pieces of a stage that exist, in the order of the file.

    :param kind: `Remarks`, where that is all that is asked for: what became of each line makes the most of a piece.
    """
    number = 0
    while (piece := cabinet.saved(claim, piece_name(stage, number), kind)) is not None:
        yield piece
        number += 1


def forget_pieces(cabinet: Cabinet, claim: Claim, stage: str) -> None:
    """Remove the pieces of a stage: newer ones may be fewer."""
    for number in range(ilen(pieces(cabinet, claim, stage))):
        cabinet.forget(claim, piece_name(stage, number))
