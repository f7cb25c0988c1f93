"""What the tasks of a file tell OpenLineage, where its provider is installed: the file that was read, what was written, and what became of the lines.

The provider asks an operator once its task has ended, in a copy of its process. So a task notes before what there will be to tell. Nothing of the
provider is imported until it asks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from toolsync.cabinet import uploads
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.session import MoodleSession

FACTS = ("toolsync", "type", "file", "claim", "simulated", "counts", "end", "took")


@dataclass
class Lineage:
    """What a task has read and written. As it is made, it tells of nothing.

    :param source: the address of the command file; None: it has none that stays.
    :param size: of the command file, in bytes.
    :param lines: how many it has; None: the task did not count them.
    :param files: addresses of files that the task has written.
    :param server: host and port of the site's database.
    :param tables: rows that were written there, by `database.table`.
    :param facts: what became of the file (`verdict.facts_of`), or some of it; empty: that is not known yet.
    """

    source: str | None = None
    size: int = 0
    lines: int | None = None
    files: list[str] = field(default_factory=list)
    server: str = ""
    tables: dict[str, int] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, cabinet: Cabinet, claim: Claim) -> Lineage:
        """That of a task which has a file before it."""
        source = _source(cabinet, claim)
        return cls(source and str(source), cabinet.size(claim))

    def wrote(self, session: MoodleSession, written: Mapping[str, int]) -> None:
        """Take note of what was written to the site.

        :param written: rows by table.
        """
        self.server = session.server
        self.tables = {f"{session.database}.{table}": rows for table, rows in written.items()}

    def as_facets(self) -> Any:
        """An `OperatorLineage` of the provider."""
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import InputDataset, OutputDataset
        from openlineage.client.facet_v2 import input_statistics_input_dataset, output_statistics_output_dataset

        read = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(self.lines, self.size, 1)
        inputs = [InputDataset(*place(self.source), inputFacets={"inputStatistics": read})] if self.source else []
        outputs = [OutputDataset(*place(address)) for address in self.files]
        for table, rows in sorted(self.tables.items()):
            wrote = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
            outputs.append(OutputDataset(f"mysql://{self.server}", table, outputFacets={"outputStatistics": wrote}))
        told = {name: self.facts[name] for name in FACTS if name in self.facts}
        return OperatorLineage(
            inputs=inputs, outputs=outputs, run_facets={"toolsync": _run_facet()(**told)} if told else {}
        )


def place(address: str) -> tuple[str, str]:
    """Namespace and name of a file, as OpenLineage names them: `("file", "/cabinet/users/inbox/a.csv")`, `("s3://bucket", "cabinet/users/inbox/a.csv")`.

    :param address: a path, or an address that may begin with a connection, `s3://conn@bucket/…`.
    """
    scheme, separator, rest = address.partition("://")
    if not separator or scheme == "file":
        return "file", os.path.abspath(rest if separator else address)
    authority, _, key = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}", key


def _source(cabinet: Cabinet, claim: Claim) -> Any:
    """Where a file was dropped. Rows that were pasted, and a file that `toolsync.run` was given, have no such place: they are in the archive at the end."""
    if claim.upload:
        return uploads.place_of(cabinet, claim)
    if claim.pasted or claim.given:
        return None if claim.simulate else cabinet.archived(claim)
    return cabinet.folder("inbox") / (claim.dropped_as or claim.name)


@cache
def _run_facet() -> type[Any]:
    """The facet of ours: its class needs the provider's."""
    from attrs import field, make_class
    from openlineage.client.facet_v2 import RunFacet

    return make_class(
        "ToolSyncRunFacet", {name: field(default=None) for name in FACTS}, bases=(RunFacet,), kw_only=True
    )
