"""Files of any bytes: rejected with a sentence, or every record is accounted for once, and those that fail come back byte for byte."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.torture import seeds
from toolsync.reading import records as reading
from toolsync.reading.command_file import CommandFile
from toolsync.reading.encodings import CODECS
from toolsync.reading.problems import FileRejected
from toolsync.reading.records import DELIMITERS
from toolsync.reading.staging import Stager
from toolsync.reading.suite import Suite, load_suite
from toolsync.reading.tryback import TrybackWriter
from toolsync.settings import INCLUDE

SUITES = sorted(path.stem for path in (INCLUDE / "expectations").glob("*.json"))
FILES = 60  # a type
VALIDATED = 4  # of them, which takes longer
PARIS = ZoneInfo("Europe/Paris")

# Bytes that mean something to the reader, and cells that could be taken for something else.
# fmt: off
BYTES = [
    b",", b";", b"\t", b"|", b'"', b'""', b"\r", b"\n", b"\r\n", b"#", b" ", b"\v", b"\f", b"\0", b"\x1a", b"x", b"\\", b"&#44;",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\x80", b"\x81", b"\x9f", b"\xa0", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"PK\3",
]
CELLS = [
    "", "", " ", '""', '" "', '"', 'a"b', '"a""b"', '"a,b;c|d\te"', '"two\nlines"', '"two\r\nlines"', '"cr\rin"', '"open', "x" * 300,
    "#", "# no", "\0", "\ufeff", "\u2028", "\u2029", "\x85", "\xa0", "\u3000", "\f", "\v", "\x1c", "\x1f", "é", "漢字", "😀", "&#44;&#59;",
    "&#4412;", "1", "0", "-1", "9" * 25, "1e9", "nan", "inf", "yes", "2026-02-30", "2026-09-01", "99999-01-01", "u001", "C101", "a@b.c",
    "=1+1", "NULL", "\\N", "None", "١٢٣", "46266", "46266,5", "u\u200b1", "sep=;", "id",
]
# fmt: on
BEGINNINGS = [b"", b"", b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"sep=%b\n", b"\xef\xbb\xbfSEP=%b\r\n"]
LINE_ENDS = ["\n", "\n", "\r\n", "\r"]


@dataclass(frozen=True)
class Sample:
    """A file, and the Params with which it is read."""

    content: bytes
    options: dict[str, Any]

    def open(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.content)


def samples(suite: Suite, chance: random.Random, number: int) -> Iterator[Sample]:
    for _ in range(number):
        encoding, delimiter = chance.choice(sorted(CODECS)), chance.choice(sorted(DELIMITERS))
        said = chance.choice(["auto", "auto", "auto", delimiter, delimiter, ";"])
        options: dict[str, Any] = {
            "encoding": encoding,
            "delimiter": "tab" if said == "\t" else said,
            "ignore_unknown_columns": chance.random() < 0.5,
        }
        if suite.key:
            options["key_column"] = chance.choice(suite.key.columns)
        header = _header(suite, chance, delimiter, options.get("key_column"))
        make = chance.choice([_of_bytes, _of_empty_cells, _of_cells, _of_cells, _of_cells])
        content = make(chance, encoding, delimiter, header)
        if suite.headerless is not None and chance.random() < 0.5:
            content = content.partition(b"\n")[2]
        yield Sample(chance.choice(BEGINNINGS).replace(b"%b", delimiter.encode()) + content, options)


def _of_bytes(chance: random.Random, encoding: str, delimiter: str, header: str) -> bytes:
    return header.encode() + b"\n" + b"".join(chance.choices(BYTES, k=chance.randrange(40)))


def _of_empty_cells(chance: random.Random, encoding: str, delimiter: str, header: str) -> bytes:
    empty = [",", ",", ";", "\t", "|", " ", '""', '" "', "\n", "\r\n", "\r", "#\n", "\f", "\v"]
    content = "".join(chance.choices(chance.sample(empty, 3), k=chance.randrange(1, 12)))
    return (header + "\n" + content if chance.random() < 0.6 else content).encode()


def _of_cells(chance: random.Random, encoding: str, delimiter: str, header: str) -> bytes:
    end, pool = chance.choice(LINE_ENDS), chance.sample(CELLS, chance.randrange(1, 12))
    width = header.count(delimiter) + 1
    lines = [header]
    for _ in range(chance.randrange(1, 12)):
        cells = chance.choices(pool, k=chance.choice([width, width, width, chance.randrange(1, width + 3)]))
        lines.append(chance.choice(["", "", "", "", "#", " "]) + delimiter.join(cells))
    content = (end.join(lines) + chance.choice(["", end])).encode(CODECS[encoding], "replace")
    if chance.random() < 0.3:  # some other byte within
        at = chance.randrange(len(content) + 1)
        content = content[:at] + chance.choice(BYTES) + content[at + chance.randrange(2) :]
    return content


def _header(suite: Suite, chance: random.Random, delimiter: str, key_column: str | None) -> str:
    required = [*([key_column] if key_column else []), *suite.required()]
    others = [spec.name for spec in suite.columns if spec.name not in required]
    names = [*dict.fromkeys(required), *chance.sample(others, min(len(others), chance.randrange(1, 4)))]
    names = [name.replace("#", str(chance.randrange(1, 3))).replace("*", "some") for name in names]
    chance.shuffle(names)
    if chance.random() < 0.1:
        odd = ["", "", " ", '""', "nonsense", "\ufeff", "\u200bid", names[0], "#"]
        names.insert(chance.randrange(len(names) + 1), chance.choice(odd))
    return delimiter.join(names)


def opened(suite: Suite, sample: Sample) -> CommandFile | None:
    """The file; None when it is rejected, which takes a reason."""
    try:
        return CommandFile.open(sample, suite=suite, **sample.options)
    except FileRejected as rejection:
        assert all(rejection.messages) and rejection.messages
        return None


@pytest.fixture(params=["usual", "tiny"])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of the reader, or such that each file goes beyond them."""
    if request.param == "tiny":
        monkeypatch.setattr(reading, "BLOCK", 7)
        monkeypatch.setattr(reading, "RECORD_LIMIT", 90)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("name", SUITES)
def test_every_record_is_accounted_for_once(name: str):
    suite = load_suite(name)
    for seed in seeds(1):
        chance, accepted = random.Random(f"records {name} {seed}"), 0
        for sample in samples(suite, chance, FILES):
            file = opened(suite, sample)
            if file:
                accepted += 1
                check_records(file, sample)
                check_tryback(suite, file, sample, chance)
        assert accepted > FILES / 10, f"seed {seed}"


def check_records(file: CommandFile, sample: Sample) -> None:
    read = list(chain.from_iterable(file.records()))
    assert read and not read[0].continued, sample
    for some in (1, 3):
        assert list(chain.from_iterable(file.records(some))) == read, sample
    content, at = sample.content, len(file.before)
    lines = [at, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", content))]
    if file.header_raw:
        at = next(begin for begin in lines if content.startswith(file.header_raw, begin)) + len(file.header_raw)
    for record in read:
        assert (record.values is None) == (record.problem is not None or record.continued), sample
        if not record.continued:
            begin = lines[record.line - 1]
            assert at <= begin and _is_blank(content[at:begin], file), sample
            at = begin
        assert record.raw and content.startswith(record.raw, at), sample
        at += len(record.raw)
        if record.values is not None:
            assert len(record.values) == len(file.header.written) and any(record.values), sample
    assert _is_blank(content[at:], file), sample


def _is_blank(lines: bytes, file: CommandFile) -> bool:
    """Whether lines hold comments, and otherwise nothing but spaces of any kind and empty cells."""
    text = re.sub(
        r"^#.*", "", re.sub("\r\n?", "\n", lines.decode(CODECS[file.encoding], "replace")), flags=re.MULTILINE
    )
    return not text.replace(file.delimiter, "").replace('"', "").strip()


def check_tryback(suite: Suite, file: CommandFile, sample: Sample, chance: random.Random) -> None:
    """Of the records some fail, at least those that can't be read."""
    read = list(chain.from_iterable(file.records()))
    failing = {record.line for record in read if record.problem or chance.random() < 0.4}
    stream = io.BytesIO()
    writer = TrybackWriter(file, stream)
    wanted = b""
    fails = False
    for record in read:
        fails = record.line in failing if not record.continued else fails
        if fails:
            writer.write(record)
            if not record.continued and wanted and not wanted.endswith((b"\n", b"\r")):
                wanted += file.line_end
            wanted += record.raw
    writer.finish()
    if not failing:
        assert stream.getvalue() == b""
        return
    if not wanted.endswith((b"\n", b"\r")):
        wanted += file.line_end
    begins = [file.before + file.header_raw]
    if not file.header_raw:
        begins.append(file.before + file.delimiter.join(file.header.written).encode() + file.line_end)
    assert stream.getvalue() in [begin + wanted for begin in begins], sample
    assert writer.count == len(failing), sample
    if any(abs(len(record.raw) - reading.RECORD_LIMIT) <= 2 for record in read):
        return  # a line end more or less makes it too long
    # Read again, it holds the same records. Without a header, the Param delimiter is not needed.
    character = "tab" if file.delimiter == "\t" else file.delimiter
    said = character if file.header_raw else "auto"
    again = opened(suite, Sample(stream.getvalue(), {**sample.options, "delimiter": said}))
    assert again and again.delimiter == file.delimiter, sample
    back = [record.values for chunk in again.records() for record in chunk if not record.continued]
    wanted_back = [record.values for record in read if record.line in failing and not record.continued]
    if read[-1].problem and "is it cut off?" in read[-1].problem.message:  # its line has an end now
        assert back.pop() is not None and wanted_back.pop() is None, sample
    assert back == wanted_back, sample


@pytest.mark.parametrize("name", SUITES)
def test_what_passes_validation_can_be_staged(name: str):
    from toolsync.reading.validator import Validator

    suite, chances = load_suite(name), [random.Random(f"values {name} {seed}") for seed in seeds(VALIDATED)]
    while chances:
        chance = chances[-1]
        [sample] = samples(suite, chance, 1)
        file = opened(suite, sample)
        if not file:
            continue
        chances.pop()
        validator, stager = Validator(suite, file.header), Stager(suite, file.header, PARIS)
        read, problems = [], []
        for records in file.records(chance.choice([2, 50_000])):
            read += [record for record in records if not record.continued]
            problems += validator.check(records).problems
        try:
            problems += validator.finish().problems
        except FileRejected as rejection:
            assert all(rejection.messages)
        failed = {problem.line for problem in problems}
        assert validator.lines == len(read), sample
        assert not any("can't be evaluated" in warning for warning in validator.warnings), (sample, validator.warnings)
        assert failed <= {record.line for record in read}, sample
        assert {record.line for record in read if record.problem} <= failed, sample
        assert all(problem.message for problem in problems), sample
        for record in read:
            if record.line not in failed:
                stager.values(record)


def test_ten_thousand_columns():
    suite, names = load_suite("users"), [f"course{number}" for number in range(1, 10_000)]
    header = ",".join(["username", "firstname", "lastname", "email", *names])
    line = ",".join(["a", "A", "A", "a@example.org", *["C101"] * len(names)])
    file = opened(suite, Sample(f"{header}\n{line}\n{line},C103\n".encode(), {}))
    assert file
    good, long = list(chain.from_iterable(file.records()))
    assert good.values == line.split(",")
    assert long.problem and long.problem.message == (
        "cell 10004 has a value, and the header has 10003: put a value that holds a comma in quotes"
    )
