"""What became of a file or of a run, in one line: for the note on the run, the first line of a log, and programs.

It imports nothing heavy: the scheduler loads it, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# XComs: why a task fails or is skipped; the same, where a server or a disk is the reason and no value of a file is in it; and what became of its file.
MESSAGE, OUTAGE, VERDICT = "message", "outage", "verdict"
# What can become of a file.
DONE, REJECTED, REFUSED, UNFIT, UNFINISHED = "done", "rejected", "not approved", "not executed", "not finished"
NOBODY = "nobody"  # who has answered when the time for an answer is over
# How lines end, in the order in which they are told.
ENDS = ("created", "updated", "deleted", "unchanged", "failed", "incomplete")
LONGEST = 200  # characters of a reason, or of the files that are named


@dataclass(frozen=True)
class Verdict:
    """What became of a file.

    :param file: its name.
    :param claim: its claim's id.
    :param outcome: `DONE` and so on.
    :param counts: the number of lines by how they ended.
    :param unit: what its items are called, `line`.
    :param simulated: whether the run only simulated.
    :param why: the reason, if it was not done.
    :param over: whether more lines failed than Param `fail_over` allows.
    :param tryback: the name of its tryback; None: there is none.
    :param report: whether there is a report.
    :param docs: whether there are Data Docs.
    :param unanswered: whether nobody answered in time, so that it was not approved.
    """

    file: str
    claim: str
    outcome: str = DONE
    counts: dict[str, int] = field(default_factory=dict)
    unit: str = "line"
    simulated: bool = False
    why: str = ""
    over: bool = False
    tryback: str | None = None
    report: bool = True
    docs: bool = False
    unanswered: bool = False

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Verdict:
        """That of a file with a report.

        :param result: the report as JSON.
        """
        tryback, approval = result.get("tryback"), result.get("approval") or {}
        outcome, why = DONE, ""
        if result["rejected"]:
            outcome, why = REJECTED, "; ".join(result["rejected"])
        elif result.get("refused"):
            said = f" ({approval['reason']})" if approval.get("reason") else ""
            outcome, why = REFUSED, f"by {approval['by']}{said}" if approval.get("by") else "yet: nobody was asked"
        elif result.get("unfit"):
            outcome, why = UNFIT, result["unfit"]
        return cls(
            file=result["file"],
            claim=result["claim"],
            outcome=outcome,
            counts={name: count for name, count in result["counts"].items() if count},
            unit=result["unit"],
            simulated=result["simulated"],
            why=short(why),
            over=bool(result.get("failed_over")),
            tryback=tryback.rpartition("/")[2] if tryback else None,
            docs=bool(result.get("docs")),
            unanswered=outcome == REFUSED and approval.get("by") == NOBODY,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def sentence(self) -> str:
        """`people.csv: 4 lines, 2 created, 2 failed · simulation`."""
        said = counted(self.counts, self.unit) if self.outcome == DONE else self.outcome
        why = f"{' ' if self.outcome == REFUSED else ': '}{short(self.why)}" if self.why else ""
        return " · ".join([f"{self.file}: {said}{why}", *_marks([self])])


def end_of(result: Mapping[str, Any]) -> str:
    """What became of a file, in a word for programs: `done`, `failed_over`, `rejected`, `refused`, `unfit`, or `simulated` whatever came of that.

    :param result: the report as JSON.
    """
    if result["simulated"]:
        return "simulated"
    return next((end for end in ("rejected", "refused", "unfit", "failed_over") if result.get(end)), "done")


def facts_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What programs want to know of a file that has ended, without the values in it.

    :param result: the report as JSON.
    """
    names = (
        "toolsync",
        "dag_id",
        "type",
        "file",
        "claim",
        "simulated",
        "counts",
        "took",
        "written",
        "report",
        "tryback",
    )
    return {"end": end_of(result), **{name: result[name] for name in names}}


def note_of(verdicts: Sequence[Verdict], messages: Iterable[str], *, failed: bool) -> str | None:
    """What a run came to, in one line; None when no task has told anything, as when a person marks a run that did not begin.

    :param verdicts: of its files.
    :param messages: what tasks said that failed or had nothing to do, the first one first.
    :param failed: whether the run failed.
    """
    told = [short(message) for message in messages]
    if len(verdicts) == 1:
        (only,) = verdicts
        unsaid = not only.why and (only.outcome == UNFINISHED or (failed and only.outcome == DONE and not only.over))
        return f"{only.sentence}: {told[0]}" if unsaid and told else only.sentence
    if verdicts:
        return _summed(verdicts)
    return (f"failed: {told[0]}" if failed else told[0]) if told else None


def counted(counts: Mapping[str, int], unit: str) -> str:
    """`4 lines, 2 created, 2 failed`."""
    lines = sum(counts.get(end, 0) for end in ENDS if end != "incomplete")
    parts = [f"{counts[end]} {end}" for end in ENDS if counts.get(end)]
    return ", ".join([f"{lines} {unit}{'' if lines == 1 else 's'}", *(parts or ["nothing to do"])])


def failed_over(counts: Mapping[str, int], limit: Any, unit: str) -> str | None:
    """Whether more lines of a file failed than a run may have; in a sentence, or None.

    :param counts: the number of lines by how they ended. Those of which a part failed count, too: they come back as well.
    :param limit: Param `fail_over`: a number of lines, or a share of them such as `5%`; None: no limit.
    :param unit: what its items are called, `line`.
    """
    text = str(limit if limit is not None else "").strip()
    if not text:
        return None
    lines = sum(counts.get(end, 0) for end in ENDS if end != "incomplete")
    bad = counts.get("failed", 0) + counts.get("incomplete", 0)
    most = lines * float(text[:-1]) / 100 if text.endswith("%") else int(text)
    if bad <= most:
        return None
    return f"{bad} of {lines} {unit}s failed or are incomplete: more than Param fail_over ({text}) allows."


def short(text: str) -> str:
    """A text on one line, cut off where it gets long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"


def _summed(verdicts: Sequence[Verdict]) -> str:
    done = [verdict for verdict in verdicts if verdict.outcome == DONE]
    counts: Counter[str] = sum((Counter(verdict.counts) for verdict in done), Counter())
    parts = [f"{len(verdicts)} files ({short(', '.join(verdict.file for verdict in verdicts))})"]
    if done:
        parts.append(counted(counts, done[0].unit))
    for outcome in (REJECTED, REFUSED, UNFIT, UNFINISHED):
        if files := [verdict.file for verdict in verdicts if verdict.outcome == outcome]:
            parts.append(f"{len(files)} {outcome}" if len(files) == len(verdicts) else f"{outcome}: {', '.join(files)}")
    return f"{parts[0]}: {short(', '.join(parts[1:]))}" + "".join(f" · {mark}" for mark in _marks(verdicts))


def _marks(verdicts: Sequence[Verdict]) -> list[str]:
    marks = []
    if any(verdict.over for verdict in verdicts):
        marks.append("too many failed")
    if any(verdict.simulated for verdict in verdicts):
        marks.append("simulation")
    return marks
