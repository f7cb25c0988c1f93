"""What the routes answer about files that were done, for OpenAPI: reports, trybacks, plans. Moments are ISO 8601 in UTC, sizes are in bytes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from toolsync.desk.models_undo import Undo

Counts = dict[str, int]


class FileInFolder(BaseModel):
    name: str
    size: int
    modified: str | None


class May(BaseModel):
    trigger: bool


class TrybackHead(FileInFolder):
    claim: str | None
    sent: str | None = Field(
        None, description="The upload that is its correction: sending it back broke off before the tryback was removed"
    )


class Trybacks(BaseModel):
    count: int
    files: list[TrybackHead]


class ProblemAnswer(BaseModel):
    line: int
    column: str | None
    value: str | None
    message: str


class PlanAnswerGiven(BaseModel):
    answer: str
    by: str | None
    at: str | None = None
    reason: str | None = None


class Place(BaseModel):
    """Where a file is of which nothing was done."""

    folder: str = Field(description="`inbox`, `uploads` or `archive`")
    path: str
    upload: str | None = Field(description="Its number among the uploads")


class ReportHead(BaseModel):
    claim: str
    dag_id: str
    run_id: str | None
    file: str
    at: str
    simulated: bool
    rejected: list[str]
    refused: bool = Field(description="Whether its plan was not approved: nothing was done")
    answer: PlanAnswerGiven | None = Field(description="To its plan; null: nobody was asked, or nobody answered")
    place: Place | None
    counts: Counts
    unit: str
    failed_over: str | None
    tryback: str | None
    by: str | None


class Reports(BaseModel):
    reports: list[ReportHead]
    more: bool


class ReportFile(BaseModel):
    what: str
    name: str
    size: int


class ReportAnswer(ReportHead):
    notes: list[str]
    text: str | None
    files: list[ReportFile]
    may: May
    undo: Undo | None = Field(description="Null: nothing was changed")


class HeaderCell(BaseModel):
    name: str
    secret: bool


class Remark(BaseModel):
    column: str | None
    value: str | None = None
    message: str


class LineAnswer(BaseModel):
    line: int
    outcome: str
    remarks: list[Remark]
    cells: list[str | None] | None


class Lines(BaseModel):
    total: int
    matching: int
    header: list[HeaderCell]
    rows: list[LineAnswer]


class ChangeAnswer(BaseModel):
    line: int | None = Field(description="Null: it is due to no single line")
    thing: str
    table: str
    id: int
    column: str = Field(description="Empty: the row was made (`before` is empty) or taken away (`after` is)")
    before: str
    after: str


class Changes(BaseModel):
    total: int
    matching: int
    rows: list[ChangeAnswer]


class TrybackColumn(HeaderCell):
    unknown: bool


class TrybackRecord(BaseModel):
    number: int
    line: int | None = Field(
        description="Of the file that it comes from; of the tryback, where nobody can tell that of any record"
    )
    cells: list[str | None] | None = Field(description="Null: the record can't be read")
    remarks: list[Remark]


class TrybackAnswer(BaseModel):
    name: str
    file: str | None
    claim: str | None
    version: str = Field(description="For `send`: it is refused when the tryback has changed meanwhile")
    total: int
    encoding: str | None = Field(
        description="That its bytes are in, and new values are written in; null: it is no table"
    )
    rejected: list[str] = Field(description="Why it can't be corrected here")
    reasons: list[str] = Field(description="Why the file was rejected as a whole, although it can be corrected here")
    header: list[TrybackColumn]
    rows: list[TrybackRecord]


class TrybackList(BaseModel):
    trybacks: list[TrybackHead]


class Corrections(BaseModel):
    """What to change in a tryback before it goes back."""

    changes: dict[int, dict[str, str]] = Field(
        default_factory=dict, description="New values by record number and column"
    )
    drop: list[int] = Field(default_factory=list, description="Records to leave out")
    columns: dict[str, str] = Field(default_factory=dict, description="New names of columns, by the old ones")
    version: str | None = None


class GivenUp(BaseModel):
    name: str = Field(description="Of the file in the archive")


class Version(BaseModel):
    version: str | None = Field(
        None, description="Of the tryback that was shown: it is refused when that has changed meanwhile"
    )


class Sent(BaseModel):
    upload: str
    name: str
    encoding: str | None = Field(description="For Param `encoding` of its run; null: it is no table")


class PlanAnswer(BaseModel):
    run_id: str | None
    map_index: int | None
    file: str
    at: str | None
    total: str
    why: list[str]
    columns: list[str]
    matching: int
    rows: list[dict[str, Any]]
    remarks: list[ProblemAnswer]
    state: str
    answer: PlanAnswerGiven | None
    may_answer: bool


class Answer(BaseModel):
    approve: bool
    reason: str = ""


class Manual(BaseModel):
    title: str
    html: str
    sample: str | None
