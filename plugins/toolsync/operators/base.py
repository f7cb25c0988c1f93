"""What the operators share."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any

from airflow.sdk import BaseOperator, RetryAction, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.inboxes import inbox_is_there
from toolsync.cabinet.records import UnreadableRecord
from toolsync.cabinet.storage import CabinetUnusable, explained, read_text
from toolsync.moodle.errors import is_of_server
from toolsync.operators.lineage import Lineage
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite
from toolsync.reading.texts import printable, printable_lines
from toolsync.reading.values import UnreadableValue, read_zone
from toolsync.reporting.approval import caller
from toolsync.reporting.report import Report
from toolsync.reporting.verdict import MESSAGE, OUTAGE
from toolsync.settings import WrongSetting
from toolsync.sites import Site, the_site

FOLDED_OVER = 8  # a longer list of a log folds in the Airflow UI
stopped = threading.Event()  # whether somebody wants this process to end


class Failure(SystemExit):
    """Ends a task as failed: all is said. Airflow logs any other exception with its traceback, and an expected end must not look like a crash.

    :param sentence: why, which is in the log already.
    :param final: whether trying again would not help.
    """

    def __init__(self, sentence: str, *, final: bool) -> None:
        super().__init__(sentence)
        self.code = 1
        self.final = final


class TryAgain(RetryPolicy):
    """Tries a task again as its `retries` say, unless that would not help."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        final = isinstance(exception, Failure) and exception.final
        return RetryDecision(RetryAction.FAIL if final else RetryAction.DEFAULT)


class ToolSyncOperator(BaseOperator):
    """Works for a site, and says why it fails or is skipped in a line of its log, without a traceback.

    :param site: the Moodle site; None: the only one.
    """

    def __init__(self, *, site: Site | None = None, **kwargs: Any) -> None:
        super().__init__(retry_policy=TryAgain(), **kwargs)
        self.site = site or the_site()

    def execute(self, context: Any) -> Any:
        with self.telling(context):
            return self.perform(context)

    @contextmanager
    def telling(self, context: Any) -> Iterator[None]:
        """Say why what is done here fails or is skipped.

        :raises Failure: it fails for a reason that there are words for.
        """
        try:
            with in_words(self.site):
                yield
        except AirflowException as reason:
            skipped = isinstance(reason, AirflowSkipException)
            said = printable_lines(str(reason))
            self.log.log(logging.WARNING if skipped else logging.ERROR, "%s", said)
            context["ti"].xcom_push(MESSAGE, said)
            if isinstance(reason.__cause__, OSError) or is_of_server(reason.__cause__):
                context["ti"].xcom_push(OUTAGE, said)
            if skipped:
                raise
            raise Failure(said, final=isinstance(reason, AirflowFailException)) from None
        except Exception as error:
            context["ti"].xcom_push(
                MESSAGE,
                f"The task {self.task_id} met an error that it has no words for ({type(error).__name__}); its log has it.",
            )
            raise

    def on_kill(self) -> None:
        """Stop at once: somebody has ended the task, in Airflow or by a signal. What is not committed is rolled back.

        :raises KeyboardInterrupt: always.
        """
        stopped.set()
        raise KeyboardInterrupt("stopped from outside")

    def perform(self, context: Any) -> Any:
        """Do the task's work.

        :return: the task's XCom.
        """
        raise NotImplementedError


@contextmanager
def in_words(site: Site) -> Iterator[None]:
    """Turn what a site's cabinet, its settings and the clock say into what Airflow knows."""
    try:
        with explained(site):
            yield
    except AirflowTaskTimeout:
        # Airflow itself would call `on_kill`, which is for people who stop a task.
        raise AirflowException(
            "The task took longer than `task_hours` (include/toolsync.yaml), so it was stopped. What was not committed is undone; the file goes on where "
            "it stopped when Airflow tries again, the task is cleared or the DAG runs again."
        ) from None
    except WrongSetting as reason:
        raise AirflowFailException(f"{reason} Nothing more was done.") from None
    except UnreadableRecord as reason:
        raise AirflowFailException(str(reason)) from None
    except CabinetUnusable as reason:
        raise AirflowException(str(reason)) from reason.__cause__


class FileTypeOperator(ToolSyncOperator):
    """Works on files of one type.

    :param file_type: the command-file type, `users`.
    """

    def __init__(self, *, file_type: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def log_list(self, title: str, lines: Sequence[str]) -> None:
        """Log lines under a title, if there are any; many of them as a group that folds in the Airflow UI."""
        folded = len(lines) > FOLDED_OVER
        if folded:
            self.log.info("::group::%s (%s)", printable(title), len(lines))
        elif lines:
            self.log.info("%s:", printable(title))
        for line in lines:
            self.log.info("  %s", printable(line))
        if folded:
            self.log.info("::endgroup::")

    def log_report(self, text: str) -> None:
        """Log the text of a report line by line, its lists as `log_list` does."""
        lines = text.splitlines()
        while lines:
            title, length = lines.pop(0), 0
            while length < len(lines) and lines[length].startswith("  "):
                length += 1
            listed, lines = lines[:length], lines[length:]
            if len(listed) > FOLDED_OVER:
                self.log_list(title.removesuffix(":"), [line.removeprefix("  ") for line in listed])
                continue
            for line in [title, *listed]:
                self.log.info("%s", printable(line))


class ClaimOperator(FileTypeOperator):
    """Works on one claimed command file.

    :param claim: what `collect` returned for the file.
    :cvar report_class: what tells what became of the file so far.
    """

    report_class: type[Report] = Report

    template_fields: Sequence[str] = ("claim",)
    began = 0.0  # when the work on the file began, as `time.perf_counter` tells it

    def __init__(self, *, claim: Any, **kwargs: Any) -> None:
        super().__init__(map_index_template="{{ task.claim['name'] }}", **kwargs)
        self.claim = claim
        self.lineage = Lineage()

    def perform(self, context: Any) -> Any:
        cabinet, claim = Cabinet(self.file_type, self.site), Claim(**self.claim)
        if claim.simulate:
            self.log.info("SIMULATION of %s: the site and the inbox stay as they are.", claim.name)
        if cabinet.holds(claim):
            self.began, self.lineage = time.perf_counter(), Lineage.of(cabinet, claim)
            return self.process(cabinet, claim, context)
        result = cabinet.result(claim)
        if result is None or "claim" not in result:  # a report of version 0.1 tells less
            self.log.warning(
                "%s is no longer in the work folder, and there is no report to tell again what became of it: nothing to do.",
                claim.name,
            )
            return None
        self.log.info("%s was finished before. What became of it:", claim.name)
        return self.repeat(result, context)

    def repeat(self, result: Mapping[str, Any], context: Any) -> Any:
        """Say again what became of a file that is finished, when somebody clears the task.

        :param result: the report as JSON.
        :return: the task's XCom, as it was.
        """
        self.log_report(text_of(result, self.site))

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> Any:
        """Do the task's work on a file.

        :return: the task's XCom.
        """
        raise NotImplementedError

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What the provider of OpenLineage asks for when the task has ended, well or not."""
        return self.lineage.as_facets()

    @property
    def seconds(self) -> float:
        """For how long the task has been working on the file."""
        return time.perf_counter() - self.began

    def open_file(self, cabinet: Cabinet, claim: Claim) -> CommandFile:
        """Open the claimed file and read its header.

        :raises FileRejected: when the file can't be used.
        """
        suite, params = load_suite(self.file_type), claim.options
        return CommandFile.open(
            cabinet.opened(claim),
            suite=suite,
            delimiter=params["delimiter"],
            encoding=params["encoding"],
            key_column=params[suite.key.param] if suite.key else None,
            ignore_unknown_columns=params["ignore_unknown_columns"],
        )


def check_inbox(site: Site, file_type: str, context: Any, dag_id: str) -> None:
    """Check that the cabinet is where it was. Else its folders would be made where its disk was, and runs would find nothing to do, night after night.

    :param dag_id: that of the type.
    :raises AirflowException: it is gone.
    """
    if caller() or inbox_is_there(site, file_type) or not context["ti"].get_dr_count(dag_id, states=["success"]):
        return
    raise AirflowException(
        f"The cabinet {site.cabinet_shown} has no folder {file_type}/inbox any more, which earlier runs had: its disk is not mounted on this "
        "worker, or somebody removed it. Nothing was done. Mount it, then clear the task or run the DAG again. A cabinet that is new on purpose gets its "
        "folders when Airflow starts."
    )


def text_of(result: Mapping[str, Any], site: Site) -> str:
    """The text of a report of a site.

    :param result: the report as JSON.
    """
    try:
        return read_text(result["report"], site)
    except FileNotFoundError:
        return f"The report {result['report']} is gone."


def zone_param(name: str) -> tzinfo:
    """The timezone that Param `timezone` names.

    :raises AirflowFailException: there is no such timezone.
    """
    try:
        return read_zone(name)
    except UnreadableValue as error:
        raise AirflowFailException(f"Param timezone: {error}. Nothing was changed.") from None
