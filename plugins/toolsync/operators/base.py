"""What the operators of a claimed file have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite


class ClaimOperator(BaseOperator):
    """Works on one claimed command file.

    :param file_type: the command-file type, `users`.
    :param claim: what `collect` returned for the file.
    """

    template_fields: Sequence[str] = ("claim",)

    def __init__(self, *, file_type: str, claim: Any, **kwargs: Any) -> None:
        super().__init__(map_index_template="{{ task.claim['name'] }}", **kwargs)
        self.file_type = file_type
        self.claim = claim

    def execute(self, context: Any) -> Any:
        cabinet, claim = Cabinet(self.file_type), Claim(**self.claim)
        if not cabinet.input(claim).exists():
            self.log.info("%s is not in the work folder any more: it was treated to the end before.", claim.name)
            return None
        return self.treat(cabinet, claim, context)

    def treat(self, cabinet: Cabinet, claim: Claim, context: Any) -> Any:
        """The task's own work."""
        raise NotImplementedError

    def open_file(self, cabinet: Cabinet, claim: Claim) -> CommandFile:
        """The claimed file, its header read.

        :raises FileRejected: when it can't be used.
        """
        suite, params = load_suite(self.file_type), claim.options
        return CommandFile.open(
            cabinet.input(claim),
            suite=suite,
            delimiter=params["delimiter"],
            encoding=params["encoding"],
            key_column=params[suite.key.param] if suite.key else None,
            ignore_unknown_columns=params["ignore_unknown_columns"],
        )

    def log_list(self, title: str, lines: Sequence[str]) -> None:
        """Log lines as a group that folds in the Airflow UI."""
        if lines:
            self.log.info("::group::%s (%s)", title, len(lines))
            for line in lines:
                self.log.info(line)
            self.log.info("::endgroup::")
