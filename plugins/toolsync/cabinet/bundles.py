"""The undo bundle of a run, as files: what the run took away, changed and made, kept before each of its batches commits.

    undo/<claim>/index.json          which file, when, on which site, and once the run has ended how much
                 part-000000.gz      of each batch that changed something: JSON lines
                 part-000000.files   the hashes of the file contents that its rows refer to, if there are any

A line of a part is an object. With `table`, `change` and `columns` it holds `rows`:

- `deleted`: the rows as they were; `columns` are those of the table
- `changed`: `id` and each column that any row of them changed, twice: as it was, then as it became; `about` holds for each row what it refers to, by the
  columns `refers`
- `made`: ids of new rows, a hash of what they hold (`hashed`: of which columns), and what they refer to

The first line, `{"part": …}`, says of which lines of the file it is, and when it was written (`at`, Unix seconds); where rows were put back, with their
old ids, also the `highest` ids that there were in tables in which Moodle leaves rows. With `names` (a table), `rows` say
what its ids are called, and of what they are: table and id, or nothing. With `lines` (tables), `rows` are a line of the file and ids of these tables
that it named, or null. The last line, `{"end": …}`, says that the part is complete, and how many rows it has by change and table.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Any

from toolsync.cabinet.claims import CLAIM_ID, Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.json_bytes import as_json, decoded, plain_rows

FOLDER = "undo"
FORMAT = 2
INDEX = "index.json"
PART = re.compile(r"part-(\d{6})\.gz")
CONTENTS = re.compile(r"part-\d{6}\.files")
ROWS = '{"table":'  # how a line with rows begins
CHANGES = ("deleted", "changed", "made")
READERS = 8  # small files read at once: networks wait more than they work

Counts = dict[str, dict[str, int]]  # rows, by change and table


class Bundle:
    """What a run changed.

    :param cabinet: of the type of its file.
    :param claim_id: its claim.
    :param folder: where it is; None: in the cabinet's `undo`.
    """

    def __init__(self, cabinet: Cabinet, claim_id: str, folder: Any = None) -> None:
        self.cabinet = cabinet
        self.claim_id = claim_id
        self.folder = cabinet.folder(FOLDER) / claim_id if folder is None else folder

    @classmethod
    def of_claim(cls, cabinet: Cabinet, claim: Claim) -> Bundle:
        """The bundle of a run; of a simulation, which nobody undoes, in its work folder."""
        return cls(cabinet, claim.id, cabinet.work(claim) if claim.simulate else None)

    def index(self) -> dict[str, Any] | None:
        """What its index says; None: there is none."""
        try:
            return json.loads(self.cabinet.files.read(self.folder / INDEX))
        except FileNotFoundError:
            return None

    def save_index(self, index: dict[str, Any]) -> None:
        """Write its index, durably."""
        self.cabinet.files.make_folder(self.folder)
        self.cabinet.files.write(self.folder / INDEX, json.dumps(index, ensure_ascii=False, indent=1).encode())

    def files(self) -> dict[str, int]:
        """Its files: their sizes in bytes, by name."""
        return self.cabinet.files.tree(self.folder)

    def parts(self) -> dict[int, int]:
        """The parts that there are: their sizes in bytes, by number, in order."""
        return parts_among(self.files())

    @contextmanager
    def writing(self, number: int, **head: Any) -> Iterator[PartWriter]:
        """Write a part, which is there, complete and durable, when the block ends without an error; none, if nothing was written.

        :param number: of the batch.
        :param head: what its first line says besides the number.
        """
        files = self.cabinet.files
        with ExitStack() as open_until_the_end:

            def opened() -> IO[bytes]:
                files.make_folder(self.folder)
                return open_until_the_end.enter_context(files.writing(self.folder / part_name(number)))

            writer = PartWriter(opened, {"part": number, **head})
            yield writer
            writer.end()
        if writer.contents:
            files.write(self.folder / contents_name(number), "\n".join(sorted(writer.contents)).encode())

    def read(self, number: int, *, rows: bool = True) -> Generator[dict[str, Any], None, None]:
        """The lines of a part.

        :param rows: also those with rows.
        :raises ValueError: its last line is missing.
        """
        ended = False
        with (self.folder / part_name(number)).open("rb") as raw, gzip.open(raw) as stream:
            for line in io.TextIOWrapper(stream, encoding="utf-8"):
                if not rows and line.startswith(ROWS):
                    continue
                part = json.loads(line, object_hook=decoded)
                ended = "end" in part
                yield part
        if not ended:
            raise ValueError(f"part {number} of the undo bundle {self.claim_id} is incomplete: its end is missing")

    def remove_part(self, number: int) -> None:
        """Remove a part, if it is there."""
        for name in (part_name(number), contents_name(number)):
            self.cabinet.files.remove(self.folder / name)

    def contents(self) -> set[str]:
        """The hashes of the file contents that its rows refer to."""
        return _contents(self.cabinet, self.folder)

    def remove(self) -> None:
        """Remove all of it, the index last: without an index, nobody looks for it."""
        for name in sorted(self.files(), key=lambda name: name == INDEX):
            self.cabinet.files.remove(self.folder / name)
        self.cabinet.files.remove_folder(self.folder)


def bundles(cabinet: Cabinet) -> list[Bundle]:
    """The bundles of the runs of a type, the oldest first. It takes one look, however many there are."""
    names = (path.name for path in cabinet.files.entries(cabinet.folder(FOLDER)))
    return [Bundle(cabinet, name) for name in names if re.fullmatch(CLAIM_ID, name)]


def contents_of_all(cabinet: Cabinet) -> set[str]:
    """The hashes of the file contents that rows in the bundles of a type refer to."""
    return _contents(cabinet, cabinet.folder(FOLDER))


def _contents(cabinet: Cabinet, folder: Any) -> set[str]:
    """What all lists of contents below a folder hold."""
    lists = [name for name in cabinet.files.tree(folder) if CONTENTS.fullmatch(name.rpartition("/")[2])]

    def read(name: str) -> list[str]:
        with suppress(FileNotFoundError):  # its bundle has just expired
            return cabinet.files.read(folder / name).decode().split()
        return []

    if not lists:
        return set()
    with ThreadPoolExecutor(READERS) as threads:
        return {content for contents in threads.map(read, lists) for content in contents}


def parts_among(files: Mapping[str, int]) -> dict[int, int]:
    """The parts among files: their sizes in bytes, by number, in order.

    :param files: their sizes, by name.
    """
    found = {int(named[1]): size for name, size in files.items() if (named := PART.fullmatch(name))}
    return dict(sorted(found.items()))


def part_name(number: int) -> str:
    return f"part-{number:06}.gz"


def contents_name(number: int) -> str:
    return f"part-{number:06}.files"


class PartWriter:
    """Writes the lines of a part. There is none before the first row.

    :param opened: opens what takes its bytes.
    :param head: the first line.
    """

    def __init__(self, opened: Callable[[], IO[bytes]], head: dict[str, Any]) -> None:
        self.counts: Counts = {change: {} for change in CHANGES}
        self.contents: set[str] = set()
        self.columns: dict[str, list[str]] = {}  # that were changed, by table
        self.size = 0  # bytes, once it has ended
        self._opened = opened
        self._head = head
        self._target: IO[bytes] | None = None
        self._stream: gzip.GzipFile | None = None

    @property
    def begun(self) -> bool:
        """Whether anything was written."""
        return self._stream is not None

    def line(self, value: dict[str, Any]) -> None:
        """Write an object."""
        if self._stream is None:
            self._target = self._opened()
            self._stream = gzip.GzipFile(fileobj=self._target, mode="wb", compresslevel=1, mtime=0)
            self.line(self._head)
        self._stream.write(as_json(value))
        self._stream.write(b"\n")

    def rows(self, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], **more: Any) -> None:
        """Write rows of a table.

        :param change: one of `CHANGES`.
        :param columns: what each row holds; of `changed` ones, what half of it holds.
        :param more: what else the line says.
        """
        counts = self.counts[change]
        counts[table] = counts.get(table, 0) + len(rows)
        if change == "changed":
            self.columns[table] = list(dict.fromkeys([*self.columns.get(table, ()), *columns]))
        if table == "files" and change != "made" and "contenthash" in columns:
            at = columns.index("contenthash")
            self.contents.update(row[at] for row in rows)
        self.line({"table": table, "change": change, "columns": list(columns), **more, "rows": plain_rows(rows)})

    def end(self) -> None:
        """Write the last line, if there are others."""
        if self._stream is None or self._target is None:
            return
        self.line({"end": self.counts})
        self._stream.close()
        self.size = self._target.tell()
