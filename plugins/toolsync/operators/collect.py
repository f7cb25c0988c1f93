"""The task that takes files out of the inbox."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import NEVER_EXPIRE

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.durability import DO, why_lost
from toolsync.cabinet.folders import Cabinet, StillInInbox
from toolsync.cabinet.inboxes import inbox_is_there
from toolsync.cabinet.names import shown_name
from toolsync.cabinet.seen import mark, marks, unseen
from toolsync.cabinet.takeover import adopt, at_work, left_alone, resume, taken_already
from toolsync.cabinet.uploads import NoUpload, claim_upload
from toolsync.data_sets.before import why_not
from toolsync.operators.base import FileTypeOperator, check_inbox, zone_param
from toolsync.params import check_params, defaults_of
from toolsync.reporting.approval import caller
from toolsync.reporting.metrics import tell_inbox, tell_trybacks
from toolsync.reporting.plan import counted
from toolsync.schedule import by_watch, give_way, is_watched, skip_late_run, what_comes_next

COLLECTED = "collected"  # where Airflow keeps what the task has taken and said: it outlives a clear
MOST = 1000  # files of one run: Airflow maps at most 1024
# What stands in the way of one file only. Other errors are the cabinet's: no file can be taken.
OF_ONE_FILE = {errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ETXTBSY, errno.EBUSY, errno.ELOOP}


class CollectOperator(FileTypeOperator):
    """Claims the files of the inbox that match Param `files`, the rows of Param `content` or an upload, and takes over the claims of dead runs.

    A simulation, pasted rows, an upload and a file that `toolsync.run` was given concern no other file: such a run takes nothing over.
    Its XCom is the list of all claims, those that are taken over first.

    :cvar most: how many files a run has, at most.
    """

    most = MOST

    def execute(self, context: Any) -> list[dict[str, Any]]:
        try:
            return super().execute(context)
        finally:
            self.tell_waiting()

    def tell_waiting(self) -> None:
        """Tell what waits now, whatever became of the task."""
        with suppress(Exception):  # a cabinet that can't be used has been told of
            if not inbox_is_there(self.site, self.file_type):
                return
            cabinet = Cabinet(self.file_type, self.site)
            tell_inbox(cabinet)
            tell_trybacks(cabinet)

    def perform(self, context: Any) -> list[dict[str, Any]]:
        skip_late_run(context)
        check_params(context)
        check_inbox(self.site, self.file_type, context, context["dag"].dag_id)
        self.said: list[tuple[int, str]] = []
        cabinet, params, kept = Cabinet(self.file_type, self.site), context["params"], context.get("task_state_store")
        if kept is not None and (before := kept.get(COLLECTED)):
            return self.repeat(before)
        if params.get("upload") and (
            params.get("content") or params["files"] not in {"*", defaults_of(context["dag"].dag_id).get("files")}
        ):
            raise AirflowFailException(
                "Param upload names what to process, and so does Param files or content: give one of them."
            )
        if params["simulate"]:
            self.say("SIMULATION: the site and the inbox stay as they are.")
        give_way(context)
        self.watched, self.by_watch = is_watched(context["dag"]), by_watch(context)
        self.check(params)
        owner = Owner.of_run(context["run_id"])
        by_hand = caller()  # whose answer is for the files that this run takes, not for those that a dead run left
        options = {**params, "caller": by_hand} if by_hand else params
        claims, told = resume(cabinet, owner)  # of this run's earlier attempt, or what `toolsync.run` was given
        self._tell(told)
        for claim in claims:
            self.tell_claim(cabinet, claim)
        if by_hand and by_hand["given"]:
            self._tell(left_alone(cabinet, owner))
        elif given := self.rows_given(params):
            self._tell(left_alone(cabinet, owner))
            if not claims:
                content, name = given
                claims = [cabinet.claim_content(owner, {**options, "content": content}, name)]
                self.tell_claim(cabinet, claims[0])
        elif params.get("upload"):
            self._tell(left_alone(cabinet, owner))
            claims = claims or [self.take_upload(cabinet, owner, options)]
        else:
            claims += self.take_over(cabinet, owner, simulate=params["simulate"])
            claims += self.take(cabinet, owner, options, claims)
            if params["simulate"] and not by_hand and (what_next := what_comes_next(context)):
                self._tell([what_next])
        if why := why_lost(self.site):
            self._tell([f"{why} {DO}"])
        self.say(f"This run takes {counted(len(claims), ('file', 'files'))}.")
        collected = [asdict(claim) for claim in claims]
        if kept is not None:
            kept.set(
                COLLECTED, {"claims": collected, "said": [list(said) for said in self.said]}, retention=NEVER_EXPIRE
            )
        return collected

    def repeat(self, before: Any) -> list[dict[str, Any]]:
        """Return the claims of the run again, when somebody clears the task: its other tasks go on with these, or say again what became of them.

        :param before: what the task has kept.
        """
        self.log.info("The files of this run were taken before; the inbox is left to the next run.")
        for level, text in before["said"]:
            self.log.log(level, "%s", text)
        return before["claims"]

    def rows_given(self, params: Mapping[str, Any]) -> tuple[str, str] | None:
        """The rows that the Params of the run give, and the name of the file that they become; None: they give none.

        :raises AirflowFailException: what they name is not there.
        """
        return (params["content"], "pasted.csv") if params.get("content") else None

    def say(self, text: str, level: int = logging.INFO) -> None:
        """Log a sentence that a cleared task says again."""
        self.log.log(level, "%s", text)
        self.said.append((level, text))

    def tell_claim(self, cabinet: Cabinet, claim: Claim, how: str = "is claimed as") -> None:
        """Say that the run takes a file, and how large it is."""
        name = f"{claim.dropped_as}, as {claim.name}," if claim.dropped_as else claim.name
        self.say(f"{name} {how} {claim.id} ({cabinet.size(claim):,} bytes). {claim.as_lines or ''}".rstrip())

    def take_over(self, cabinet: Cabinet, owner: Owner, *, simulate: bool) -> list[Claim]:
        """Go on with what dead runs left.

        :param owner: the run.
        :param simulate: only tell what is there: a simulation executes nothing.
        """
        if simulate:
            self._tell(left_alone(cabinet, owner))
            return []
        adopted, told = adopt(cabinet, owner)
        self._tell(told)
        for claim in adopted:
            self.tell_claim(cabinet, claim, "goes on where it stopped: it was claimed by an earlier run as")
        return adopted

    def take_upload(self, cabinet: Cabinet, owner: Owner, params: Mapping[str, Any]) -> Claim:
        """Claim the upload that Param `upload` names.

        :param owner: the run.
        :param params: its Params.
        :raises AirflowFailException: it is gone, or another run has it.
        """
        for left in at_work(cabinet):
            if left.claim.upload == params["upload"] and not left.claim.simulate:
                raise AirflowFailException(
                    f"The upload {params['upload']} is in {cabinet.work(left.claim)}: {left.owner} has taken it and is not finished. "
                    "A run of the inbox that does not simulate goes on with it."
                )
        try:
            claim = claim_upload(cabinet, params["upload"], owner, params)
        except NoUpload as reason:
            raise AirflowFailException(str(reason)) from None
        self.tell_claim(cabinet, claim, f"(upload {claim.upload}) is claimed as")
        return claim

    def take(self, cabinet: Cabinet, owner: Owner, params: Mapping[str, Any], others: list[Claim]) -> list[Claim]:
        """Make the run's new claims.

        :param owner: the run.
        :param params: its Params.
        :param others: the claims that it has already.
        :raises AirflowSkipException: when there is nothing to do.
        """
        claims: list[Claim] = []
        ready, left = cabinet.waiting(params["files"], self.site.page["settle_seconds"])
        looked_at = self._looked_at(cabinet, ready)
        if self.by_watch:
            known = [name for name in ready if name not in looked_at]
            left += [
                (shown_name(name), "a run has looked at it before, and it has not changed since") for name in known
            ]
            ready = [name for name in ready if name in looked_at]
        copied = {claim.dropped_as or claim.name for claim in others if claim.simulate}
        kept_free = {cabinet.reserved(claim) for claim in others}
        ready = [name for name in ready if shown_name(name) not in copied and name not in kept_free]
        for name, claim in taken_already(cabinet).items():
            if name in ready:
                ready.remove(name)
                left.append(
                    (shown_name(name), f"a run that is not finished holds it already, in {cabinet.work(claim)}")
                )
        if len(others) + len(ready) > self.most:
            room = self.most - len(others)
            self._tell([f"{len(ready)} files are waiting: this run takes {room}, the next runs take the rest."])
        for name in ready[: max(0, self.most - len(others))]:
            try:
                taken = cabinet.claim(name, owner, params)
            except (OSError, StillInInbox) as error:
                if isinstance(error, OSError) and cabinet.local and error.errno not in OF_ONE_FILE:
                    raise
                left.append((shown_name(name), str(getattr(error, "strerror", None) or error)))
                continue
            if not (taken and taken.simulate):
                looked_at.pop(name, None)
            if taken:
                self.tell_claim(cabinet, taken)
                claims.append(taken)
        for name in ready[max(0, self.most - len(others)) :]:
            looked_at.pop(name, None)  # the next run takes it
        mark(cabinet, looked_at.values())
        self._tell([f"{name} stays in the inbox: {reason}." for name, reason in left])
        if not (claims or others):
            raise AirflowSkipException(nothing_found(cabinet, params["files"], left))
        return claims

    def _looked_at(self, cabinet: Cabinet, ready: list[str]) -> dict[str, str]:
        """The marks of the files that this run looks at, by their names, for the watch to know; none when the inbox is not watched.

        A run that the watch started looks at no file that another run has left.
        """
        if not self.watched:
            return {}
        found = unseen(cabinet, self.site.page["settle_seconds"]) if self.by_watch else marks(cabinet)
        return {name: found[name] for name in ready if name in found}

    def check(self, params: Mapping[str, Any]) -> None:
        """Check that the run is possible, before any file is touched.

        :raises AirflowFailException: when it is not.
        """
        if params["timezone"]:
            zone_param(params["timezone"])
        if why := why_not(params):
            raise AirflowFailException(f"{why} Nothing was done.")

    def _tell(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self.say(sentence, logging.WARNING)


def nothing_found(cabinet: Cabinet, pattern: str, left: list[tuple[str, str]]) -> str:
    """Why a run has nothing to do.

    :param pattern: Param `files`.
    :param left: (name, reason) of the files that match and are left alone.
    """
    inbox = cabinet.folder("inbox")
    if left:
        files = "1 file matches" if len(left) == 1 else f"{len(left)} files match"
        name, reason = left[0]
        return f"Nothing to do: {files} {pattern!r} in {inbox}, and none can be taken. {name}: {reason}."
    waiting = [shown_name(path.name) for path in cabinet.files.entries(inbox)]
    if not waiting:
        return f"Nothing to do: {inbox} is empty."
    more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
    return f"Nothing to do: no file matches {pattern!r} in {inbox}, which holds {', '.join(waiting[:3])}{more}."
