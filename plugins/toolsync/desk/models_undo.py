"""What the routes answer about undo bundles, of runs and of courses, for OpenAPI. Moments are ISO 8601 in UTC, sizes are in bytes."""

from __future__ import annotations

from pydantic import BaseModel, Field


class MayUndo(BaseModel):
    undo: bool


class TableRows(BaseModel):
    """How many rows of a table a run has taken away, changed and made."""

    table: str
    deleted: int
    changed: int
    made: int


class Undone(BaseModel):
    at: str
    dag_id: str = Field(description="The DAG whose run has put it back")
    claim: str | None = Field(description="Of that run; null: an earlier version did not note it")


class RunBundle(BaseModel):
    """The undo bundle of a run."""

    dag_id: str
    claim: str
    file: str
    at: str
    until: str | None = Field(description="It is kept until then; null: for ever")
    state: str = Field(
        description="`kept`, `working` (the run has not ended), `partly` (some of it is not put back) or `undone`"
    )
    tables: list[TableRows] | None = Field(description="Null: the run did not end, so nobody has counted")
    size: int | None
    uncounted: int = Field(
        description="Of a run of an earlier version that has a bundle for each course: how many of these were not looked into, and are not counted"
    )
    undone: Undone | None
    may: MayUndo


class Undo(BaseModel):
    """Whether a run can be undone."""

    dag_id: str = Field(description="The DAG that does it")
    state: str = Field(description="That of the bundle; without one: `gone` (no longer kept), or `none` (never kept)")
    bundle: RunBundle | None
    by: str | None = Field(description="Who has undone it")
    by_course: bool = Field(description="Whether its courses can be put back one by one, too")


class BundleName(BaseModel):
    dag_id: str
    name: str


class Bundle(BundleName):
    """An undo bundle."""

    claim: str
    what: str
    courseid: int
    shortname: str
    fullname: str | None
    at: str
    put_back: str | None
    put_back_by: Undone | None = Field(description="Null: it was not put back, or an earlier version did not note it")
    size: int | None


class Bundles(BaseModel):
    bundles: list[Bundle]
    more: bool


class Restore(BaseModel):
    bundles: list[BundleName] = Field(max_length=1000)


class Restoring(BaseModel):
    dag_id: str
    upload: str


class DagName(BaseModel):
    dag_id: str
    title: str


class RunBundles(BaseModel):
    dag_id: str | None = Field(description="The DAG that undoes runs of this site; null: the caller sees no site")
    types: list[DagName] = Field(description="The DAGs whose runs may have bundles")
    runs: list[RunBundle]
    next: str | None = Field(description="What `before` has to be for the next page; null: there is none")


class RunName(BaseModel):
    dag_id: str
    claim: str


class UndoRuns(BaseModel):
    """Which runs to undo."""

    runs: list[RunName] = Field(max_length=200)
    overwrite_changes: bool = Field(False, description="Put back what somebody has changed since, too")
    simulate: bool = False
    unpause: bool = Field(False, description="Switch the DAG on, too: a run of a paused one never begins")


class UndoBegun(BaseModel):
    dag_id: str
    run_id: str
