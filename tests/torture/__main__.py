"""`make torture`: the attacks, many times as often as the ordinary suite has them.

python -m tests.torture [--times N] [--seed N] [--tests PATH …] [-- ARGUMENTS OF PYTEST]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys

from tests.support.torture import FIRST, TIMES

ATTACKS = "tests/torture tests/cabinet tests/reading/test_random_files.py tests/course/test_courses_backups.py"
USUAL_TIMES = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture")
    parser.add_argument("--times", type=number, help="how many times as many seeds as the ordinary suite")
    parser.add_argument("--seed", type=number, help="the first seed")
    parser.add_argument("--tests", help="files, folders or names of tests")
    parser.add_argument("pytest", nargs="*", help="arguments of pytest")
    arguments = parser.parse_args()
    times = arguments.times or USUAL_TIMES
    seed = random.randrange(1_000_000) if arguments.seed is None else arguments.seed
    print(
        f"Seeds from {seed}, {times} times as many as in make test: make torture SEED={seed} TIMES={times} repeats it."
    )
    sys.stdout.flush()
    program = [sys.executable, "-m", "pytest", *(arguments.tests or ATTACKS).split(), *arguments.pytest]
    failed = subprocess.run(program, env={**os.environ, TIMES: str(times), FIRST: str(seed)}, check=False).returncode
    if failed:
        print(
            f"Seeds from {seed}. The number in the name of a failed test is its seed: "
            "make torture SEED=<number> TIMES=1 TESTS=<its file> repeats it."
        )
    return failed


def number(text: str) -> int | None:
    """A number of the command line; None when make has passed on nothing."""
    return int(text) if text else None


if __name__ == "__main__":
    sys.exit(main())
