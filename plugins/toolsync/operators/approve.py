"""The task that waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import ClaimOperator
from toolsync.reporting.approval import Approval, answered, reasons
from toolsync.reporting.pieces import APPROVAL, ASKED
from toolsync.reporting.plan import Totals, escaped, markdown, moment
from toolsync.reporting.report import Report, sentences, totals
from toolsync.settings import settings

REASON = "What the report says beside your answer."


class ApproveOperator(ClaimOperator, ApprovalOperator):  # type: ignore[misc]  # of the form nothing is a template
    """Asks a person to approve the plan of a file, holding no worker slot while it waits. It goes on at once where nobody has to.

    The answer is kept in the work folder, and that is what execution obeys: a task that was merely marked as success approves nothing.
    A run by hand never waits: its caller has answered in advance, or the file goes back undone.
    """

    def __init__(self, *, params: ParamsDict | None = None, **kwargs: Any) -> None:
        hours = settings()["protection"]["answer_within_hours"]
        waiting: dict[str, Any] = (
            {"response_timeout": timedelta(hours=hours), "defaults": self.REJECT} if hours is not None else {}
        )
        params = params or ParamsDict()  # the DAG's; of them the form shows only what is the task's own
        params["reason"] = Param("", type=["null", "string"], title="Reason", description=REASON, source="task")
        super().__init__(subject="Approve?", params=params, **waiting, **kwargs)

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> Any:
        if claim.simulate:
            self.log.info("A simulation changes nothing: nobody is asked.")
            return None
        report = Report(cabinet, claim)
        if report.approval and report.approval.stands:
            return self._tell(report.approval)
        if not report.planned:
            raise AirflowFailException(f"{claim.name} has no plan: clear the task plan.")
        counts = report.planned_counts
        changes = counts["created"] + counts["updated"] + counts["deleted"]
        why = reasons(report.plan(), changes, report.planned["at"], claim.options)
        caller = claim.options.get("caller") or {"answer": None}
        if caller["answer"] == "no" or (caller["answer"] and why):
            return self._decide(cabinet, claim, answered(caller["answer"], caller["by"], why))
        if not why or Owner.of_run(context["run_id"]).pid:
            return self._decide(cabinet, claim, Approval(bool(why), why))
        cabinet.save(claim, ASKED, {"why": why})
        total = Totals.of(report.plan()).sentence(report.zone)
        self.subject = f"{context['dag'].dag_id}, {claim.name}: {total}"
        self.body = "\n".join(form(report, why, total))
        for reason in why:
            self.log.info("A person has to approve: %s.", reason)
        return ApprovalOperator.execute(self, context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        cabinet, claim = Cabinet(self.file_type), Claim(**self.claim)
        if "error" not in event and cabinet.input(claim).exists():
            yes = event["chosen_options"] == [self.APPROVE]
            hours = settings()["protection"]["answer_within_hours"]
            reason = (event["params_input"] or {}).get("reason")
            if event.get("timedout"):
                reason = f"nobody answered within {hours} hours"
            why = (cabinet.saved(claim, ASKED) or {}).get("why") or ["a person was asked"]
            by = _name(event.get("responded_by_user"))
            self._decide(
                cabinet,
                claim,
                answered("yes" if yes else "no", by, why, at=event.get("responded_at"), reason=reason),
            )
        return super().execute_complete(context, event)

    def _decide(self, cabinet: Cabinet, claim: Claim, approval: Approval) -> dict[str, Any]:
        cabinet.save(claim, APPROVAL, approval.as_json())
        return self._tell(approval)

    def _tell(self, approval: Approval) -> dict[str, Any]:
        for sentence in approval.sentences():
            self.log.info(sentence)
        return approval.as_json()


def form(report: Report, why: list[str], total: str) -> Iterator[str]:
    """The lines of the form that a person decides on, in Markdown."""
    made = moment(report.planned["at"], report.zone)
    yield f"**{escaped(total)}**\n"
    yield from (f"- A person has to approve: {escaped(reason)}." for reason in why)
    yield f"- Of the file: {totals(report.planned_counts, report.unit)}. The plan was made {made}."
    yield "- Approve: exactly this is done. Reject: nothing is done, the file goes back to the inbox.\n"
    yield from markdown(list(report.plan()), report.zone)
    remarks = sentences(report.problems(), report.unit)[:20]
    if remarks:
        yield f"\n{report.unit.capitalize()}s that would come back:\n"
        yield from (f"- {escaped(remark)}" for remark in remarks)


def _name(user: Any) -> str:
    """Who answered, as Airflow knows them."""
    if not user:
        return "nobody"
    return str(user.get("name") or user.get("id")) if isinstance(user, dict) else str(user)
