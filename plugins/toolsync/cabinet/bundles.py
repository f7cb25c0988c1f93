"""The undo bundle of a run, as files: what the run took away, changed and made, kept before each of its batches commits.

    undo/<claim>/index.json          which file, when, on which site, and once the run has ended how much
                 part-000000.gz      of each batch that changed something: JSON lines
                 part-000000.files   the hashes of the file contents that its rows refer to, if there are any

A line of a part is an object. With `table`, `change` and `columns` it holds `rows`:

- `deleted`: the rows as they were; `columns` are those of the table
- `changed`: `id` and each column that any row of them changed, twice: as it was, then as it became
- `made`: ids of new rows, a hash of what they hold (`hashed`: of which columns), and what they refer to

The first line, `{"part": …}`, says of which lines of the file it is; `names` and `lines` say what the ids of rows are called, and which line of the file named
them; the last line, `{"end": …}`, that the part is complete, and how many rows it has by change and table.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any

from toolsync.cabinet.claims import CLAIM_ID, Claim
from toolsync.cabinet.folders import Cabinet

FOLDER = "undo"
FORMAT = 2
INDEX = "index.json"
PART = re.compile(r"part-(\d{6})\.gz")
CHANGES = ("deleted", "changed", "made")

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

    def parts(self) -> dict[int, int]:
        """The parts that there are: their sizes in bytes, by number, in order."""
        tree = self.cabinet.files.tree(self.folder)
        found = {int(named[1]): size for name, size in tree.items() if (named := PART.fullmatch(name))}
        return dict(sorted(found.items()))

    @contextmanager
    def writing(self, number: int) -> Iterator[PartWriter]:
        """Write a part, which is there, complete and durable, when the block ends without an error.

        :param number: of the batch.
        """
        self.cabinet.files.make_folder(self.folder)
        with self.cabinet.files.writing(self.folder / part_name(number)) as stream:
            writer = PartWriter(stream)
            yield writer
            writer.end()
        if writer.contents:
            self.cabinet.files.write(self.folder / contents_name(number), "\n".join(sorted(writer.contents)).encode())

    def read(self, number: int) -> Iterator[dict[str, Any]]:
        """The lines of a part.

        :raises ValueError: its last line is missing.
        """
        ended = False
        with (self.folder / part_name(number)).open("rb") as raw, gzip.open(raw) as stream:
            for line in io.TextIOWrapper(stream, encoding="utf-8"):
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
        tree = self.cabinet.files.tree(self.folder)
        texts = [self.cabinet.files.read(self.folder / name).decode() for name in tree if name.endswith(".files")]
        return {content for text in texts for content in text.split()}

    def remove(self) -> None:
        """Remove all of it, the index last: without an index, nobody looks for it."""
        for name in sorted(self.cabinet.files.tree(self.folder), key=lambda name: name == INDEX):
            self.cabinet.files.remove(self.folder / name)
        self.cabinet.files.remove_folder(self.folder)


def bundles(cabinet: Cabinet) -> list[Bundle]:
    """The bundles of the runs of a type, the oldest first."""
    tree = cabinet.files.tree(cabinet.folder(FOLDER))
    return [
        Bundle(cabinet, claim_id) for claim_id in sorted({name.partition("/")[0] for name in tree if _is_part(name)})
    ]


def _is_part(name: str) -> bool:
    return bool(re.match(rf"{CLAIM_ID}/", name))


def part_name(number: int) -> str:
    return f"part-{number:06}.gz"


def contents_name(number: int) -> str:
    return f"part-{number:06}.files"


class PartWriter:
    """Writes the lines of a part.

    :param stream: takes its bytes.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.counts: Counts = {change: {} for change in CHANGES}
        self.contents: set[str] = set()
        self.columns: dict[str, list[str]] = {}  # that were changed, by table
        self.size = 0  # bytes, once it has ended
        self._target = stream
        self._stream = gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1, mtime=0)

    def line(self, value: dict[str, Any]) -> None:
        """Write an object."""
        self._stream.write(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=encoded).encode())
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
        self.line({"table": table, "change": change, "columns": list(columns), **more, "rows": rows})

    def end(self) -> None:
        """Write the last line."""
        self.line({"end": self.counts})
        self._stream.close()
        self.size = self._target.tell()


def encoded(value: Any) -> Any:
    """A value of the database that JSON does not know."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"a value of type {type(value).__name__} can't be kept in an undo bundle")


def decoded(value: dict[str, Any]) -> Any:
    """The value that `encoded` has written."""
    return bytes.fromhex(value["hex"]) if value.keys() == {"hex"} else value
