"""What the operators share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.records import UnreadableRecord
from toolsync.cabinet.storage import CabinetUnusable, explained
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite
from toolsync.reading.texts import printable, printable_lines
from toolsync.reading.values import UnreadableValue, read_zone
from toolsync.settings import WrongSetting

MESSAGE = "message"  # the XCom in which a task that fails or is skipped says why
stopped = threading.Event()  # whether somebody wants this process to end


class ToolSyncOperator(BaseOperator):
    """Says why it fails or is skipped in a line of its log of its own: what Airflow logs of an exception is folded away."""

    def execute(self, context: Any) -> Any:
        with self.telling(context):
            return self.perform(context)

    @contextmanager
    def telling(self, context: Any) -> Iterator[None]:
        """Say why what is done here fails or is skipped."""
        try:
            with in_words():
                yield
        except AirflowException as reason:
            level = logging.WARNING if isinstance(reason, AirflowSkipException) else logging.ERROR
            said = printable_lines(str(reason))
            self.log.log(level, "%s", said)
            context["ti"].xcom_push(MESSAGE, said)
            raise
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
def in_words() -> Iterator[None]:
    """Turn what the cabinet, the settings and the clock say into what Airflow knows."""
    try:
        with explained():
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
        """Log lines as a group that folds in the Airflow UI."""
        if lines:
            self.log.info("::group::%s (%s)", title, len(lines))
            for line in lines:
                self.log.info("%s", printable(line))
            self.log.info("::endgroup::")


class ClaimOperator(FileTypeOperator):
    """Works on one claimed command file.

    :param claim: what `collect` returned for the file.
    """

    template_fields: Sequence[str] = ("claim",)

    def __init__(self, *, claim: Any, **kwargs: Any) -> None:
        super().__init__(map_index_template="{{ task.claim['name'] }}", **kwargs)
        self.claim = claim

    def perform(self, context: Any) -> Any:
        cabinet, claim = Cabinet(self.file_type), Claim(**self.claim)
        if not cabinet.holds(claim):
            self.log.info("%s is no longer in the work folder: an earlier run finished it. Nothing to do.", claim.name)
            return None
        return self.process(cabinet, claim, context)

    def process(self, cabinet: Cabinet, claim: Claim, context: Any) -> Any:
        """Do the task's work on a file.

        :return: the task's XCom.
        """
        raise NotImplementedError

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


def zone_param(name: str) -> tzinfo:
    """The timezone that Param `timezone` names.

    :raises AirflowFailException: there is no such timezone.
    """
    try:
        return read_zone(name)
    except UnreadableValue as error:
        raise AirflowFailException(f"Param timezone: {error}. Nothing was changed.") from None
