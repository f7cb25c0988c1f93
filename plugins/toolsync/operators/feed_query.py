"""The tasks of a feed that asks a database: its rows become an upload of a type, and a run of the type's DAG takes that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)
from airflow.sdk.execution_time.context import NEVER_EXPIRE

from toolsync.cabinet.claims import new_id
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import receiving, remove
from toolsync.operators.archive import as_text
from toolsync.operators.base import ToolSyncOperator
from toolsync.operators.child_runs import ChildRunOperator, told
from toolsync.operators.feed_by_hand import run_by_hand, what_became
from toolsync.operators.feed_rows import NoCell, write_rows
from toolsync.operators.feed_settings import LIKE_OURS, Feed, params_problems, the_feed
from toolsync.params import check_params
from toolsync.reading.texts import printable
from toolsync.reporting.verdict import VERDICT, Verdict
from toolsync.schedule import skip_late_run

MYSQL_SYNTAX = 1064  # the number of its error
READ = "read"  # the task that asks, and where Airflow keeps what it has read: it outlives a clear


class Refused(Exception):
    """The database does not give its rows; the message is its own, without the password of the connection. It may hold values."""


class TooFew(Exception):
    """A query has fewer rows than there have to be."""


class ReadFeedOperator(ToolSyncOperator):
    """Asks the database of a feed, and writes the rows into an upload of its type. It is there when the last row is, and otherwise not at all.

    Tried or cleared again, it does not ask again once that is done: the run of the type may have begun.

    :param feed: the name of the feed.
    :return: the number of the upload, and that of its rows.
    """

    def __init__(self, *, feed: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feed = feed

    def perform(self, context: Any) -> dict[str, Any]:
        skip_late_run(context)
        check_params(context)
        kept = context.get("task_state_store")
        before = (kept.get(READ) if kept is not None else None) or {"upload": new_id()}
        if "rows" in before:
            self.log.info("The query was asked before: %s rows, upload %s.", f"{before['rows']:,}", before["upload"])
            return before
        feed = the_feed(self.site.now(), self.feed)
        if problems := params_problems(self.site, feed.type, feed.params):
            raise AirflowFailException(f"{feed.place}, params: {' '.join(problems)} Nothing was done.")
        if (
            kept is not None
        ):  # an attempt that dies leaves half an upload under this number, which the next one replaces
            kept.set(READ, before, retention=NEVER_EXPIRE)
        rows = self.ask(feed, before["upload"])
        read = {**before, "rows": rows}
        if kept is not None:
            kept.set(READ, read, retention=NEVER_EXPIRE)
        self.log.info("%s rows of %s are the upload %s of %s.", f"{rows:,}", feed.conn_id, read["upload"], feed.type)
        return read

    def ask(self, feed: Feed, number: str) -> int:
        """Write the rows of the feed's query into an upload.

        :param number: that it gets.
        :return: the number of rows.
        :raises AirflowSkipException: there is none, and that is all right.
        """
        sql, cabinet = feed.query(), Cabinet(feed.type, self.site)
        self.log.info("Asking %s for %s.", feed.conn_id, feed.place)
        try:
            with (
                connected(feed) as connection,
                receiving(cabinet, feed.files, f"the feed {feed.name}", number=number) as (stream, _),
            ):
                rows = write(connection, sql, stream, feed)
                if rows < max(1, feed.least_rows):
                    raise TooFew
        except Refused as reason:
            self.log.error("%s says: %s", feed.conn_id, reason)
            raise AirflowException(
                f"{feed.place}: {feed.conn_id} does not give its rows; the log of the task {self.task_id} has what it says. Nothing is run."
            ) from None
        except TooFew:
            if not feed.least_rows:
                raise AirflowSkipException("The query has no rows: nothing is run.") from None
            raise AirflowFailException(
                f"The query has {rows:,} rows, and {feed.place}, least_rows wants {feed.least_rows:,}: nothing is run. Is something wrong with the database "
                "that is asked, or with the account? Otherwise set least_rows lower."
            ) from None
        return rows


def write(connection: Any, sql: str, stream: IO[bytes], feed: Feed) -> int:
    """Write the rows of a query.

    :return: their number.
    :raises Refused: the database does not answer, or not to the end.
    :raises AirflowFailException: a value can't be written.
    """
    try:
        with as_text(stream) as text:
            return write_rows(connection, sql, text, LIKE_OURS["delimiter"])
    except NoCell as reason:
        raise AirflowFailException(f"{feed.place}: {reason} Nothing is run.") from None
    except OSError:
        raise  # the cabinet's, or the network's
    except Exception as error:
        raise refused(feed, error) from None


@contextmanager
def connected(feed: Feed) -> Iterator[Any]:
    """Connect to the database of a feed; what was done there is rolled back at the end.

    :raises AirflowFailException: there is no such connection, or none of a database.
    :raises Refused: the database can't be reached.
    """
    assert feed.conn_id
    try:
        hook = BaseHook.get_hook(feed.conn_id)
    except AirflowNotFoundException:
        raise AirflowFailException(f"{feed.place}: there is no connection {feed.conn_id}. Nothing is run.") from None
    except Exception as error:  # no provider has a hook for its type
        raise AirflowFailException(
            f"{feed.place}: the connection {feed.conn_id} can't be used: {error} Is the provider of its type installed on this worker? Nothing is run."
        ) from None
    if not hasattr(hook, "get_conn"):
        raise AirflowFailException(
            f"{feed.place}: the connection {feed.conn_id} is none of a database that is asked by SQL. Nothing is run."
        )
    try:
        connection = hook.get_conn()
    except Exception as error:
        raise refused(feed, error) from None
    with closing(connection):
        yield connection


def refused(feed: Feed, error: Exception) -> Refused:
    """What a database says, without the piece of the query that PostgreSQL and MySQL quote: passwords stand in queries, too."""
    assert feed.conn_id
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    if error.args and error.args[0] == MYSQL_SYNTAX:
        said = said.partition(" near ")[0]
    said = " ".join(said.split()) or type(error).__name__
    if password := BaseHook.get_connection(feed.conn_id).password:
        said = said.replace(password, "***")
    return Refused(printable(said))


class RunFeedOperator(ChildRunOperator):
    """Lets the DAG of the type take the upload, waits for the end without holding a worker, and tells what became of it. By hand, it does so in a process.

    :param feed: the name of the feed.
    :param read: what the task `read` returned.
    """

    template_fields = ("read",)

    def __init__(self, *, feed: Feed, read: Any, **kwargs: Any) -> None:
        super().__init__(child_type=feed.type, **kwargs)
        self.feed, self.file_type, self.read = feed.name, feed.type, read

    def execute(self, context: Any) -> Any:
        if self.is_by_hand(context):
            return ToolSyncOperator.execute(self, context)
        run_id = child_run(context)
        with self.telling(context):
            begun = self.is_started(context, run_id)
            if not begun and self.is_paused(context):
                raise AirflowFailException(
                    f"{self.trigger_dag_id} is paused, so a run of it would wait for ever. Switch it on, then clear this task. The rows wait among its "
                    f"uploads, as {self.read['upload']}."
                )
            conf = self.params_of_run(context)
        if begun:
            self.wait_for(run_id)
        self.start(context, run_id, conf)

    def params_of_run(self, context: Any) -> dict[str, Any]:
        """The Params of the type's run."""
        feed = the_feed(self.site.now(), self.feed)
        simulated = {"simulate": True} if context["params"]["simulate"] else {}
        return {**feed.params, **LIKE_OURS, **simulated, "upload": self.read["upload"]}

    def perform(self, context: Any) -> dict[str, Any]:
        """As `execute`, by hand."""
        result = run_by_hand(self.trigger_dag_id, self.params_of_run(context))
        self.tell(context, [what_became(result)] if result.get("claim") else [])
        if result["state"] == "failed":
            raise AirflowFailException(" ".join(result["messages"]) or f"The run of {self.trigger_dag_id} failed.")
        return result

    def execute_complete(self, context: Any, event: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        with self.telling(context):
            run_id = child_run(context)
            files = self.files_of(context, self.file_type, run_id)
            self.tell(context, files)
            if self.has_failed(run_id, event):
                raise AirflowFailException(
                    f"Run {run_id} of {self.trigger_dag_id} failed; its log says why. When it was not done to its end, clear there what failed, then this "
                    "task, which starts no other run."
                )
            return {"run_id": run_id, "files": files}

    def tell(self, context: Any, files: list[dict[str, Any]]) -> None:
        """Say what became of the file, also for the note on the run. Of a simulation, the upload goes: the next run asks again."""
        for file in files:
            self.log.info("%s", told(file))
            verdict = Verdict(file["file"], file["claim"], file["sentence"].partition(": ")[2], report=False)
            context["ti"].xcom_push(VERDICT, verdict.as_json())
            if file["simulated"]:
                remove(Cabinet(self.file_type, self.site), self.read["upload"])


def child_run(context: Any) -> str:
    """The id of the run that a run of a feed starts. Two feeds of one type may have runs of the same id."""
    return f"{context['dag'].dag_id}__{context['run_id']}"
