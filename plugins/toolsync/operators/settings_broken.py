"""The only task of a DAG that can't be made, because the settings of its site are wrong."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator


class SettingsBrokenOperator(BaseOperator):
    """Fails, and says why.

    :param reason: where the settings are wrong, and how.
    """

    def __init__(self, *, reason: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reason = reason

    def execute(self, context: Any) -> None:
        from toolsync.operators.base import MESSAGE, Failure

        context["ti"].xcom_push(MESSAGE, self.reason)  # for the note on the run
        self.log.error("%s Nothing was done. Correct it; the DAG is made again within a minute.", self.reason)
        raise Failure(self.reason, final=True)
