"""Packages converted for tests, and run on the site."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.site import Site
from toolsync.feeds.mapping import load_mapping
from toolsync.feeds.packages import Converted, convert, kind_of
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite
from toolsync.reading.validator import Validator


class Source:
    """A package in memory, as a path of an object store would be."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def open(self, mode: str = "rb") -> io.BytesIO:
        assert mode == "rb"
        return io.BytesIO(self.content)


class Conversion:
    """A package and the command files that were made of it.

    :param mapping: what the mapping says instead of ours, as YAML.
    """

    def __init__(self, content: bytes, folder: Path, mapping: str = "") -> None:
        self.texts: dict[str, bytes] = {}
        source = Source(content)
        path = None
        if mapping:
            path = folder / "mapping.yaml"
            path.write_text(mapping)
        self.converted: Converted = convert(source, load_mapping(kind_of(source), path), self._out)

    @contextmanager
    def _out(self, file_type: str) -> Iterator[io.BytesIO]:
        stream = io.BytesIO()
        yield stream
        self.texts[file_type] = stream.getvalue()

    def rows(self, file_type: str) -> list[dict[str, str]]:
        """The lines of a command file."""
        return list(csv.DictReader(io.StringIO(self.texts.get(file_type, b"").decode(), newline="")))

    def cells(self, file_type: str, *columns: str) -> list[tuple[str, ...]]:
        """Some columns of a command file."""
        return [tuple(row[column] for column in columns) for row in self.rows(file_type)]

    @property
    def problems(self) -> list[tuple[str, int, str]]:
        """File, line and column of each problem."""
        return [(problem.file, problem.line, problem.column) for problem in self.converted.problems]

    def tryback(self, **failed: set[int]) -> bytes:
        """The package of what failed."""
        stream = io.BytesIO()
        self.converted.tryback(failed, stream)
        return stream.getvalue()

    def run(self, site: Site) -> dict[str, dict[str, Any]]:
        """Run the command files in their order, and approve what asks.

        :return: the reports, by type.
        """
        return {
            made.file_type: site.run(
                f"toolsync_{made.file_type}",
                self.texts[made.file_type],
                approve="yes" if made.file_type == "courses_delete" else None,
                **made.params,
            )
            for made in self.converted.files
        }

    def check(self) -> None:
        """Check the command files against the suites of their types."""
        for file_type, content in self.texts.items():
            suite = load_suite(file_type)
            file = CommandFile.open(Source(content), suite=suite)
            validator = Validator(suite, file.header)
            found = [problem for records in file.records() for problem in validator.check(records).problems]
            assert not found + validator.finish().problems, (file_type, found)
            assert not validator.warnings


def failures(reports: dict[str, dict[str, Any]]) -> dict[str, int]:
    """The number of lines that failed, by type, where any did."""
    return {
        file_type: report["counts"]["failed"] for file_type, report in reports.items() if report["counts"]["failed"]
    }
