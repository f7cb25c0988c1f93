"""The only task of `toolsync_check`: it looks at everything that a site's runs need, and says what to do."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import RUN_PID
from toolsync.checking.findings import LOOK, WRONG, lines, summary
from toolsync.operators.base import ToolSyncOperator
from toolsync.params import check_params
from toolsync.reporting.scheduler import SEEN
from toolsync.reporting.verdict import MESSAGE
from toolsync.settings import DAGS

LEVELS = {WRONG: logging.ERROR, LOOK: logging.WARNING}
RETURNED = "return_value"


class CheckOperator(ToolSyncOperator):
    """Checks a site. It changes nothing.

    :return: `findings`, a list of `area`, `state`, `sentence` and `do`; it is there, too, when the task fails because something is wrong.
    """

    def perform(self, context: Any) -> dict[str, Any]:
        from toolsync.checking.checks import look_at
        from toolsync.checking.ground import Ground
        from toolsync.checking.settings_page import mistakes

        check_params(context)
        by_hand, kept = RUN_PID in os.environ, context.get("task_state_store")
        seen: Any = None if by_hand or kept is None else kept.get(SEEN)
        folder = DAGS if DAGS.is_dir() else Path(context["dag"].fileloc).parent
        sane = mistakes(self.site)[1]
        found = look_at(Ground(sane, self.site, folder, seen, by_hand))
        result = {"findings": [finding.as_json() for finding in found]}
        for state, line in lines(result["findings"]):
            self.log.log(LEVELS.get(state, logging.INFO), "%s", line)
        told = summary(found)
        if any(finding.state == WRONG for finding in found):
            context["ti"].xcom_push(RETURNED, result)
            raise AirflowFailException(told)
        self.log.info("%s", told)
        context["ti"].xcom_push(MESSAGE, told)
        return result
