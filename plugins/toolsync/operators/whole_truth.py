"""The tasks of the types whose files may state the whole truth, where they differ from those of other CSV files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.approve import ApproveOperator
from toolsync.operators.archive import ArchiveOperator, as_text
from toolsync.operators.base import ClaimOperator
from toolsync.operators.collect import CollectOperator
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.steps import Steps
from toolsync.reporting.plan import write_csv
from toolsync.reporting.report import Report
from toolsync.running.whole_truth import WholeTruthRun

# Nobody is enrolled by these from a file: they have their people from elsewhere, or have none.
NOT_FROM_FILES = ("-", "cohort", "guest", "meta")


class CollectWholeTruthOperator(CollectOperator):
    """Claims files, after checking that Params say whose whole truth they state."""

    def check(self, params: Mapping[str, Any]) -> None:
        super().check(params)
        if problems := list(scope_problems(params)):
            raise AirflowFailException(" ".join([*problems, "Nothing was done. Correct it and trigger the DAG again."]))


def scope_problems(params: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the Params that name a scope: it is always named, never implied."""
    if params["mode"] != "full":
        return
    if "scope_auth" in params and not _text(params, "scope_auth"):
        yield "Param mode is full, so Param scope_auth must name the authentication method of the accounts that the file is about, such as manual."
    if params.get("scope") == "category" and not _text(params, "scope_category"):
        yield "Param scope is category, so Param scope_category must name one."
    if params.get("scope") == "courses" and _text(params, "scope_category"):
        yield "Param scope_category names a category, and Param scope is courses: set it to category."
    if params.get("default_method") in NOT_FROM_FILES:
        yield f"Param mode is full, and Param default_method is {params['default_method']}: a file can't state who is enrolled so."


def takes_away(options: Mapping[str, Any]) -> bool:
    """Whether what a file does not name goes, going by the Params of its run; those of an earlier version say nothing of it."""
    return options.get("mode") == "full" and options["missing"] != "report"


def _text(params: Mapping[str, Any], name: str) -> str:
    return (params[name] or "").strip()


class ExecuteWholeTruthOperator(ExecuteOperator):
    """Also does with what the file does not name as Param `missing` says."""

    run_class = WholeTruthRun

    def check_approval(self, cabinet: Cabinet, claim: Claim) -> None:
        if takes_away(claim.options):
            super().check_approval(cabinet, claim)


class _WhereSomethingGoes(ClaimOperator):
    """Has nothing to do for a file that takes nothing away: then it asks the cabinet nothing, which may be far away."""

    def perform(self, context: Any) -> Any:
        if takes_away(Claim(**self.claim).options):
            return super().perform(context)
        self.log.info("Nothing to do: what the file does not name stays as it is.")
        return {}


class PlanWholeTruthOperator(_WhereSomethingGoes, PlanOperator):
    """Shows what the file does not name and would go."""

    run_class = WholeTruthRun


class ApproveWholeTruthOperator(_WhereSomethingGoes, ApproveOperator):  # type: ignore[misc]  # no template fields of the form
    """Asks a person above the limits of the Params."""


class ArchiveWholeTruthOperator(ArchiveOperator):
    """Adds to the report what the file does not name, where nothing is to be done about it."""

    def attach(self, cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
        attached = super().attach(cabinet, claim, report)
        rows = report.missing_rows()
        if report.missing is None or report.missing_goes or (first := next(rows, None)) is None:
            return attached
        with cabinet.writing("report", claim.named("missing", ".csv")) as (stream, path), as_text(stream) as text:
            write_csv(chain([first], rows), text, report.zone)
        return {**attached, "missing": str(path)}


WHOLE_TRUTH = Steps(
    collect=CollectWholeTruthOperator,
    plan=PlanWholeTruthOperator,
    approve=ApproveWholeTruthOperator,
    execute=ExecuteWholeTruthOperator,
    archive=ArchiveWholeTruthOperator,
)
