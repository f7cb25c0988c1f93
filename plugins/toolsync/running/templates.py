"""The SQL files as Jinja templates: every line that matters marked with its place, errors told by file and line."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from toolsync.running.sql_text import MARK, STRING, SqlError, read_comment

END_OF_FILE = f"{MARK}end "
JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
EXPRESSION = re.compile(r"\{\{.*?\}\}")


class _MarkedLoader(jinja2.FileSystemLoader):
    """Reads files with the place of every comment, of every end of a statement and of their own end."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, filename, is_fresh = super().get_source(environment, template)
        # Comments of Jinja are blanked, not removed: the lines keep their numbers.
        source = JINJA_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), source)
        lines = source.rstrip("\n").split("\n")
        marked = [_marked(f"{template}:{number}", line) for number, line in enumerate(lines, start=1)]
        return "\n".join([*marked, f"{END_OF_FILE}{template}:{len(lines)}", ""]), filename, is_fresh


def _marked(place: str, line: str) -> str:
    text = line.strip()
    if text.startswith("--"):
        read_comment(
            place, EXPRESSION.sub("toolsync_x", text)
        )  # so that it is looked at where Jinja leaves it out, too
        return f"{line.rstrip()} {MARK}{place}"
    if "--" in STRING.sub("''", line):
        raise SqlError(place, "a comment stands on a line of its own, above the code")
    return f"{line.rstrip()} {MARK}{place}" if text.endswith(";") else line


@cache
def environment(root: Path) -> jinja2.Environment:
    """The templates of a folder of SQL, each compiled once a process."""
    return jinja2.Environment(
        loader=_MarkedLoader(root), undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True
    )


def compile_all(root: Path) -> None:
    """Compile every file, for the processes that are forked from this one: what is edited later is compiled anew, an error is told when the file is used."""
    of_root = environment(root)
    for path in sorted(root.rglob("*.sql")):
        with suppress(Exception):
            of_root.get_template(path.relative_to(root).as_posix())


def render(root: Path, name: str, names: Mapping[str, Any]) -> str:
    """A file as its statements are cut from it, with the marks.

    :param root: the folder that `name` and all includes are relative to.
    :param names: what Jinja sees.
    :raises SqlError: the file is not written as `include/sql/README.md` says.
    """
    try:
        return environment(root).get_template(name).render(names)
    except SqlError:
        raise
    except (jinja2.TemplateError, TypeError) as error:
        raise SqlError(_place(root, name, error), _said(error)) from error
    except Exception as error:
        error.add_note(f"while rendering include/sql/{_place(root, name, error)}")
        raise


def _place(root: Path, name: str, error: Exception) -> str:
    """Where an error of Jinja was made."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.name or name}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(root):  # Jinja puts the lines of templates into its tracebacks
            return f"{Path(frame.filename).relative_to(root)}:{frame.lineno}"
    return name


def _said(error: Exception) -> str:
    return f"there is no file {error.name}" if isinstance(error, jinja2.TemplateNotFound) else str(error)
