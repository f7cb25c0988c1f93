"""What it costs to keep what a file changes: each file with Param `undo` and without, in turn. `make bench undo`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.bench.people import HEADER, enrolments, fill
from tests.bench.segments import KINDS
from tests.bench.segments import LINES as ONE_BY_ONE
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.folders import Cabinet
from toolsync.settings import settings

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

LINES, ROUNDS, SMALL_ROUNDS = 100_000, 3, 5
ACCOUNTS = "username,firstname,lastname,email,idnumber,city,country,department"


class File(NamedTuple):
    """A command file.

    :param what: it does, in words.
    """

    what: str
    type: str
    header: str
    rows: Iterable[str]
    params: dict[str, Any]


def undo(bench: Bench, lines: int | None) -> bool:
    """Accounts and enrolments, made, changed, the same again, taken away; a file of one line; lines that are done one by one.

    :param lines: of each file. Judged by eye, so it is always good.
    """
    many = lines or LINES
    _measure(bench, lambda: _accounts(many), ROUNDS)
    bench.prepare(fill)
    _measure(bench, lambda: _enrolments(many), ROUNDS)
    bench.prepare(fill)
    _undone(bench, lambda: _enrolments(many))
    bench.begin()
    _undone(bench, lambda: _accounts(many))
    _measure(bench, _small, SMALL_ROUNDS)
    return True


def _measure(bench: Bench, files: Any, rounds: int) -> None:
    """Run files one after the other, as often as asked, and print the least that each took in CPU."""
    settings().update(batch_seconds=None)  # batches of one size, however busy the machine is
    least: dict[str, list[float]] = {}
    for _ in range(rounds):
        for keep in (False, True):
            bench.restore()
            for file in files():
                timing = bench.run(file.type, file.header, file.rows, undo=keep, **file.params)
                took = least.setdefault(file.what, [float("inf")] * 2)
                took[keep] = min(took[keep], timing.cpu)
    for what, (without, kept) in least.items():
        print(f"{what:<44} execute {without:6.2f} s CPU, with undo {kept:6.2f} s: {kept / without:.2f} ×", flush=True)


def _undone(bench: Bench, files: Callable[[], Iterator[File]]) -> None:
    """Undo each file right after it was run, and print what that takes beside the run."""
    settings()["batch_seconds"] = None
    bench.restore()
    for file in files():
        rows = list(file.rows)
        for earlier in bundles(Cabinet(file.type)):
            earlier.remove()
        ran = bench.run(file.type, file.header, rows, **file.params)
        found = bundles(Cabinet(file.type))
        parts = found[-1].parts() if found else {}
        if parts:
            lines = [f"{file.type},{found[-1].claim_id},{part}" for part in reversed(parts)]
            undone = bench.run("undo", "type,run,part", lines, require_approval=False)
            print(
                f"{file.what:<44} execute {ran.cpu:6.2f} s CPU, undo {undone.cpu:6.2f} s: {undone.cpu / ran.cpu:.2f} ×",
                flush=True,
            )
            bench.run(file.type, file.header, rows, undo=False, **file.params)  # the next file finds what this one did


def _accounts(many: int) -> Iterator[File]:
    for what, city in ((f"{many:,} created", "Lyon"), ("one value of each changed", "Lille"), ("again", "Lille")):
        yield File(f"users: {what}", "users", ACCOUNTS, _people(many, city), {})


def _people(number: int, city: str) -> Iterator[str]:
    for n in range(number):
        yield f"person{n:07},First{n % 977},Last{n % 7919},person{n}@example.org,ID{n:07},{city},FR,Department {n % 50}"


def _enrolments(many: int) -> Iterator[File]:
    for what, command in ((f"{many:,} added, with groups", "add"), ("the same again", "add"), ("removed", "del")):
        rows = (row for row, _ in zip(enrolments(command), range(many), strict=False))
        yield File(f"enrolments: {what}", "enrolments", HEADER, rows, {})


def _small() -> Iterator[File]:
    for kind, header, params, lines in KINDS:
        rows = [lines[n % len(lines)] for n in range(ONE_BY_ONE + 1)]
        yield File(f"{kind}: a file of one line", kind, header, rows[:1], params)
        yield File(f"{kind}: {ONE_BY_ONE} lines about one thing", kind, header, rows[1:], params)
