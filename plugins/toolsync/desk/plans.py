"""Plans: what a file would take away, and the answer to that, which is Airflow's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from fastapi import APIRouter, HTTPException, Query
from fastapi.concurrency import run_in_threadpool

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.takeover import Left, held
from toolsync.cabinet.takeover import at_work as claims_at_work
from toolsync.desk.access import READS, TRIGGERS, OfDag, User, allowed
from toolsync.desk.core_api import Core, CoreApi
from toolsync.desk.files import find, iso
from toolsync.desk.heads import head_of
from toolsync.desk.inspection import problem_answer
from toolsync.desk.models_done import Answer, PlanAnswer, PlanAnswerGiven
from toolsync.desk.reports import the_claim
from toolsync.reading.problems import first_of
from toolsync.reporting.pieces import ASKED
from toolsync.reporting.plan import AMOUNTS, Totals, cell
from toolsync.reporting.report import Report

router = APIRouter(prefix="/api/dags/{dag_id}/plans", tags=["plan"])
TASK = "file.approve"
SHOWN_REMARKS = 50
Rows = list[Mapping[str, Any]]


@router.get("/{claim}", summary="What a file would take away", response_model=PlanAnswer, dependencies=[TRIGGERS])
async def plan(
    core: Core,
    cabinet: OfDag,
    user: User,
    claim: str,
    q: Annotated[str, Query(max_length=200)] = "",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    dag_id = cabinet.dag_id
    left = await run_in_threadpool(_left, cabinet, claim)
    told, rows = (
        await run_in_threadpool(_waiting, cabinet, left) if left else await run_in_threadpool(_done, cabinet, claim)
    )
    run_id, map_index = (left.owner.run_id, await _place(core, dag_id, left)) if left else (told.pop("run_id"), None)
    may_answer = False
    if told["state"] == "waiting":
        detail = await core.get_or_none(*_question(dag_id, run_id, map_index)) if map_index is not None else None
        if detail and detail["response_received"]:
            told |= {"state": "answered", "answer": _given(detail)}
        may = await run_in_threadpool(allowed, user, [dag_id], "PUT", DagAccessEntity.HITL_DETAIL)
        may_answer = bool(may and detail and not detail["response_received"] and _is_asked(detail, user.get_id()))
    wanted = q.strip().lower()
    fitting = [row for row in rows if not wanted or any(wanted in str(value).lower() for value in row.values())]
    return {
        **told,
        "run_id": run_id,
        "map_index": map_index,
        "columns": list(rows[0]) if rows else [],
        "matching": len(fitting),
        "rows": fitting[offset : offset + limit],
        "may_answer": may_answer,
    }


@router.post(
    "/{claim}/answer", summary="Approve or reject a plan", response_model=PlanAnswerGiven, dependencies=[READS]
)
async def answer(core: Core, cabinet: OfDag, claim: str, body: Answer) -> Any:
    dag_id = cabinet.dag_id
    left = await run_in_threadpool(_left, cabinet, claim)
    map_index = await _place(core, dag_id, left) if left else None
    if left is None or map_index is None:
        raise HTTPException(404, f"Nothing of {claim!r} waits for an answer.")
    given = await core.call(
        "PATCH",
        *_question(dag_id, left.owner.run_id, map_index),
        json={"chosen_options": ["Approve" if body.approve else "Reject"], "params_input": {"reason": body.reason}},
    )
    return {
        "answer": "yes" if body.approve else "no",
        "by": given["responded_by"]["name"],
        "at": given["responded_at"],
        "reason": body.reason or None,
    }


def _question(dag_id: str, run_id: str, map_index: int) -> tuple[str, ...]:
    """Where Airflow keeps the question to a person."""
    return "dags", dag_id, "dagRuns", run_id, "taskInstances", TASK, str(map_index), "hitlDetails"


def _is_asked(detail: dict[str, Any], user_id: Any) -> bool:
    """Whether a question is for everybody, or for this user."""
    assigned = detail.get("assigned_users") or []
    return not assigned or str(user_id) in {person["id"] for person in assigned}


def _given(detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "answer": "yes" if detail["chosen_options"] == ["Approve"] else "no",
        "by": (detail["responded_by_user"] or {}).get("name"),
        "at": detail["responded_at"],
        "reason": (detail["params_input"] or {}).get("reason") or None,
    }


async def _place(core: CoreApi, dag_id: str, left: Left) -> int | None:
    """The number that Airflow gives the tasks of a file; None: no run of Airflow has it."""
    if left.owner.pid is not None:
        return None
    entry = await core.get_or_none(
        "dags", dag_id, "dagRuns", left.owner.run_id, "taskInstances", "collect", "xcomEntries", "return_value"
    )
    claims = entry["value"] if entry else []
    return next((number for number, claim in enumerate(claims) if claim["id"] == left.claim.id), None)


def _left(cabinet: Cabinet, claim_id: str) -> Left | None:
    """A file that a run has and has not finished."""
    folders = {number: sizes for number, sizes in held(cabinet).items() if number == claim_id}
    return next(iter(claims_at_work(cabinet, folders)), None)


def _waiting(cabinet: Cabinet, left: Left) -> tuple[dict[str, Any], Rows]:
    """The plan of a file that is not finished: what is told of it, and its rows."""
    report = Report(cabinet, left.claim)
    if not report.has_plan:
        raise HTTPException(404, f"{left.claim.name} has no plan yet, or takes nothing away.")
    asked, rows = cabinet.saved(left.claim, ASKED) or {}, list(report.plan())
    decided = report.approval if report.approval and report.approval.stands else None
    told = {
        "file": left.claim.name,
        "at": iso(report.planned["at"]),
        "total": Totals.of(rows).sentence(report.zone),
        "why": asked.get("why") or (decided.why if decided else []),
        "remarks": [problem_answer(problem) for problem in first_of(report.problems(), SHOWN_REMARKS)[0]],
        "state": ("answered" if decided.answer else "none") if decided else "waiting" if asked else "none",
        "answer": decided.as_json() if decided and decided.answer else None,
    }
    return told, [{name: cell(name, value, report.zone) for name, value in row.items()} for row in rows]


def _done(cabinet: Cabinet, claim_id: str) -> tuple[dict[str, Any], Rows]:
    """The plan that a report tells of."""
    found = head_of(cabinet, claim_id)
    if found is None:
        raise HTTPException(404, f"{cabinet.dag_id} has no plan of {claim_id!r}.")
    head, content = found
    approval = content.get("approval") or {}
    table = find(cabinet, "report", the_claim(head).named("plan", ".csv"))
    rows = _numbers(list(_of_table(table.read()))) if table else []
    told = {
        "run_id": head["run_id"],
        "file": head["file"],
        "at": None,
        "total": Totals.of(_undated(rows)).sentence() if rows else "",
        "why": approval.get("why") or [],
        "remarks": [],
        "state": "answered" if approval.get("answer") else "none",
        "answer": approval if approval.get("answer") else None,
    }
    return told, [
        {name: cell(name, value) if name in AMOUNTS else value for name, value in row.items()} for row in rows
    ]


def _of_table(content: bytes) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(content.decode(errors="replace"), newline=""))


def _numbers(rows: Sequence[Mapping[str, Any]]) -> Rows:
    """The rows of a table with its amounts as numbers, without dates."""
    return [
        {name: int(value) if name in AMOUNTS and str(value).isdigit() else value for name, value in row.items()}
        for row in rows
    ]


def _undated(rows: Rows) -> Iterator[Mapping[str, Any]]:
    """The rows without when things were used last, which a table tells in words."""
    yield from ({name: value for name, value in row.items() if name != "lastaccess"} for row in rows)
