"""What the routes answer, for OpenAPI. Moments are ISO 8601 in UTC, sizes are in bytes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from toolsync.desk.models_done import Counts, FileInFolder, May, ProblemAnswer, ReportHead, Trybacks
from toolsync.desk.models_undo import RunName


class Form(BaseModel):
    """A Param of a DAG."""

    name: str
    title: str
    description: str
    type: list[str]
    enum: list[Any] | None = None
    default: Any = None
    section: str | None = None
    format: str | None = None
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None


class FormAnswer(BaseModel):
    """A DAG before its run."""

    title: str
    takes_files: bool
    destructive: bool
    simulate: bool = Field(description="Whether it can simulate")
    paused: bool
    schedule: str | None
    params: list[Form]


class WaitingFile(FileInFolder):
    waits: str | None = Field(description="Why the next run leaves it alone; null: it is taken")


class Inbox(BaseModel):
    count: int
    files: list[WaitingFile] = Field(description="The first 20")


class UploadAnswer(BaseModel):
    """A file that waits until a person runs it."""

    id: str
    name: str
    size: int
    by: str | None = None
    at: str | None = None
    tryback: str | None = Field(None, description="The tryback that it is the correction of")


class Progress(BaseModel):
    done: int
    total: int
    a_second: float
    left_seconds: float | None
    doing: str = Field(description="What is done besides applying lines: empty, or `At the end of the file: `")


class AtWork(BaseModel):
    """A file that a run has taken."""

    claim: str
    name: str
    run_id: str
    owner: str
    step: str
    progress: Progress | None = None


class RunHead(BaseModel):
    run_id: str
    state: str
    started: str | None
    ended: str | None
    note: str | None
    simulated: bool
    refused: bool = Field(description="Whether no plan of it was approved, so that nothing was done")
    counts: Counts | None = Field(description="Lines by outcome; null: no report says so yet")


class Type(BaseModel):
    """A DAG of Tool Sync, and what lies in its folders."""

    dag_id: str
    type: str
    title: str
    description: str
    takes_files: bool
    destructive: bool
    paused: bool
    schedule: str | None
    next_run: str | None
    may: May
    wrong: str | None = Field(description="Why the DAG can't be made: settings of its site are wrong")
    has_reports: bool = Field(description="Whether it works on files, each of which gets a report")
    inbox: Inbox
    uploads: list[UploadAnswer]
    work: list[AtWork] = Field(description="At most 50, those that wait for an answer first")
    work_count: int
    trybacks: Trybacks
    runs: list[RunHead]


class ApprovalHead(BaseModel):
    """A plan that waits for an answer."""

    dag_id: str
    run_id: str
    map_index: int
    claim: str | None
    file: str | None
    subject: str
    since: str
    may_answer: bool


class Me(BaseModel):
    name: str


class SiteHead(BaseModel):
    """A site of the settings."""

    name: str
    title: str
    approvals: int = Field(description="Plans that wait for an answer, of DAGs that the caller may read")


class SiteList(BaseModel):
    sites: list[SiteHead]


class Overview(BaseModel):
    version: str
    site: str | None = Field(
        description="The name of the site that it is about; null: the only one, or none that the caller may see"
    )
    cabinet: str | None
    me: Me
    types: list[Type]
    approvals: list[ApprovalHead]


class Candidate(BaseModel):
    """A DAG that may be meant by a file."""

    dag_id: str
    title: str
    matched: int
    unknown: int
    missing: list[str]


class InspectedColumn(BaseModel):
    name: str
    column: str | None = Field(description="The known column; null: it is unknown")
    near: str | None = Field(description="Of an unknown column, the known one that is most like it")
    secret: bool


class InspectedRow(BaseModel):
    line: int
    cells: list[str | None]


class Inspection(BaseModel):
    """A file as it would be read. Values of secret columns are null."""

    name: str
    dag_id: str | None
    candidates: list[Candidate]
    delimiter: str | None = Field(description="As Param `delimiter` takes it")
    encoding: str | None = Field(description="As Param `encoding` takes it; null: it is a ZIP archive")
    complete: bool
    columns: list[InspectedColumn]
    missing: list[str]
    rejected: list[str] = Field(description="Why the file would be rejected")
    rows: list[InspectedRow]
    lines: int = Field(description="Records seen")
    problems: list[ProblemAnswer]
    notes: list[ProblemAnswer] = Field(
        description="On the encoding of the file (line 0), and on lines that contradict each other, at most 20"
    )
    failed: int = Field(description="Lines of those that would fail")


class UploadInspection(Inspection):
    upload: UploadAnswer


class Trigger(BaseModel):
    """What to run."""

    upload: str | None = Field(None, description="The number of an upload")
    files: str | None = Field(None, description="Files of the inbox: a name or a pattern")
    simulate: bool = False
    params: dict[str, Any] = Field(default_factory=dict)
    unpause: bool = Field(False, description="Switch the DAG on, too: a run of a paused one never begins")


class Triggered(BaseModel):
    run_id: str


class RunFile(BaseModel):
    claim: str
    name: str
    map_index: int
    step: str
    progress: Progress | None
    report: ReportHead | None
    message: str | None = Field(description="What its tasks say, unless the report tells it")


class ChildRun(BaseModel):
    """A run that the day's work has started."""

    dag_id: str
    run_id: str
    state: str
    files: list[RunFile]


class RunAnswer(BaseModel):
    run_id: str
    dag_id: str
    state: str
    simulated: bool
    refused: bool = Field(description="Whether no plan of it was approved, so that nothing was done")
    note: str | None
    started: str | None
    ended: str | None
    may: May
    files: list[RunFile]
    children: list[ChildRun] = Field(
        description="Of the day's work: the runs that it has started, of DAGs that the caller may read"
    )
    messages: list[str] = Field(description="About the run as a whole; what is about a file stands beside it")
    written: list[str] = Field(description="Paths of the files that it has written, if that is what it is for")
    upload: UploadAnswer | None = Field(None, description="What it runs, as long as that can be run again")
    undoes: list[RunName] = Field(description="Of a simulation that has ended: the runs that it would undo")
    params: dict[str, Any] = Field(description="What it was started with, besides the file and `simulate`")
