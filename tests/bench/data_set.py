"""`make bench data_set`: an export of 300,000 accounts night after night, through the command that `make run` starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.bench.feed import timed

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

LINES, CHANGED = 300_000, 500
MOST = 20  # seconds that the next night may take
HEADER = "username,firstname,lastname,email,idnumber,city,country,department"


def data_set(bench: Bench, lines: int | None) -> bool:
    """Measure the first file of a data set, the next one of which 500 lines changed, and one in which nothing changed.

    :param lines: of each file; None: 300,000.
    :return: whether the right lines ran, and the second file took at most 20 s.
    """
    number, good = lines or LINES, True
    every = max(number // CHANGED, 1)
    changed = len(range(0, number, every))
    nights = [
        ("the first file", 0, {"created": number}),
        (f"{changed} lines changed", 1, {"updated": changed, "unchanged": number - changed}),
        ("nothing changed", 1, {"unchanged": number}),
    ]
    for what, night, expected in nights:
        seconds, counts = timed(bench, "users", HEADER, accounts(number, every, night), data_set="bench")
        good &= {status: count for status, count in counts.items() if count} == expected
        good &= what == "the first file" or seconds <= MOST
        print(f"{what:<24}{number:>9,} lines{seconds:>9.1f} s", flush=True)
    print("All as it should be." if good else f"NOT as it should be: other lines ran, or it took more than {MOST} s.")
    return good


def accounts(number: int, every: int, night: int) -> Iterator[str]:
    """The lines of a night: each so many has another city than the night before."""
    for n in range(number):
        moved = night if n % every == 0 else 0
        yield f"person{n:07},First{n % 977},Last{n % 7919},person{n}@example.org,ID{n:07},City{n % 100 + moved},FR,Department {n % 50}"
