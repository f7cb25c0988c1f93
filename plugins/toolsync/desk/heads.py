"""Lists of reports and trybacks, from what lies in the cabinet."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import Upload
from toolsync.desk.files import REPORT, TRYBACK, Folder, Found, claim_of

MOST_KEPT = 2000  # reports
MOST_RECORDS = 50  # of uploads that a list reads: programs may leave hundreds


def heads(
    cabinet: Cabinet, *, limit: int, before: str | None = None, trybacks: Folder | None = None
) -> tuple[list[dict[str, Any]], bool]:
    """The newest reports of a type.

    :param limit: how many, at most.
    :param before: only those of claims before this one.
    :param trybacks: the folder of trybacks, if it is known already.
    :return: the reports, and whether there are more.
    """
    folder, trybacks = Folder(cabinet, "report"), trybacks or Folder(cabinet, "tryback")
    found = [match for name in folder.names if (match := REPORT.fullmatch(name))]
    found.sort(key=lambda match: match["claim"], reverse=True)
    found = [match for match in found if before is None or match["claim"] < before]
    listed = []
    for match in found[:limit]:
        file = folder.find(match.string)
        if file and (content := _content(cabinet, file)):
            listed.append(_as_head(cabinet, trybacks, match["claim"], file, content))
    return listed, len(found) > limit


def head_of(cabinet: Cabinet, claim_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The report of a claim; None when there is none.

    :return: the head, and the JSON of the report, without the rows of a plan.
    """
    return heads_of(cabinet, [claim_id]).get(claim_id)


def heads_of(cabinet: Cabinet, claim_ids: Collection[str]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """The reports of claims, as `head_of` returns them, by claim. The folders are looked into once, however many there are."""
    folder, wanted = Folder(cabinet, "report"), set(claim_ids)
    matches = [match for name in folder.names if (match := REPORT.fullmatch(name)) and match["claim"] in wanted]
    trybacks = Folder(cabinet, "tryback") if matches else None
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for match in matches:
        file = folder.find(match.string)
        content = _content(cabinet, file) if file and match["claim"] not in found else None
        if file and trybacks and content is not None:
            found[match["claim"]] = _as_head(cabinet, trybacks, match["claim"], file, content), content
    return found


def tryback_heads(folder: Folder, waiting: Iterable[Upload]) -> list[dict[str, Any]]:
    """The trybacks of a type, the newest first.

    :param folder: that of the trybacks.
    :param waiting: the uploads of the type, of which the newest tell what they are the correction of.
    """
    sent = {upload.tryback: upload.id for upload in waiting if upload.tryback}
    listed = []
    for name in folder.names:
        # A name that is not UTF-8 is Tool Sync's never, and no answer and no address can have it.
        if name.encode(errors="ignore").decode() == name and (found := folder.find(name)):
            match = TRYBACK.fullmatch(name)
            told = {"name": name, "size": found.size, "modified": found.modified, "sent": sent.get(name)}
            listed.append({**told, "claim": match["claim"] if match else None})
    return sorted(listed, key=lambda head: (head["claim"] or "", head["modified"] or ""), reverse=True)


_contents: OrderedDict[tuple[Any, ...], dict[str, Any]] = (
    OrderedDict()
)  # of reports, which stay as they are once written


def _content(cabinet: Cabinet, found: Found) -> dict[str, Any] | None:
    """What a report says; None when it can't be read."""
    key = str(cabinet.root), found.name, found.size, found.stamp
    if (kept := _contents.get(key)) is not None:
        return kept
    try:
        content = json.loads(found.read())
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    content.pop("plan_rows", None)  # there may be many, and the table has them
    _contents[key] = content
    if len(_contents) > MOST_KEPT:
        with suppress(KeyError):  # another thread was faster
            _contents.popitem(last=False)
    return content


def _as_head(
    cabinet: Cabinet, trybacks: Folder, claim_id: str, found: Found, content: dict[str, Any]
) -> dict[str, Any]:
    """A report in a list. Reports of earlier versions lack some of it."""
    simulated = bool(content.get("simulated"))
    claim = claim_of(claim_id, str(content.get("file", "")), simulated=simulated)
    tryback = claim.named("tryback")
    approval = content.get("approval") or {}
    return {
        "claim": claim_id,
        "dag_id": cabinet.dag_id,
        "run_id": content.get("run_id"),
        "file": claim.name,
        "at": content.get("at") or found.modified or iso_of(claim_id),
        "simulated": simulated,
        "rejected": content.get("rejected") or [],
        "refused": bool(content.get("refused", approval.get("answer") == "no")),
        "answer": approval if approval.get("answer") else None,
        "place": _place(content),
        "counts": content.get("counts") or {},
        "unit": content.get("unit") or ("image" if cabinet.file_type == "user_pictures" else "line"),
        "failed_over": content.get("failed_over"),
        "tryback": tryback if not simulated and trybacks.find(tryback) else None,
        "by": content.get("by"),
    }


def _place(content: dict[str, Any]) -> dict[str, Any] | None:
    """Where a file is of which nothing was done; None: something was, or the cabinet keeps no copy."""
    upload = content.get("upload")
    if returned := content.get("returned"):
        return {"folder": "uploads" if upload else "inbox", "path": returned, "upload": upload}
    kept = content.get("archive") if content.get("refused") else None
    return {"folder": "archive", "path": kept, "upload": None} if kept else None


def iso_of(claim_id: str) -> str:
    """The moment that a claim's id begins with."""
    day, time = claim_id[:8], claim_id[9:15]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}+00:00"
