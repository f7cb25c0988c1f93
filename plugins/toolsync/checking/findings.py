"""What a check finds, and how it is told: one line for each thing that was looked at, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

OK, LOOK, WRONG, UNSEEN = "ok", "look at this", "wrong", "not looked at"
HIDDEN = "***"  # in the place of a secret


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    :param state: `OK`, `LOOK` (runs work, but something should be known or mended), `WRONG` (runs fail until it is mended) or `UNSEEN`.
    :param sentence: what was looked at, and how it is.
    :param do: what to do; empty: nothing.
    :param area: what it belongs to: `Database`.
    """

    state: str
    sentence: str
    do: str = ""
    area: str = ""  # the checks leave that to who asks them

    def of(self, area: str, secrets: Iterable[str]) -> Finding:
        """The same as a finding of an area, without secrets: a server or a library may have repeated one in an error."""
        sentence, do = (" ".join(without(secrets, text).split()) for text in (self.sentence, self.do))
        return replace(self, area=area, sentence=sentence, do=do)

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def ok(sentence: str, do: str = "") -> Finding:
    return Finding(OK, sentence, do)


def look(sentence: str, do: str) -> Finding:
    return Finding(LOOK, sentence, do)


def wrong(sentence: str, do: str) -> Finding:
    return Finding(WRONG, sentence, do)


def unseen(sentence: str) -> Finding:
    return Finding(UNSEEN, sentence)


def without(secrets: Iterable[str], text: str) -> str:
    """A text without secrets."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def said(error: BaseException) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def in_two(text: str) -> tuple[str, str]:
    """A message of a run as what is wrong and what to do, without what it says of a file."""
    text = text.partition("; the file goes on ")[0].removesuffix(" Nothing was done.").rstrip(".") + "."
    for between in (" Nothing was done. ", ". "):
        sentence, found, do = text.partition(between)
        if found and do:
            return f"{sentence.rstrip('.')}.", do
    return text, "Look at the connection and the settings (docs/settings.md)."


def summary(findings: Iterable[Finding]) -> str:
    """All of them in one line: `41 things looked at, 1 wrong, 2 to look at. Moodle: …`."""
    found = list(findings)
    counts = Counter(finding.state for finding in found)
    parts = [f"{len(found) - counts[UNSEEN]} things looked at"]
    parts += [f"{counts[state]} {words}" for state, words in ((WRONG, "wrong"), (LOOK, "to look at")) if counts[state]]
    if first := next((one for state in (WRONG, LOOK) for one in found if one.state == state), None):
        return f"{', '.join(parts)}. {first.area}: {first.sentence}"
    return f"{parts[0]}, all right"


def lines(findings: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The report, line by line: (state, line); an empty state for the name of an area.

    :param findings: as JSON.
    """
    area = None
    for found in findings:
        if found["area"] != area:
            area = found["area"]
            yield "", area
        yield found["state"], f"  {found['state']}: {found['sentence']}"
        if found["do"]:
            yield found["state"], f"      → {found['do']}"
