"""Packages that were damaged on their way: nothing but a rejection or lines left out, and nobody goes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.feeds.converting import Conversion
from tests.feeds.test_canvas import FILES as CANVAS
from tests.feeds.test_oneroster import FILES, FILES_1_2
from tests.support.packages import oneroster, package
from toolsync.feeds.kinds import PackageRejected

MAPPING = "bulk_params: {users: {mode: full, scope_auth: manual}, enrolments: {mode: full}}\n"
KINDS = {
    "oneroster 1.1": lambda files: oneroster(files, "1.1"),
    "oneroster 1.2": lambda files: oneroster(files, "1.2"),
    "canvas": lambda files: package({f"{name}.csv": content for name, content in files.items()}),
}
WHOLE = {
    "oneroster 1.1": FILES,
    "oneroster 1.2": FILES_1_2,
    "canvas": {name.removesuffix(".csv"): text.replace("inactive", "active") for name, text in CANVAS.items()},
}
INSERTED = [b'"', b",", b"\n", b"\r", b"\0", b"\xff\xfe", b"#", "\u200b".encode(), b"=1+1", b"\xe9"]


def mapping_of(kind: str) -> str:
    return MAPPING + ("bulk: yes\n" if kind == "canvas" else "")


def goes(made: Conversion) -> set[tuple[str, ...]]:
    """The lines of command files that take something away."""
    gone: list[tuple[str, ...]] = [(row["uid"], row["cid"]) for row in made.rows("enrolments") if row["cmd"] != "add"]
    gone += [(row["idnumber"],) for row in made.rows("users") if row["suspended"] == "1"]
    gone += [(row["idnumber"],) for row in made.rows("courses") if row["visible"] == "0"]
    return set(gone)


@pytest.mark.parametrize("kind", list(KINDS))
def test_shuffled_doubled_and_encoded_otherwise_it_says_the_same(kind: str, tmp_path: Path):
    chance = random.Random(kind)
    files = {}
    for name, text in WHOLE[kind].items():
        first, *rest = text.splitlines(keepends=True)
        rest *= chance.choice([1, 2])
        chance.shuffle(rest)
        files[name] = (first + "".join(rest)).encode(chance.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    once, made = (Conversion(KINDS[kind](each), tmp_path, mapping_of(kind)) for each in (WHOLE[kind], files))
    assert not once.problems and not made.problems
    for file_type, content in once.texts.items():
        assert sorted(made.texts[file_type].splitlines()) == sorted(content.splitlines())
    assert [each.params for each in made.converted.files] == [each.params for each in once.converted.files]


@pytest.mark.parametrize("seed", range(12))
def test_damaged_anywhere_it_is_rejected_or_lines_are_left_out(seed: int, tmp_path: Path):
    chance = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    files = {name: text.encode() for name, text in WHOLE[kind].items()}
    before = goes(Conversion(KINDS[kind](files), tmp_path, mapping_of(kind)))
    for _ in range(chance.randint(1, 3)):
        name = chance.choice(list(files))
        at = chance.randrange(len(files[name]) or 1)
        files[name] = chance.choice(
            [
                files[name][:at] + bytes([chance.randrange(256)]) + files[name][at + 1 :],
                files[name][:at] + files[name][at + chance.randint(1, 9) :],
                files[name][:at] + chance.choice(INSERTED) + files[name][at:],
                files[name][:at],
            ]
        )
    try:
        made = Conversion(KINDS[kind](files), tmp_path, mapping_of(kind))
    except PackageRejected as rejection:
        assert all(rejection.reasons)
        return
    made.check()
    assert goes(made) <= before
    if tryback := made.tryback(**dict.fromkeys(made.texts, {2})):
        again = Conversion(tryback, tmp_path, mapping_of(kind))
        again.check()
        assert all("mode" not in each.params for each in again.converted.files)
