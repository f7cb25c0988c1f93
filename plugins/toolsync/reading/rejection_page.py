"""The page of a rejected file, in place of Data Docs: why it was rejected and what to do. It needs no other file and holds no value of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import IO

from toolsync.reading.problems import FileProblem
from toolsync.reading.suite import Suite
from toolsync.reading.texts import printable

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{file_name}: rejected</title>
<style>
:root {{ color-scheme: light dark; --text: #1f2328; --soft: #59636e; --line: #d1d9e0; --head: #f6f8fa; --bad: #b3261e }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #e6e8eb; --soft: #9aa4af; --line: #3d444d; --head: #22272e; --bad: #ff8a80 }} }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1.2rem; color: var(--text); background: Canvas }}
h1 {{ font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem }}
.verdict {{ color: var(--bad); font-weight: 600; margin: 0 }}
.facts, .all {{ color: var(--soft); margin: .2rem 0 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }}
th {{ background: var(--head); font-weight: 600 }}
code {{ font-family: ui-monospace, monospace; font-size: .93em }}
</style>
"""
# What the counts of the page call a problem: one, several.
WORDS = {
    "unknown": ("unknown column", "unknown columns"),
    "missing": ("missing column", "missing columns"),
    "duplicate": ("column given twice", "columns given twice"),
    "unseen": ("column name with invisible characters", "column names with invisible characters"),
    "header": ("unreadable header", "unreadable headers"),
}
ADVICE = {
    "unknown": "Rename or remove the column, or set Param ignore_unknown_columns.",
    "missing": "Add the column.",
    "duplicate": "Keep one of the two columns.",
    "unseen": "Type the name anew.",
    "header": "Correct the header, or set Params delimiter and encoding to what the file uses.",
    "empty": "Send a file that holds lines.",
    "encoding": "Save the file as CSV in UTF-8, or set Param encoding to what the file uses.",
}


def write_rejection_page(
    stream: IO[bytes],
    *,
    problems: Sequence[FileProblem],
    suite: Suite | None,
    file_name: str,
    size: int,
    run_name: str,
    time: datetime,
) -> None:
    """Write the page of a rejected file.

    :param stream: where to write.
    :param problems: why the file was rejected.
    :param suite: the suite of its type; None for a type that has no columns.
    :param size: of the file, in bytes.
    :param run_name: what names the run in the cabinet.
    :param time: when the file was checked.
    :raises OSError: when the page can't be written.
    """
    facts = f"{size:,} bytes, checked {time:%Y-%m-%d %H:%M:%S %Z}, run {run_name}"
    stream.write("\n".join(_parts(problems, suite, file_name, facts)).encode())


def _parts(problems: Sequence[FileProblem], suite: Suite | None, file_name: str, facts: str) -> Iterator[str]:
    yield PAGE.format(file_name=escape(file_name))
    yield f"<h1>{escape(file_name)}</h1>"
    yield '<p class="verdict">Rejected: nothing of this file was applied.</p>'
    yield f'<p class="facts">{escape(facts)}</p>'
    yield f"<h2>{_counted(problems)}</h2>"
    yield from _table(
        ("Problem", "What to do"),
        ((escape(printable(problem.message)), ADVICE.get(problem.kind, "")) for problem in problems),
    )
    if suite:
        yield f"<h2>Columns of a {escape(suite.name)} file</h2>"
        yield f'<p class="all">{escape(_about_columns(suite))}</p>'
        yield from _table(("Column", "Holds"), _columns(suite))


def _counted(problems: Sequence[FileProblem]) -> str:
    counts = Counter(problem.kind for problem in problems)
    return ", ".join(
        f"{count:,} {WORDS.get(kind, ('problem', 'problems'))[count > 1]}" for kind, count in counts.items()
    )


def _about_columns(suite: Suite) -> str:
    key = (
        f"Param {suite.key.param} chooses the one that is required: {', '.join(suite.key.columns)}. "
        if suite.key
        else ""
    )
    return f"{key}The documentation of the DAG says what each column does."


def _columns(suite: Suite) -> Iterator[tuple[str, ...]]:
    required = suite.required()
    for spec in suite.columns:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in spec.spoken_names)
        yield names, escape(suite.holds(spec)) + (", <b>required</b>" if spec.name in required else "")


def _table(titles: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "<table>"
    yield f"<tr>{''.join(f'<th>{title}</th>' for title in titles)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
    yield "</table>"
