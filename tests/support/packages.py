"""Packages of OneRoster and Canvas for tests and benchmarks: small ones from texts, and a large one of Canvas."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

ONEROSTER_FILES = (
    "academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics", "enrollments", "lineItems", "orgs",
    "resources", "results", "users",
)  # fmt: skip
ONEROSTER_1_2 = ("roles", "userProfiles", "scoreScales", "lineItemScoreScales", "resultScoreScales", "userResources")

# The package that the first large benchmark of others was made with: see docs/benchmarks.md.
COURSES, ACCOUNTS, ENROLMENTS = 3_643, 66_109, 66_975


def package(files: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive of files, by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def oneroster(files: Mapping[str, str | bytes], version: str = "1.1", mode: str = "bulk", **modes: str) -> bytes:
    """A OneRoster package.

    :param files: by name without `.csv`.
    :param mode: what the manifest says of each of them.
    :param modes: what it says of some.
    """
    said = dict.fromkeys(ONEROSTER_FILES + (ONEROSTER_1_2 if version == "1.2" else ()), "absent")
    said |= dict.fromkeys(files, mode) | modes
    lines = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}"]
    lines += [f"file.{name},{value}" for name, value in said.items()]
    lines += ["source.systemName,Tests", "source.systemCode,T"]
    return package(
        {"manifest.csv": "\r\n".join(lines) + "\r\n", **{f"{name}.csv": text for name, text in files.items()}}
    )


def canvas(path: Path, *, changed: int = 0, part: float = 1) -> Path:
    """A large Canvas package: people in courses with a section each, some of which are cross-listed.

    :param path: where it is written.
    :param changed: of each file, every line whose number this divides is changed: 100 changes 1 %. 0: none.
    :param part: of the usual size.
    """
    courses, people, enrolments = (max(1, int(number * part)) for number in (COURSES, ACCOUNTS, ENROLMENTS))

    def differs(number: int) -> str:
        return " (changed)" if changed and number % changed == 0 else ""

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        write = _writer(archive)
        write("accounts", ["account_id", "parent_account_id", "name", "status"], (
            (f"A{n}", f"A{n // 10}" if n >= 10 else "", f"Faculty {n}" if n < 10 else f"Department {n}", "active") for n in range(1, 100)
        ))  # fmt: skip
        write("terms", ["term_id", "name", "status", "start_date", "end_date"], [
            ("2026FA", "Autumn 2026", "active", "2026-09-01T00:00:00Z", "2027-01-31T00:00:00Z"),
            ("2027SP", "Spring 2027", "active", "2027-02-01T00:00:00Z", "2027-06-30T00:00:00Z"),
        ])  # fmt: skip
        write("users", ["user_id", "login_id", "first_name", "last_name", "email", "status"], (
            (f"U{n:06}", f"person{n:06}", f"Ada{n % 977}", f"Lovelace{n % 1013}{differs(n)}", f"person{n:06}@example.org", "active")
            for n in range(1, people + 1)
        ))  # fmt: skip
        write("courses", ["course_id", "short_name", "long_name", "account_id", "term_id", "status"], (
            (f"C{n:05}", f"SUB{n % 400}", f"Subject {n % 400}, \"part {n}\"{differs(n)}", f"A{n % 90 + 10}", ("2026FA", "2027SP")[n % 2], "active")
            for n in range(1, courses + 1)
        ))  # fmt: skip
        write("sections", ["section_id", "course_id", "name", "status"], (
            (f"S{n:05}", f"C{n:05}", f"Section {n}", "active") for n in range(1, courses + 1)
        ))  # fmt: skip
        write("xlists", ["xlist_course_id", "section_id", "status"], (
            (f"C{n - 1:05}", f"S{n:05}", "active") for n in range(41, courses + 1, 41)
        ))  # fmt: skip
        write("enrollments", ["course_id", "user_id", "role", "section_id", "status"], (
            ("", f"U{n % people + 1:06}", "teacher" if n % 30 == 0 else "student", f"S{(n * 7) % courses + 1:05}",
             "deleted" if differs(n) else "active")
            for n in range(enrolments)
        ))  # fmt: skip
    return path


def _writer(archive: zipfile.ZipFile) -> Callable[[str, list[str], Iterable[tuple[str, ...]]], None]:
    def write(name: str, header: list[str], rows: Iterable[tuple[str, ...]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        archive.writestr(f"{name}.csv", text.getvalue())

    return write
