"""Whether a person has to approve a plan, and the decision."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from toolsync.reporting.plan import Row, Totals, called, counted

CALLER = "TOOLSYNC_CALLER"  # the environment variable in which toolsync.run passes what `caller` returns
NAMED = 5  # the courses that a reason lists


@dataclass
class Approval:
    """The decision on a plan.

    :param needed: whether a person had to answer.
    :param why: the reasons why a person had to.
    :param answer: `yes` or `no`; None when nobody was asked, or nobody answered.
    :param by: the person who answered.
    :param at: the time of the answer, ISO 8601.
    :param reason: the reason that this person gave.
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
        """Whether the decision is final, so that nobody has to be asked."""
        return self.answer is not None or not self.needed

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def sentences(self) -> list[str]:
        """The decision, in the words of the report."""
        if not self.stands:
            said = [
                "Nobody was asked, because the run was started by hand. To answer, run it again with APPROVE=yes or APPROVE=no."
            ]
        elif self.answer is None:
            return ["No approval was needed."]
        else:
            reason = f": {self.reason}" if self.reason else "."
            said = [f"{'Approved' if self.answer == 'yes' else 'Rejected'} by {self.by} on {self.at}{reason}"]
        return [*(f"Approval was needed: {reason}." for reason in self.why), *said]


def answered(
    answer: str, by: str, why: list[str], *, at: datetime | None = None, reason: str | None = None
) -> Approval:
    """The decision that a person made.

    :param at: the time of the answer; None: now.
    """
    at = at or datetime.now(UTC)
    return Approval(bool(why), why, answer, by, at.isoformat(timespec="seconds"), reason or None)


def reasons(
    limits: Mapping[str, Any], rows: Iterable[Row], changes: int, at: int, options: Mapping[str, Any]
) -> list[str]:
    """The reasons why a person has to approve a plan; none when nobody has to.

    :param limits: `protection` of the site's settings.
    :param rows: the rows of the plan.
    :param changes: the number of lines that would change something, whether or not they delete anything.
    :param at: when the plan was made, in Unix seconds.
    :param options: the Params of the run.
    """
    rows = list(rows)
    if not (changes and rows):
        return []
    most, days = limits["approve_over_courses"], limits["approve_active_days"]
    totals = Totals.of(rows)
    why = ["Param require_approval is set"] if options.get("require_approval", True) else []
    if most is not None and totals.things > most:
        why.append(f"the plan has {counted(totals.things, totals.noun)}, more than {most} (approve_over_courses)")
    active = [row for row in rows if (row.get("lastaccess") or 0) >= at - days * 86400] if days is not None else []
    if active:
        names = ", ".join(called(row) for row in active[:NAMED]) + (", …" if len(active) > NAMED else "")
        used = f"{counted(len(active), totals.noun)} used within the last {days} days"
        why.append(f"{used} (approve_active_days): {names}")
    return why


def caller() -> dict[str, Any] | None:
    """Who runs `toolsync.run`; None under a scheduler.

    :return: `by`, `answer` in advance or None, `given` (whether the run has a file or rows of its own), `pid`.
    """
    text = os.environ.get(CALLER)
    return json.loads(text) if text else None
