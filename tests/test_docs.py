"""The documentation says what is so: links lead somewhere, settings, targets, topics, names and messages are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from toolsync import __version__
from toolsync.moodle.caches import TOPICS
from toolsync.reading.suite import load_suite
from toolsync.reporting.metrics import METRICS
from toolsync.settings import ROOT, settings

PACKAGE = ROOT / "plugins/toolsync"
DOCS = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md"))
MANUALS = [*DOCS, *sorted((ROOT / "include").rglob("*.md")), ROOT / "tests/conformance/README.md"]
BLOCK = re.compile(r"```.*?```|(?<=\n\n)(?: {4}[^\n]*\n+)+", re.DOTALL)
INVENTED = re.compile("NNN|ID[/_.]|user_preferences")  # files of the cabinet, and of the example in CONTRIBUTING.md
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code_in(path: Path) -> str:
    """What a page shows as code: the lines of its blocks, and each span as a line."""
    text = text_of(path)
    return "\n".join(BLOCK.findall(text) + SPAN.findall(BLOCK.sub("\n", text)))


def cells(path: Path, column: int = 0) -> list[str]:
    """The cells of a column of all tables of a page."""
    rows = [line for line in text_of(path).splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [re.split(r"(?<!\\)\|", row)[column + 1].strip() for row in rows]


# Metrics


def test_the_table_of_metrics_is_that_of_the_code():
    rows = re.findall(r"^\| `(toolsync\.\w+)` \| (\w+) \| (.+?) \|", text_of(ROOT / "docs/monitoring.md"), re.MULTILINE)
    told = {name: (kind, tuple(re.findall(r"`(\w+)`", tags))) for name, kind, tags in rows}
    assert told == {name: (metric.kind, metric.tags) for name, metric in METRICS.items()}


# Links


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path):
    broken = [target for target in LINK.findall(BLOCK.sub("\n", text_of(path))) if not resolves(path, target)]
    assert broken == []


def resolves(path: Path, target: str) -> bool:
    if "://" in target:
        return True
    name, _, anchor = target.partition("#")
    found = (path.parent / name).resolve() if name else path
    return found.exists() and (not anchor or anchor in anchors(found))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", BLOCK.sub("\n", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_places_that_the_code_names_are_there():
    """`docs/settings.md#connection-moodle_cli` in a message or in a DAG's manual."""
    sources = [*PACKAGE.rglob("*.py"), *(ROOT / "dags").glob("*.py"), *(ROOT / "include/sql").rglob("*.sql")]
    for path in [*sources, ROOT / "include/toolsync.yaml", ROOT / ".env.example"]:
        for target in re.findall(r"(?:docs/)?[\w-]+\.md(?:#[\w-]+)?", text_of(path)):
            if target.startswith(("docs/", "CONTRIBUTING")) or "#" in target:
                assert resolves(ROOT / "any", target), f"{path}: {target}"


# Names


def test_every_setting_is_explained_with_its_default():
    page = ROOT / "docs/settings.md"
    told = dict(zip(cells(page), cells(page, 1), strict=True))
    nested = {"throttle", "cabinet", "retention", "protection", "notifications", "pictures", "desk"}
    keys = {f"`{key}.{name}`": value for key in nested for name, value in settings()[key].items()}
    keys |= {f"`{key}`": value for key, value in settings().items() if key not in nested}
    assert keys.keys() <= told.keys()
    assert {name for name in told if name.partition(".")[0].strip("`") in nested} <= keys.keys()
    for name, value in keys.items():
        if not isinstance(value, dict):
            assert told[name].strip("`") == ("null" if value is None else str(value)), name


def test_every_variable_of_docker_is_explained():
    names = re.findall(r"^(\w+)=", text_of(ROOT / ".env.example"), re.MULTILINE)
    assert set(names) <= set(re.findall(r"\w+", code_in(ROOT / "docs/settings.md")))


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: str(path.relative_to(ROOT)))
def test_targets_of_make_exist(path: Path):
    known = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"^\s*make (?:-s )?([a-z]+)\b", code_in(path), re.MULTILINE)) <= known


def test_every_dag_and_every_topic_has_its_row():
    assert {f"`{path.stem}`" for path in (ROOT / "dags").glob("*.py")} == {
        cell for cell in cells(ROOT / "README.md") if cell.startswith("`toolsync_")
    }
    assert {f"`{name}`" for name in TOPICS} == {cell for cell in cells(ROOT / "docs/caches.md") if cell.startswith("`")}


def test_the_version_is_in_the_changelog():
    assert f"## [{__version__}]" in text_of(ROOT / "CHANGELOG.md")


# Architecture


def rooms() -> dict[str, set[str]]:
    """Each room of the package, and the rooms that it imports."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        imported = found.setdefault(room, set())
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("toolsync"):
                inside = (node.module or "").split(".")[1:]
                imported |= {inside[0]} if inside else {alias.name for alias in node.names} - {"__version__"}
    del found["__init__"]
    return {room: imported - {room} for room, imported in found.items()}


def test_the_table_of_rooms_is_true():
    told: dict[str, set[str]] = {}
    for line in text_of(ROOT / "docs/architecture.md").splitlines():
        if match := re.fullmatch(r"\| `(\w+)` \|.*\| ([\w, –]+) \|", line):
            told[match[1]] = set(match[2].split(", ")) - {"–"}
            files = re.findall(r"`(\w+\.py)`", line)
            assert files and all((PACKAGE / match[1] / name).exists() or (PACKAGE / name).exists() for name in files)
    assert told == rooms()


def test_names_of_the_code_exist():
    """Paths, `Class.method`, and names in capitals or with them."""
    methods, words = defined(), {word for path in PACKAGE.rglob("*.py") for word in re.findall(r"\w+", text_of(path))}
    for path in [*DOCS, ROOT / "tests/conformance/README.md"]:
        for name in SPAN.findall(text_of(path)):
            where = f"{path.relative_to(ROOT)}: {name}"
            if re.fullmatch(r"[\w./-]+/[\w.-]+\.(?:py|sql|sh|yaml|toml|json)", name) and not INVENTED.search(name):
                assert any((base / name).exists() for base in (ROOT, PACKAGE, ROOT / "include/sql")), where
            elif re.fullmatch(r"[A-Z]\w+\.(?!md|db)[a-z_]\w+", name):
                assert name in methods, where
            elif path.name == "architecture.md" and re.fullmatch(r"[A-Z]\w*[a-z_][A-Z]\w*", name):
                assert name in words, where


@cache
def defined() -> set[str]:
    """`Class.method` of every class of the package, inherited ones too."""
    classes: dict[str, tuple[list[str], set[str]]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.ClassDef):
                bases = [base.id for base in ast.walk(ast.Tuple(node.bases, ast.Load())) if isinstance(base, ast.Name)]
                classes[node.name] = bases, {part.name for part in node.body if isinstance(part, ast.FunctionDef)}

    def methods(name: str) -> set[str]:
        bases, own = classes.get(name, ([], set()))
        return own.union(*map(methods, bases))

    return {f"{name}.{method}" for name in classes for method in methods(name)}


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


# Messages


def quoted() -> list[str]:
    """The messages that troubleshooting explains: code in the first column of its tables of messages. `…` stands for what changes."""
    found: list[str] = []
    in_table = False
    for line in text_of(ROOT / "docs/troubleshooting.md").splitlines():
        in_table = line.startswith("|") and (in_table or line.startswith("| message |"))
        if in_table:
            first = re.split(r"(?<!\\) \| ", line.removeprefix("| "))[0]
            found += [text for _, text in re.findall(r"(`+) ?(.+?) ?\1(?!`)", first)]
    return found


@cache
def told() -> str:
    """All that the code says: texts of Python with `…` for what is put in, and the SQL and shell as they are."""
    texts = [template for path in PACKAGE.parent.rglob("*.py") for template in templates(syntax(path))]
    texts += [template for path in (ROOT / "tools").glob("*.py") for template in templates(syntax(path))]
    texts += [text_of(path) for path in (ROOT / "include/sql").rglob("*.sql")]
    texts += [text_of(path) for path in (ROOT / "tools").glob("*.sh")]
    return "\n\0\n".join(texts)


def templates(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr):
            yield "".join(piece(value) for value in part.values)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield re.sub(r"%[sd]|%\.\d+f", "…", part.value)


def piece(value: Any) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else "…"


@pytest.mark.parametrize("message", quoted())
def test_messages_are_those_of_the_code(message: str):
    # What stands between two constant parts of a message is short; \0 parts the texts.
    parts = [re.escape(part.strip()) for part in message.split("…") if part.strip(" .:,;'")]
    is_there = bool(parts and re.search(r"[^\0]{0,200}?".join(parts), told()))
    assert is_there, message


UPLOADS = ROOT / "docs/moodle-uploads.md"


@pytest.mark.parametrize("kind", ["users", "courses", "cohorts", "groups"])
def test_what_becomes_of_the_columns_of_moodles_uploads(kind: str):
    suite = load_suite(kind)
    section = re.split(r"^## ", UPLOADS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    [text] = [part for part in section if part.startswith(kind.capitalize() + "\n")]
    said = {
        name: word
        for word, names in re.findall(
            r"^\*\*(Taken|Ignored|Refused)[^:]*:\*\*(.*?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL
        )
        for name in re.findall(r"`([a-z0-9_]+)`", names.partition(": put ")[0])
    }
    assert len(said) > 8
    assert said == {
        name: "Refused" if spec is None else "Ignored" if spec.type == "ignored" else "Taken"
        for name, spec in ((name, suite.spec(name)) for name in said)
    }
