"""Whether a person has to approve a plan, and what was decided."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from toolsync.reporting.plan import Row, Totals, called, counted
from toolsync.settings import settings

CALLER = (
    "TOOLSYNC_CALLER"  # set by toolsync.run: who calls, the answer in advance, the file put into the inbox, the process
)
NAMED = 5  # courses that a reason names


@dataclass
class Approval:
    """What was decided of a plan.

    :param needed: whether a person had to answer.
    :param why: the reasons for that.
    :param answer: `yes` or `no`; None when nobody was asked, or nobody answered.
    :param by: who answered.
    :param at: when, in ISO.
    :param reason: what that person said to it.
    """

    needed: bool
    why: list[str] = field(default_factory=list)
    answer: str | None = None
    by: str | None = None
    at: str | None = None
    reason: str | None = None

    @property
    def given(self) -> bool:
        """Whether the file may be executed."""
        return self.answer == "yes" or (self.answer is None and not self.needed)

    @property
    def stands(self) -> bool:
        """Whether nobody has to be asked any more."""
        return self.answer is not None or not self.needed

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def sentences(self) -> list[str]:
        """What a report says of it."""
        if not self.stands:
            said = ["Nobody was asked: the run was by hand and had no answer in advance (APPROVE=yes or APPROVE=no)."]
        elif self.answer is None:
            return ["No approval was needed."]
        else:
            reason = f": {self.reason}" if self.reason else "."
            said = [f"{'Approved' if self.answer == 'yes' else 'Refused'} by {self.by} on {self.at}{reason}"]
        return [*(f"Approval was needed: {reason}." for reason in self.why), *said]


def answered(
    answer: str, by: str, why: list[str], *, at: datetime | None = None, reason: str | None = None
) -> Approval:
    """The decision of a person."""
    at = at or datetime.now(UTC)
    return Approval(bool(why), why, answer, by, at.isoformat(timespec="seconds"), reason or None)


def reasons(rows: Iterable[Row], changes: int, at: int, options: Mapping[str, Any]) -> list[str]:
    """Why a person has to approve a plan; nothing when nobody has to.

    :param changes: lines that would change something; they may take nothing away.
    :param at: the plan's moment, Unix seconds.
    :param options: the Params of the run.
    """
    rows = list(rows)
    if not (changes and rows):
        return []
    limits = settings()["protection"]
    most, days = limits["approve_over_courses"], limits["approve_active_days"]
    totals = Totals.of(rows)
    why = ["Param require_approval asks for it"] if options.get("require_approval", True) else []
    if most is not None and totals.things > most:
        why.append(f"the plan has {counted(totals.things, totals.noun)}, more than {most}")
    active = [row for row in rows if (row.get("lastaccess") or 0) >= at - days * 86400] if days is not None else []
    if active:
        names = ", ".join(called(row) for row in active[:NAMED]) + (", …" if len(active) > NAMED else "")
        why.append(f"somebody was within the last {days} days in {counted(len(active), totals.noun)}: {names}")
    return why


def caller() -> dict[str, Any] | None:
    """The caller of `toolsync.run`: `by`, `answer` (in advance; None), `file` (put into the inbox for this run; None), `pid`. None under a scheduler."""
    text = os.environ.get(CALLER)
    return json.loads(text) if text else None
