"""Lists of reports and trybacks, from what lies in the cabinet."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import uploads
from toolsync.desk.files import REPORT, TRYBACK, Found, claim_of, find, names


def heads(cabinet: Cabinet, dag_id: str, *, limit: int, before: str | None = None) -> tuple[list[dict[str, Any]], bool]:
    """The newest reports of a type.

    :param limit: how many, at most.
    :param before: only those of claims before this one.
    :return: the reports, and whether there are more.
    """
    found = [match for name in names(cabinet, "report") if (match := REPORT.fullmatch(name))]
    found.sort(key=lambda match: match["claim"], reverse=True)
    found = [match for match in found if before is None or match["claim"] < before]
    listed = [head for match in found[:limit] if (head := _head(cabinet, dag_id, match.string, match["claim"]))]
    return listed, len(found) > limit


def head_of(cabinet: Cabinet, dag_id: str, claim_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The report of a claim; None when there is none.

    :return: the head, and the whole JSON of the report.
    """
    for name in names(cabinet, "report"):
        match = REPORT.fullmatch(name)
        if match and match["claim"] == claim_id and (found := find(cabinet, "report", name)):
            content = _content(found)
            if content is not None:
                return _as_head(cabinet, dag_id, claim_id, found, content), content
    return None


def tryback_heads(cabinet: Cabinet) -> list[dict[str, Any]]:
    """The trybacks of a type, the newest first."""
    sent = {upload.tryback: upload.id for upload in uploads(cabinet) if upload.tryback}
    listed = []
    for name in names(cabinet, "tryback"):
        if found := find(cabinet, "tryback", name):
            match = TRYBACK.fullmatch(name)
            listed.append(
                {
                    "name": name,
                    "size": found.size,
                    "modified": found.modified,
                    "claim": match["claim"] if match else None,
                    "sent": sent.get(name),
                }
            )
    return sorted(listed, key=lambda head: (head["claim"] or "", head["modified"] or ""), reverse=True)


def _head(cabinet: Cabinet, dag_id: str, name: str, claim_id: str) -> dict[str, Any] | None:
    found = find(cabinet, "report", name)
    content = _content(found) if found else None
    return _as_head(cabinet, dag_id, claim_id, found, content) if found and content is not None else None


def _content(found: Found) -> dict[str, Any] | None:
    """What a report says; None when it can't be read."""
    return _parsed(found.name, found.size, found.modified, found.opened)


@lru_cache(maxsize=2000)
def _parsed(name: str, size: int, modified: str | None, opened: Any) -> dict[str, Any] | None:
    try:
        with opened.open("rb") as stream:
            content = json.loads(stream.read())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _as_head(cabinet: Cabinet, dag_id: str, claim_id: str, found: Found, content: dict[str, Any]) -> dict[str, Any]:
    """A report in a list. Reports before 0.3 lack some of it."""
    simulated = bool(content.get("simulated"))
    claim = claim_of(claim_id, str(content.get("file", "")), simulated=simulated)
    tryback = claim.named("tryback")
    approval = content.get("approval") or {}
    return {
        "claim": claim_id,
        "dag_id": dag_id,
        "run_id": content.get("run_id"),
        "file": claim.name,
        "at": content.get("at") or found.modified or iso_of(claim_id),
        "simulated": simulated,
        "rejected": content.get("rejected") or [],
        "refused": bool(content.get("refused", approval.get("answer") == "no")),
        "counts": content.get("counts") or {},
        "unit": content.get("unit") or ("image" if dag_id == "toolsync_user_pictures" else "line"),
        "failed_over": content.get("failed_over"),
        "tryback": tryback if not simulated and find(cabinet, "tryback", tryback) else None,
        "by": content.get("by"),
    }


def iso_of(claim_id: str) -> str:
    """The moment that a claim's id begins with."""
    day, time = claim_id[:8], claim_id[9:15]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}+00:00"
