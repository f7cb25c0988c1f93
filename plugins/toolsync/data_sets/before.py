"""What a file is compared with, and what that means for its lines.

`validate` compares; so does `execute`, if another file of the data set was applied meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from typing import Any

from toolsync.cabinet.claims import AS_LINES, Claim
from toolsync.cabinet.data_sets import WHOLE, DataSet, State
from toolsync.cabinet.folders import Cabinet
from toolsync.data_sets.compare import Compared, compare
from toolsync.data_sets.things import things_of
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import FileProblem, FileRejected
from toolsync.reporting.line_set import LineSet
from toolsync.reporting.pieces import SAME
from toolsync.settings import INCLUDE

COMPARED = "data-set.npz"  # in the work folder
# What the state is bound to and only the database tells: which site it is, and the last file of the data set that is marked there.
SITE, MARK = "site", "mark"
OF_DATABASE = {SITE, MARK}
# Params that say nothing of what a line does, or that go into what is compared by themselves.
OTHER_PARAMS = {
    *("files", "content", "upload", "uploaded", "delimiter", "simulate", "fail_over", "undo", "moodle_log"),
    *("require_approval", "accept_newer", "caller", "given", "pasted"),
    *("data_set", "verify", "least_lines", "keep_manual_changes"),
    *("mode", AS_LINES, "missing", "change_threshold", "change_limit"),
}  # fmt: skip
OF_SCOPE = {"default_method", "category_id_field"}  # what says which scope a file is about, with the Params scope…
RECORDS = 1000  # read at once: what is forgotten soon costs Python less
LEAST_OF_ALL = 80  # per cent: `least_lines` of a file that states the whole truth
TOO_SHORT = "too short"


def name_of(options: Mapping[str, Any]) -> str:
    """The name under which something is kept of a file for the next one; empty: nothing is."""
    if (name := options.get("data_set")) or options.get("mode") != "full":
        return name or ""
    scope = [
        str(value or "") for name, value in sorted(options.items()) if name.startswith("scope") or name in OF_SCOPE
    ]
    return WHOLE + blake2b("\0".join(scope).encode(), digest_size=6).hexdigest()


def why_not(params: Mapping[str, Any]) -> str | None:
    """Why a run with these Params makes no sense, in a sentence; None: it does."""
    if params.get("keep_manual_changes") and not (params.get("data_set") and params.get("undo")):
        return "Param keep_manual_changes needs a name in Param data_set, and Param undo: they say what files wrote before, and what a line changes now."
    if params.get("data_set"):
        return None
    if params.get("verify") is not None:
        return "Param verify is about the files of a data set: name it in Param data_set."
    if params.get("least_lines") and not name_of(params):
        return "Param least_lines compares the file with the last one of a data set: name it in Param data_set."
    return None


@dataclass(frozen=True)
class Before:
    """The last file of a data set, beside the one that is claimed.

    :param claim: of the file.
    :param file: the file.
    :param data_set: where the last one is known.
    :param state: what is known of it; None: nothing.
    """

    claim: Claim
    file: CommandFile
    data_set: DataSet
    state: State | None

    @classmethod
    def of(cls, cabinet: Cabinet, claim: Claim, file: CommandFile) -> Before | None:
        """What is known of the file before; None: the file belongs to no data set."""
        if not (name := name_of(claim.options)):
            return None
        data_set = DataSet(cabinet, name)
        return cls(claim, file, data_set, data_set.state())

    @property
    def salt(self) -> str:
        """What goes into each hash."""
        return self.state.salt or self.claim.id if self.state else self.claim.id

    @property
    def compares(self) -> bool:
        """Whether the lines are compared, and not only counted."""
        return bool(self.claim.options.get("data_set"))

    @cached_property
    def bound(self) -> dict[str, Any]:
        """What has to be the same, apart from the site, for the two files to be compared; by what it is called."""
        file, options = self.file, self.claim.options
        suite = (INCLUDE / "expectations" / f"{file.suite.name}.json").read_bytes()
        params = {f"Param {name}": value for name, value in options.items() if not _is_other(name)}
        return {
            "the header": list(file.header.written),
            "the delimiter": file.delimiter,
            "the suite of the type": blake2b(suite, digest_size=16).hexdigest(),
            **params,
        }

    def why_anew(self, site: Mapping[str, str] | None = None) -> str | None:
        """Why the file can't be compared with the last one; None: it can.

        :param site: what the database tells, `OF_DATABASE`; None: that is not known yet.
        """
        if self.state is None:
            return "nothing is known of a file before this one"
        if not self.state.claim:
            return "a run of it was undone"
        bound, kept = self.bound, self.state.bound
        if site is not None and kept.get(SITE) != site[SITE]:
            return "the last file was applied to another site"
        if site is not None and kept.get(MARK, "") != site[MARK]:
            return "the site does not know the last file: its database was put back to an earlier state, or its table cache_flags was emptied"
        differ = [what for what in {*bound, *kept} - OF_DATABASE if bound.get(what) != kept.get(what)]
        return f"not as it was for the last file: {', '.join(sorted(differ))}" if differ else None

    def check_length(self, lines: int) -> None:
        """Check that the file is not much shorter than the last one.

        :param lines: the number of its lines.
        :raises FileRejected: it is.
        """
        options = self.claim.options
        least = options.get("least_lines")
        if options.get("mode") == "full":
            least = LEAST_OF_ALL if least is None else least
        elif self.claim.is_tryback:
            return
        if not least or self.state is None or lines * 100 >= self.state.lines * least:
            return
        of = (
            f"the data set {self.data_set.name}"
            if self.compares
            else "this type that stated the whole truth about this scope"
        )
        named = f" ({self.state.lines_of})" if self.state.lines_of else ""
        message = (
            f"the file has {lines:,} lines, and the last file of {of}{named} had {self.state.lines:,}: Param least_lines asks for at least "
            f"{least:g} % of them. If the file is whole all the same, run it with Param least_lines 0"
        )
        raise FileRejected([FileProblem(TOO_SHORT, "", message)])

    def compare(self, site: Mapping[str, str] | None = None) -> Comparison:
        """Find out which lines have to run.

        :param site: as for `why_anew`.
        """
        anew = self.why_anew(site)
        known = self.state if self.state and not anew else None
        compared = compare(
            chain.from_iterable(self.file.records(RECORDS)),
            things_of(self.file.suite.name, self.file.header, self.claim.options),
            self.salt,
            known.entries if known else b"",
        )
        same = LineSet.of(compared.lines[~compared.runs].tolist())
        verify = self.claim.options.get("verify")
        verifies = bool(known and verify and known.since + 1 >= verify)
        if verifies:
            compared.runs[:] = True
        return Comparison(self, compared, same, anew, verifies)


@dataclass(frozen=True)
class Comparison:
    """What comparing found.

    :param compared: the file, line by line; all its lines run if it `verifies`.
    :param alike: the lines that are as in the last file.
    :param anew: why there was nothing to compare with; None: there was.
    :param verifies: whether those lines run all the same.
    """

    before: Before
    compared: Compared
    alike: LineSet
    anew: str | None
    verifies: bool

    @property
    def lines(self) -> int:
        """The number of lines of the file."""
        return len(self.compared.lines)

    @property
    def same(self) -> LineSet:
        """The lines that don't run."""
        return LineSet() if self.verifies else self.alike

    @property
    def note(self) -> str:
        """What the report says of it."""
        name, state = f"Data set {self.before.data_set.name}", self.before.state
        if self.anew or state is None:
            return f"{name}: the whole file is applied, because {self.anew}."
        alike, lines = len(self.alike), self.lines
        last = f"in the last file, {state.file} of {state.at[:10]}"
        if self.verifies:
            return (
                f"{name}: the whole file is applied, as Param verify says. {alike:,} of {lines:,} lines are as {last}."
            )
        cut_off = "" if state.settled else ", which was cut off: only what that run left alone is known"
        return f"{name}: {alike:,} of {lines:,} lines are as {last}{cut_off}, and were not run."

    def keep(self, cabinet: Cabinet, claim: Claim, same: LineSet) -> None:
        """Keep it for the tasks that follow.

        :param same: the lines that don't run.
        """
        work = cabinet.work(claim)
        cabinet.files.write(work / COMPARED, self.compared.as_bytes())
        kept = {
            "data_set": self.before.data_set.name,
            "token": self.before.state.token if self.before.state else None,
            "ranges": list(same.ranges),
            "verified": list(self.alike.ranges) if self.verifies else None,
            "anew": bool(self.anew),
            "salt": self.before.salt,
        }
        cabinet.save(claim, SAME, kept)


def kept_comparison(cabinet: Cabinet, claim: Claim) -> Compared:
    """What `Comparison.keep` has kept."""
    return Compared.from_bytes(cabinet.files.read(cabinet.work(claim) / COMPARED))


def _is_other(param: str) -> bool:
    return param in OTHER_PARAMS or param.startswith("scope")
