"""An inbox full of random names and random bytes, beside files that are good."""

from __future__ import annotations

import json
import os
import random
import unicodedata
from pathlib import Path

import pytest

from tests.support.command import run_command
from tests.support.site import Site
from tests.support.torture import seeds
from tests.torture.attacked import fresh
from tests.torture.moments import Nothing
from toolsync.cabinet.folders import Cabinet

pytestmark = pytest.mark.usefixtures("airflow")

HEADER = b"username,firstname,lastname,email\n"
OTHERS = 5
LINES_OF_LOGS = "\n\t"


def a_name(chance: random.Random) -> bytes:
    """Any name that a file system takes, or one that looks like a command file's."""
    raw = bytes(chance.choice([*range(1, 47), *range(48, 256)]) for _ in range(chance.randint(1, 250)))
    return chance.choice([raw, raw[:60] + b".csv", chance.choice(WORDS)])


WORDS = (
    b"\x1b]0;title\x07.csv",
    b"a\nERROR forged.csv",
    b"{{ macros }}.csv",
    b"%s%n.csv",
    b"-rf",
    b"..csv",
    b"\xe2\x80\xaegnp.csv",
    b"x" * 251 + b".csv",
    b"=cmd()|'.csv",
    b"a.csv.part",
    b"claim.json",
)


def some_bytes(chance: random.Random) -> bytes:
    """What nobody would call a command file; some begin like one."""
    noise = chance.randbytes(chance.randint(0, 3000))
    text = "".join(chr(chance.randint(1, 0x2FFF)) for _ in range(500))
    rows = b"".join(b",".join(chance.randbytes(6) for _ in range(4)) + b"\n" for _ in range(20))
    return chance.choice(
        [
            b"", b"\n" * 50, b"\0" * 100, noise, HEADER + noise, HEADER + rows, HEADER + b'"' + noise,
            text.encode("utf-16"), HEADER + text.encode(), b"\xef\xbb\xbf" + HEADER + text.encode(),
            HEADER.replace(b",", b"\x1b[2J,"), HEADER + b"\x1b[31mred,Red,\x07Bell,red@example.org\n", HEADER + b"," * 5000,
        ]
    )  # fmt: skip


def unprintable(text: str) -> set[str]:
    """The control characters of a text that people read."""
    return {letter for letter in text if unicodedata.category(letter) == "Cc" and letter not in LINES_OF_LOGS}


@pytest.mark.parametrize("seed", seeds(1))
def test_good_files_are_done_whatever_lies_beside_them(site: Site, tmp_path: Path, seed: int):
    chance = random.Random(f"inbox {seed}")
    fresh(tmp_path)
    cabinet = Cabinet("users")
    inbox = os.fsencode(cabinet.folder("inbox"))
    others = {a_name(chance): some_bytes(chance) for _ in range(OTHERS)}
    good = {
        b"%d good.csv" % number: HEADER + b"good.%d,Good,One,good%d@example.org\n" % (number, number)
        for number in range(2)
    }
    for name, content in {**others, **good}.items():
        (Path(os.fsdecode(inbox)) / os.fsdecode(name)).write_bytes(content)

    ended = run_command("toolsync_users", "--format", "json", death=Nothing(3))
    log = ended.stderr
    result = json.loads(ended.stdout)
    told = (sorted(others), result["messages"])
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'good.%%' AND deleted = 0") == 2, (
        told,
        log[-6000:],
    )
    assert all("no words" not in said for said in result["messages"]), (told, log[-6000:])

    left = [os.fsencode(path.name) for path in cabinet.folder("inbox").iterdir()]
    assert log.count(" stays in the inbox: ") == len(left), told
    assert not set(left) & set(good), told
    done = list(cabinet.folder("archive").iterdir())
    assert len(left) + len(done) == len(others) + len(good), told
    assert not [path for path in cabinet.folder("work").rglob("*") if path.is_file()], told
    contents = sorted(path.read_bytes() for path in done)
    assert contents == sorted(content for name, content in {**others, **good}.items() if name not in left), told

    reports = [path for path in cabinet.folder("report").iterdir() if path.suffix in {".txt", ".csv"}]
    assert len([path for path in reports if path.suffix == ".txt"]) == len(done), told
    for path in reports:
        assert not unprintable(path.read_text()), (told, path)
        assert not unprintable(path.name), told
    assert not unprintable(log), (told, unprintable(log))
    assert not unprintable("".join(result["messages"])), told


@pytest.mark.parametrize("seed", seeds(1))
def test_a_simulation_of_such_an_inbox_changes_nothing(site: Site, pristine: Site, tmp_path: Path, seed: int):
    chance = random.Random(f"simulated inbox {seed}")
    fresh(tmp_path)
    cabinet = Cabinet("users")
    others = {os.fsdecode(a_name(chance)): some_bytes(chance) for _ in range(OTHERS)}
    for name, content in others.items():
        (cabinet.folder("inbox") / name).write_bytes(content)
    before = {path.name: path.read_bytes() for path in cabinet.folder("inbox").iterdir()}
    ended = run_command("toolsync_users", "--params", '{"simulate": true}', "--format", "json", death=Nothing(3))
    assert ended.status in {0, 1}, ended.stderr[-3000:]
    assert {path.name: path.read_bytes() for path in cabinet.folder("inbox").iterdir()} == before
    assert list(cabinet.folder("work").iterdir()) == []
    assert site.changed(pristine) == []


@pytest.mark.parametrize(
    "content",
    [
        HEADER.replace(b",", b"\x1b[2J,"),
        b"username,city\n\x1b[31mred,\x07Bell\nu001,\x1b]0;title\x07\nu002,\x9b\n",
        HEADER + b"nobody\x08,No,One,\x7f\n",
    ],
)
def test_no_control_character_of_a_file_reaches_a_report(site: Site, content: bytes, capfd: pytest.CaptureFixture[str]):
    result = site.run("toolsync_users", content)
    for path in Cabinet("users").folder("report").iterdir():
        assert not unprintable(path.read_text()), path.name
    assert not unprintable("".join(result["messages"])) and not unprintable("".join(capfd.readouterr()))
