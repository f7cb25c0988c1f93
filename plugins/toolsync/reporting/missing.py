"""What the site has within the scope of a whole export and the file does not name: how many, and whether a person has to look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from toolsync.reporting.plan import counted

NOT_IN_FILE = "not in the file: "  # before what a line stands for that the file does not have


@dataclass(frozen=True)
class Missing:
    """What a file that states the whole truth leaves out.

    :param first: the number of the first line that stands for what is missing; those of the file are before.
    :param count: how many things are missing.
    :param scope: how many things there are in the scope, those included.
    :param noun: what they are called, in singular and plural.
    :param nameless: the number of lines of the file that name nothing of the site.
    :param strange: how many of these hold other characters than those of ASCII.
    :param unreadable: the number of lines that can't be read at all.
    :param cut_off: the file does not end with a line break, as if it had been cut off.
    """

    first: int
    count: int = 0
    scope: int = 0
    noun: tuple[str, str] = ("thing", "things")
    nameless: int = 0
    strange: int = 0
    unreadable: int = 0
    cut_off: bool = False

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Missing | None:
        """As `as_json` gave it; None for a file that does not state the whole truth."""
        return cls(**{**kept, "noun": tuple(kept["noun"])}) if kept else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def sentence(self) -> str:
        """`3 of 120 people in the scope are not in the file`."""
        verb = "is" if self.count == 1 else "are"
        return f"{self.count:,} of {counted(self.scope, self.noun)} in the scope {verb} not in the file"

    def reasons(self, options: Mapping[str, Any]) -> Iterator[str]:
        """Why a person has to approve that it goes.

        A missing thing and a line that names nothing may be the same, written otherwise than before: each such pair counts twice.

        :param options: the Params of the run.
        """
        if not self.count:
            return
        if options.get("require_approval"):
            yield "Param require_approval is set"
        doubtful = min(self.count, self.nameless)
        counts = self.count + doubtful
        told = f"{self.sentence}{f', and nothing that the site has is named by {counted(self.nameless, LINES)}' if doubtful else ''}"
        threshold, limit = options.get("change_threshold"), options.get("change_limit")
        if threshold is not None and counts * 100 > threshold * self.scope:
            yield f"{told}: {counts * 100 / self.scope:.3g} %, more than {threshold:g} % (Param change_threshold)"
        if limit is not None and counts > limit:
            yield f"{told}, more than {limit} (Param change_limit)"
        if self.unreadable:
            yield f"{counted(self.unreadable, LINES)} can't be read and may name what would go"
        if self.strange:
            yield (
                f"{counted(self.strange, LINES)} with characters such as é name nothing that the site had, so the encoding may be wrong (Param encoding)"
            )
        if self.cut_off:
            yield "the last line does not end with a line break, so the file may be cut off"


LINES = ("line", "lines")
