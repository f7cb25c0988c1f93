"""The task that asks a person to approve a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.hitl import HITLUser

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle import caches
from toolsync.moodle.php import why_unusable
from toolsync.operators.base import ClaimOperator
from toolsync.operators.notifications import PlanWaits, addressees
from toolsync.reporting.approval import Approval, answered, reasons
from toolsync.reporting.metrics import tell_approvals
from toolsync.reporting.pieces import APPROVAL, ASKED
from toolsync.reporting.plan import Totals, date_time, escaped, markdown
from toolsync.reporting.report import Report
from toolsync.reporting.report_text import sentences, totals
from toolsync.reporting.verdict import NOBODY
from toolsync.settings import WrongSetting, number
from toolsync.sites import Site, the_site

REMARKS_SHOWN = 20  # in the form


class ApproveOperator(ClaimOperator, ApprovalOperator):  # type: ignore[misc]  # no template fields of the form
    """Asks a person to approve the plan of a file, without holding a worker slot while it waits. It does not wait when no approval is needed.

    `execute` follows the decision that is kept in the work folder: marking this task as success approves nothing. A run by hand never waits:
    its caller has answered in advance, or the file is not executed.
    """

    def __init__(self, *, site: Site | None = None, params: ParamsDict | None = None, **kwargs: Any) -> None:
        site = site or the_site()
        hours = number(site.page, "protection", "answer_within_hours", least=0.01)
        waiting: dict[str, Any] = (
            {"response_timeout": timedelta(hours=hours), "defaults": self.REJECT} if hours is not None else {}
        )
        if people := approvers(site):
            waiting["assigned_users"] = people
        if addressees(site):
            waiting["notifiers"] = PlanWaits()
        params = params or ParamsDict()
        params["reason"] = Param(
            "",
            type=["null", "string"],
            title="Reason",
            description="The report quotes it with your answer.",
            source="task",  # which the form shows
        )
        super().__init__(site=site, subject="Approve?", params=params, **waiting, **kwargs)

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> Any:
        if claim.simulate:
            self.log.info("Nobody has to approve a simulation, as it changes nothing.")
            return None
        report = Report(cabinet, claim)
        if report.approval and report.approval.stands:
            return self._tell(report.approval)
        if not report.planned:
            raise AirflowFailException(f"{claim.name} has no plan. Clear the task plan to make one.")
        counts = report.planned_counts
        changes = counts["created"] + counts["updated"] + counts["deleted"]
        limits = self.site.page["protection"]
        why = reasons(limits, report.plan(), changes, report.planned["at"], claim.options)
        if report.missing:
            why = list(report.missing.reasons(claim.options))
        if why and caches.CATEGORY_GONE in report.planned.get("stale", []):
            why.append(f"{caches.BROKEN}: {self._who_purges()}")
        by_hand = Owner.of_run(context["run_id"]).pid is not None
        if approval := decided_unasked(claim, why, by_hand=by_hand):
            return self._decide(cabinet, claim, approval)
        cabinet.save(claim, ASKED, {"why": why})
        tell_approvals(cabinet)
        return self._ask(claim, report, why, context)

    def _who_purges(self) -> str:
        if unusable := why_unusable(self.site.moodle_cli_conn_id):
            return f"somebody has to do that right after the run, by the command in the log of purge_caches ({unusable.rstrip('.')})"
        return "the task purge_caches does that right after the change"

    def repeat(self, result: Mapping[str, Any], context: Any) -> Any:
        super().repeat(result, context)
        return result.get("approval")

    def _ask(self, claim: Claim, report: Report, why: list[str], context: Any) -> Any:
        total = Totals.of(report.plan()).sentence(report.zone)
        self.subject = f"{context['dag'].dag_id}, {claim.name}: {total}"
        self.body = "\n".join(form(report, why, total))
        for reason in why:
            self.log.info("Waiting for approval: %s.", reason)
        return ApprovalOperator.execute(self, context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        with self.telling(context):
            self._take_answer(event)
        return super().execute_complete(context, event)

    def _take_answer(self, event: dict[str, Any]) -> None:
        """Keep a person's answer in the work folder."""
        cabinet, claim = Cabinet(self.file_type, self.site), Claim(**self.claim)
        if "error" not in event and cabinet.holds(claim):
            yes = event["chosen_options"] == [self.APPROVE]
            hours = self.site.page["protection"]["answer_within_hours"]
            reason = (event["params_input"] or {}).get("reason")
            if event.get("timedout"):
                reason = f"nobody answered within {hours} hours"
            why = (cabinet.saved(claim, ASKED) or {}).get("why") or ["a person was asked"]
            answer, by = "yes" if yes else "no", _name(event.get("responded_by_user"))
            self._decide(cabinet, claim, answered(answer, by, why, at=event.get("responded_at"), reason=reason))

    def _decide(self, cabinet: Cabinet, claim: Claim, approval: Approval) -> dict[str, Any]:
        cabinet.save(claim, APPROVAL, approval.as_json())
        if cabinet.saved(claim, ASKED):
            tell_approvals(cabinet)
        return self._tell(approval)

    def _tell(self, approval: Approval) -> dict[str, Any]:
        for sentence in approval.sentences():
            self.log.info(sentence)
        return approval.as_json()


def approvers(site: Site) -> list[HITLUser]:
    """Who may answer, as the settings of a site name them; empty: whoever may answer in Airflow at all.

    :raises WrongSetting: they name something else.
    """
    named = site.page["protection"].get("approvers") or []
    people = (
        [{"id": one, "name": one} if isinstance(one, str) else one for one in named]
        if isinstance(named, list)
        else [named]
    )
    if not all(
        isinstance(one, dict) and set(one) == {"id", "name"} and all(isinstance(value, str) for value in one.values())
        for one in people
    ):
        raise WrongSetting(
            f'{site.place("protection", "approvers")}: expected a list of user names, or of users such as {{id: "3", name: Ada}}, found {named!r}.'
        )
    return [HITLUser(id=one["id"], name=one["name"]) for one in people]


def decided_unasked(claim: Claim, why: list[str], *, by_hand: bool) -> Approval | None:
    """The decision on a plan when no person has to be asked in Airflow; None when one has to.

    :param why: the reasons why a person has to approve.
    :param by_hand: whether `toolsync.run` runs the DAG, where nobody can be asked.
    """
    caller = claim.options.get("caller") or {"answer": None}
    if caller["answer"] == "no" or (caller["answer"] and why):
        return answered(caller["answer"], caller["by"], why)
    return Approval(bool(why), why) if by_hand or not why else None


def form(report: Report, why: list[str], total: str) -> Iterator[str]:
    """The lines of the approval form, in Markdown."""
    yield f"**{escaped(total)}**\n"
    yield from (f"- Approval is needed: {escaped(reason)}." for reason in why)
    if report.missing:
        yield f"- {escaped(report.missing.sentence)}."
    yield f"- {'What it does about that' if report.missing else 'The whole file'}: {totals(report.planned_counts, report.unit)}."
    yield f"- The plan was made at {date_time(report.planned['at'], report.zone)}."
    yield "- Approve: exactly this is done. Reject: nothing is changed, and the file goes back to where it was.\n"
    yield from markdown(list(report.plan()), report.zone)
    if remarks := sentences(report.problems(), report.unit)[:REMARKS_SHOWN]:
        yield f"\n{report.unit.capitalize()}s that would fail:\n"
        yield from (f"- {escaped(remark)}" for remark in remarks)


def _name(user: Any) -> str:
    """The name of the person who answered, from Airflow."""
    if not user:
        return NOBODY
    return str(user.get("name") or user.get("id")) if isinstance(user, dict) else str(user)
