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

MOST = 1000  # files of one run: Airflow maps at most 1024


class CollectOperator(FileTypeOperator):
    """Claims the files of the inbox that match Param `files`, or the rows of Param `content`, and takes over the claims of dead runs.

    Its XCom is the list of all claims, those that are taken over first.
    """

    def execute(self, context: Any) -> list[dict[str, Any]]:
        cabinet, params = Cabinet(self.file_type), context["params"]
        self.check(params)
        owner = Owner.of_run(context["run_id"])
        claims = list(cabinet.claims(owner))
        for claim in claims:
            self.log.info(
                "%s was claimed by an earlier run as %s: this run goes on where it stopped.", claim.name, claim.id
            )
        by_hand = caller()  # whose answer is for the files that this run takes, not for those that a dead run left
        options = {**params, "caller": by_hand} if by_hand else params
        claims += self.take(cabinet, owner, options, len(claims))
        return [asdict(claim) for claim in claims]

    def take(self, cabinet: Cabinet, owner: Owner, params: Mapping[str, Any], waiting: int) -> list[Claim]:
        """Make the run's new claims.

        :param owner: the run.
        :param params: its Params.
        :param waiting: the number of claims that were taken over.
        :raises AirflowSkipException: when there is nothing to do.
        """
        if params.get("content"):
            return [] if waiting else [cabinet.claim_content(owner, params)]
        claims: list[Claim] = []
        ready, left = cabinet.waiting(params["files"], settings()["settle_seconds"])
        for name, reason in left:
            self.log.warning("%s stays in the inbox: %s.", name, reason)
        if waiting + len(ready) > MOST:
            self.log.warning(
                "%s files are waiting: this run takes %s, the next runs take the rest.", len(ready), MOST - waiting
            )
        for name in ready[: max(0, MOST - waiting)]:
            if taken := cabinet.claim(name, owner, params):
                self.log.info("%s is claimed as %s.", name, taken.id)
                claims.append(taken)
        if not (claims or waiting):
            raise AirflowSkipException(f"No file matches {params['files']!r} in {cabinet.folder('inbox')}.")
        return claims

    def check(self, params: Mapping[str, Any]) -> None:
        """Check that the run is possible, before any file is touched.

        :raises AirflowFailException: when it is not.
        """
        if params["timezone"]:
            zone_param(params["timezone"])
