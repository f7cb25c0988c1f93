"""The task that takes files out of the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import FileTypeOperator, zone_param
from toolsync.reporting.approval import caller
from toolsync.settings import settings

MOST = 1000  # files of one run; Airflow maps 1024 at the most


class CollectOperator(FileTypeOperator):
    """Claims the inbox files that match Param `files` (or the rows of Param `content`), and what a dead run left in work.

    :return: a claim for each file, in the order of their names.
    """

    def execute(self, context: Any) -> list[dict[str, Any]]:
        cabinet, params = Cabinet(self.file_type), context["params"]
        self.check(params)
        owner = Owner.of_run(context["run_id"])
        claims = list(cabinet.claims(owner))
        for claim in claims:
            self.log.info("%s: already claimed, its work goes on where it stopped.", claim.name)
        by_hand = caller()  # whose answer holds for what this run takes, not for what a dead run left
        options = {**params, "caller": by_hand} if by_hand else params
        claims += self.take(cabinet, owner, options, len(claims))
        return [asdict(claim) for claim in claims]

    def take(self, cabinet: Cabinet, owner: Owner, params: Mapping[str, Any], waiting: int) -> list[Claim]:
        """Make the run's new claims.

        :param waiting: claims whose work goes on.
        :raises AirflowSkipException: there is nothing to do.
        """
        if params.get("content"):
            return [] if waiting else [cabinet.claim_content(owner, params)]
        claims: list[Claim] = []
        ready, left = cabinet.waiting(params["files"], settings()["settle_seconds"])
        for name, reason in left:
            self.log.warning("%s stays in the inbox: %s.", name, reason)
        if waiting + len(ready) > MOST:
            self.log.warning("%s files wait; this run takes %s, the next ones the others.", len(ready), MOST - waiting)
        for name in ready[: max(0, MOST - waiting)]:
            if taken := cabinet.claim(name, owner, params):
                self.log.info("%s: claimed as %s.", name, taken.id)
                claims.append(taken)
        if not (claims or waiting):
            raise AirflowSkipException(f"No file matches {params['files']!r} in {cabinet.folder('inbox')}.")
        return claims

    def check(self, params: Mapping[str, Any]) -> None:
        """Check that the run is possible, before any file is touched.

        :raises AirflowFailException: it is not.
        """
        if params["timezone"]:
            zone_param(params["timezone"])
