"""The task that lets the DAGs of types run the command files of a package, one after the other.

What it has done is in the work folder of the package, a record for each command file. It is written before the upload is, and before the run is started:
so whatever dies, and whoever goes on, there is one upload and one run of each.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim, new_id
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import NoUpload, receiving, remove, upload_of
from toolsync.operators.base import ClaimOperator, ToolSyncOperator
from toolsync.operators.child_runs import ChildRunOperator, told
from toolsync.operators.day import STEPS, all_needs
from toolsync.operators.feed_by_hand import run_by_hand, what_became
from toolsync.operators.feed_late import result_of_upload
from toolsync.operators.feed_settings import LIKE_OURS
from toolsync.operators.package_report import DONE, FAILED, HELD, REFUSED, PackageReport
from toolsync.params import params_of
from toolsync.reporting.pieces import EXECUTED
from toolsync.reporting.report_text import totals

FINAL = {DONE, FAILED, HELD, REFUSED}
# Params that take a file for a whole export, and what they are for a part of one, as a tryback.
OF_WHOLE = {"mode": "lines", "data_set": "", "verify": None, "least_lines": None, "keep_manual_changes": False}
# How the other Params of a whole export begin, which a part of one does not need.
BESIDE_WHOLE = ("missing", "change_", "scope")


class Made:
    """A command file of a package, and how far it is.

    :param number: its place in the order.
    :param made: what `validate` has kept of it: `type`, `name`, `params`.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim, number: int, made: Mapping[str, Any]) -> None:
        self.cabinet, self.claim, self.number = cabinet, claim, number
        self.type: str = made["type"]
        self.params: dict[str, Any] = made["params"]
        self.name = f"{PurePosixPath(claim.name).stem}_{made['name']}"
        self.of_type = Cabinet(self.type, cabinet.site)
        self.record: dict[str, Any] = cabinet.saved(claim, self._place) or {}

    @property
    def _place(self) -> str:
        return f"begun-{self.number:02}.json"  # `begun`: something of the package may have reached the site

    @property
    def state(self) -> str | None:
        """What became of it; None: that is to come."""
        return self.record.get("state")

    @property
    def run_id(self) -> str:
        """The id of its run. Another attempt gets another one, when the first run has not even taken the file."""
        again = f"__{self.record['attempt']}" if self.record["attempt"] > 1 else ""
        return f"{self.cabinet.dag_id}__{self.claim.id}__{self.number}{again}"

    def keep(self, **record: Any) -> None:
        """Keep something of it in the work folder."""
        self.record |= record
        self.cabinet.save(self.claim, self._place, self.record)

    def prepare(self) -> None:
        """Let its file be an upload, once; and have another attempt, if a run has failed without taking it."""
        if not self.record:
            self.keep(upload=new_id(), attempt=1)
        if not self.record.get("uploaded"):
            with (
                self.cabinet.opened_beside(self.claim, made_name(self.type)).open("rb") as source,
                receiving(self.of_type, self.name, f"the package {self.claim.name}", number=self.record["upload"]) as (stream, _),
            ):  # fmt: skip
                shutil.copyfileobj(source, stream)
            self.keep(uploaded=True)
        elif self.record.get("failed") == self.record["attempt"] and self.waits:
            self.keep(attempt=self.record["attempt"] + 1)

    @property
    def waits(self) -> bool:
        """Whether nothing has taken the upload, or all that did put it back."""
        try:
            return bool(upload_of(self.of_type, self.record["upload"]))
        except NoUpload:
            return False

    def conf(self, *, part: bool) -> dict[str, Any]:
        """The Params of its run.

        :param part: whether the package is a part of one.
        """
        params = params_of_made(self.of_type.dag_id, self.params, part=part)
        simulated = {"simulate": True} if self.claim.simulate else {}
        return {**params, **LIKE_OURS, **simulated, "upload": self.record["upload"]}

    def end(self, files: list[dict[str, Any]]) -> None:
        """Keep what became of it.

        :param files: what became of the files of its run, as `file_result` tells it.
        :raises AirflowFailException: it was not done to its end.
        """
        unfinished = [file for file in files if not file["report"] or file["unfit"]]
        if unfinished or not files:
            self.keep(failed=self.record["attempt"])
            said = told(unfinished[0]) if unfinished else f"It has not taken the upload {self.record['upload']}."
            raise AirflowFailException(
                f"The run {self.run_id} of {self.of_type.dag_id} was not done to its end. {said} What comes after it is not run. Clear there what failed, then "
                "this task, which goes on where it stopped: it starts another run only of a file that no run has taken."
            )
        why, state = "", DONE
        for file in files:
            if file["rejected"]:
                state, why = FAILED, "The file was rejected, and is a tryback of that type as a whole."
            elif file["refused"]:
                state, why = (
                    REFUSED,
                    f"It waits among the uploads of {self.of_type.dag_id}, as {self.record['upload']}.",
                )
            elif file["failed_over"]:
                state, why = FAILED, "Too many lines failed."
        self.keep(state=state, why=why, files=files)
        if self.claim.simulate:
            remove(self.of_type, self.record["upload"])

    def hold(self, needs: list[str]) -> None:
        """Keep that it is not run.

        :param needs: the types that it needs, with what became of them.
        """
        self.keep(state=HELD, why=f"Not run, because of {', '.join(needs)}.", files=[])

    def outcome(self) -> dict[str, Any]:
        """For the report."""
        return {"type": self.type, "name": self.name, **{name: self.record[name] for name in ("state", "why", "files")}}


class ExecutePackageOperator(ClaimOperator, ChildRunOperator):
    """Lets the DAGs of the types run the command files, in order, each as an upload. It waits for them without holding a worker.

    A type whose run failed holds those up that need it. A run that was not done to its end ends the task; cleared, it goes on.
    """

    report_class = PackageReport

    def __init__(self, *, pool: Any = None, destructive: bool = False, outlets: Any = None, **kwargs: Any) -> None:
        # It does not write to the site itself, so it waits for nobody who does. A plan may wait for an approval for days.
        # Of the DAGs that it starts, Airflow shows one.
        super().__init__(child_type="users", **{**kwargs, "execution_timeout": None})
        self.next: Made | None = None
        self.conf_of_next: dict[str, Any] = {}

    def execute(self, context: Any) -> Any:
        if self.is_by_hand(context):
            return ToolSyncOperator.execute(self, context)
        with self.telling(context):
            result = self.perform(context)
            if self.next is None:
                return result
            run_id = self.next.run_id
            self.trigger_dag_id = self.next.of_type.dag_id
            begun = self.is_started(context, run_id)
            if not begun:
                self.check_not_paused(context)
        if begun:
            self.wait_for(run_id)
        return self.start(context, run_id, self.conf_of_next)

    def execute_complete(self, context: Any, event: tuple[str, dict[str, Any]]) -> Any:
        with self.telling(context):
            cabinet, claim = Cabinet(self.file_type, self.site), Claim(**self.claim)
            waited = [made for made in all_made(cabinet, claim) if made.record.get("uploaded") and not made.state]
            if cabinet.holds(claim) and waited and waited[0].run_id in event[1]:
                waited[0].end(self.files_of(context, waited[0].type, waited[0].run_id))
        return self.execute(context)

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> dict[str, Any] | None:
        self.next = None
        by_hand = self.is_by_hand(context)
        while (made := self.next_of(cabinet, claim)) is not None:
            made.prepare()
            conf = made.conf(part=bool(self.report_class(cabinet, claim).validated.get("part")))
            if not by_hand:
                self.next, self.conf_of_next = made, conf
                return None
            self.run_now(made, conf)
        return self.finish(cabinet, claim)

    def next_of(self, cabinet: Cabinet, claim: Claim) -> Made | None:
        """The command file whose turn it is; None: all had theirs."""
        states: dict[str, str] = {}
        for made in all_made(cabinet, claim):
            if made.state is None:
                needs = all_needs(made.type) if made.type in STEPS else []
                if missing := [f"{need} ({states[need]})" for need in needs if states.get(need, DONE) != DONE]:
                    made.hold(missing)
                    self.log.warning("%s: %s. %s", made.type, made.state, made.record["why"])
                else:
                    return made
            assert made.state
            states[made.type] = made.state
        return None

    def check_not_paused(self, context: Any) -> None:
        """Check that no DAG of the types to come is paused.

        :raises AirflowFailException: one is.
        """
        assert self.next
        found = []
        for made in all_made(self.next.cabinet, self.next.claim):
            self.trigger_dag_id = made.of_type.dag_id
            if made.state is None and self.is_paused(context):
                found.append(self.trigger_dag_id)
        self.trigger_dag_id = self.next.of_type.dag_id
        if found:
            raise AirflowFailException(
                f"Paused: {', '.join(found)}. Runs of paused DAGs would wait for ever. Switch them on, then clear this task, which goes on where it stopped."
            )

    def run_now(self, made: Made, conf: dict[str, Any]) -> None:
        """Run a command file in a process of its own. An earlier one may have died, with the file in the work folder of the type."""
        dag_id, number = made.of_type.dag_id, made.record["upload"]
        result: Mapping[str, Any] | None = None
        if made.waits:
            result = run_by_hand(dag_id, conf)
        elif (result := result_of_upload(made.of_type, number)) is None:
            run_by_hand(
                dag_id, {"files": made.claim.id}
            )  # no file of the inbox has that name: it goes on with what the dead have left
            result = result_of_upload(made.of_type, number)
        if result and not result.get("claim"):
            self.log.error("%s: %s", dag_id, " ".join(result["messages"]))
        made.end([what_became(result)] if result and result.get("claim") else [])

    def finish(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        """Keep what became of the whole.

        :return: the task's XCom.
        """
        if cabinet.saved(claim, EXECUTED) is None:
            types = [made.outcome() for made in all_made(cabinet, claim)]
            counts: dict[str, int] = {}
            for each in types:
                for file in each["files"] if each["state"] != REFUSED else ():
                    for outcome, number in (file["counts"] or {}).items():
                        counts[outcome] = counts.get(outcome, 0) + number
            cabinet.save(claim, EXECUTED, {"counts": counts, "types": types})
        report = self.report_class(cabinet, claim)
        self.log.info("%s%s", "SIMULATION. " if claim.simulate else "", totals(report.counts, report.unit))
        for title, lines in report.sections():
            self.log_list(title, lines)
        return {"counts": report.counts, "stale": [], "simulated": claim.simulate}

    def repeat(self, result: Mapping[str, Any], context: Any) -> dict[str, Any]:
        super().repeat(result, context)
        return {"counts": result["counts"], "stale": [], "simulated": result["simulated"]}


def all_made(cabinet: Cabinet, claim: Claim) -> list[Made]:
    """The command files of a package, in their order."""
    made = PackageReport(cabinet, claim).validated.get("made", [])
    return [Made(cabinet, claim, number, each) for number, each in enumerate(made)]


def params_of_made(dag_id: str, given: Mapping[str, Any], *, part: bool) -> dict[str, Any]:
    """The Params of the run of a command file. What the settings have by default makes no whole export of what the package does not say to be one.

    :param dag_id: of the type's DAG.
    :param given: those that the mapping says.
    :param part: whether the package is a part of one.
    """
    known = params_of(dag_id) or {}
    plain = {name: value for name, value in OF_WHOLE.items() if name in known}
    if part:
        kept = {name: value for name, value in given.items() if name not in OF_WHOLE}
        return {name: value for name, value in kept.items() if not name.startswith(BESIDE_WHOLE)} | plain
    params = {name: value for name, value in plain.items() if name == "mode"} | dict(given)
    said = {name: param.value for name, param in known.items() if name in OF_WHOLE} | params
    if said.get("least_lines") and said.get("mode") != "full" and not said.get("data_set"):
        params["least_lines"] = None  # there is nothing that the file would be compared with
    return params


def made_name(file_type: str) -> str:
    """The name of a command file in the work folder."""
    return f"made_{file_type}.csv"
