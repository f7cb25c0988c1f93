"""The tasks of a package, a ZIP archive of the files that a system of student records exports, where they differ from those of a CSV file."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import TRYBACK, Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.archive import ArchiveOperator
from toolsync.operators.collect import CollectOperator
from toolsync.operators.feed_settings import params_problems
from toolsync.operators.package_report import DONE, ORIGIN, UNIT, PackageReport
from toolsync.operators.package_runs import ExecutePackageOperator, made_name, params_of_made
from toolsync.operators.steps import Steps
from toolsync.operators.tryback import TrybackOperator
from toolsync.operators.validate import ValidateOperator
from toolsync.reading.problems import FileProblem, FileRejected
from toolsync.reporting.pieces import CHECKED, piece_name
from toolsync.reporting.report import Report
from toolsync.settings import INCLUDE, WrongSetting, kind
from toolsync.sites import Site

MAPPING = "mapping.json"  # in the work folder: the mapping as it was when the package was converted
KINDS_OF_PACKAGES = ("oneroster", "canvas")


class CollectPackagesOperator(CollectOperator):
    """Claims a package: the files of a run are done side by side, and of two packages, the later one has to have the last word."""

    most = 1

    def check(self, params: Mapping[str, Any]) -> None:
        """There is no Param `timezone` to be checked."""


class ValidatePackageOperator(ValidateOperator):
    """Checks the files of a package, and makes command files of them, by the mapping of its kind."""

    has_suite = False
    report_class = PackageReport

    def check_file(self, cabinet: Cabinet, claim: Claim) -> dict[str, Any]:
        # They take seconds to import.
        from toolsync.feeds.kinds import PackageRejected
        from toolsync.feeds.packages import convert, kind_of

        @contextmanager
        def out(file_type: str) -> Iterator[IO[bytes]]:
            with cabinet.writing_beside(claim, made_name(file_type)) as stream:
                yield stream

        source = cabinet.opened(claim)
        try:
            kind_of_package = kind_of(source)
            own = mapping_path(self.site, kind_of_package)
            text = own.read_text(encoding="utf-8") if own else None
            cabinet.save(claim, MAPPING, {"kind": kind_of_package, "own": text})
            part = bool(claim.options.get("part")) or is_tryback(claim.name, source)
            converted = convert(source, mapping_of(cabinet, claim), out, part=part)
        except PackageRejected as rejection:
            raise FileRejected([FileProblem("archive", "", reason) for reason in rejection.reasons]) from None
        for one in converted.files:
            params = params_of_made(self.site.dag_id(one.file_type), one.params, part=part)
            if problems := params_problems(self.site, one.file_type, params):
                raise AirflowFailException(
                    f"{mapping_name(self.site, kind_of_package)}, {one.file_type}: {' '.join(problems)} Nothing was run. Correct params or bulk_params of the "
                    "mapping, then clear this task."
                )
        with cabinet.writing_beside(claim, ORIGIN) as stream:
            for origin in converted.origin.values():
                origin.save(stream)
        left_out = [tuple(problem) for problem in converted.problems]
        cabinet.save(claim, piece_name(CHECKED, 0), {"problems": [], "notes": [], "left_out": left_out})
        failed = len({problem[:2] for problem in left_out})
        made = [
            {"type": one.file_type, **{k: v for k, v in asdict(one).items() if k != "file_type"}}
            for one in converted.files
        ]
        described = " ".join(filter(None, (kind_of_package, converted.version)))
        files = ", ".join(f"{one.lines} lines of {one.file_type}" for one in converted.files) or "nothing to run"
        notes = [
            *converted.notes,
            *(["It is a part of a package: nothing that it lacks is taken as gone."] if part else []),
        ]
        return {
            "unit": UNIT,
            "lines": sum(one.lines for one in converted.files) + failed,
            "failed": failed,
            "summary": f"{described}: {files}",
            "notes": notes,
            "package": {"kind": kind_of_package, "version": converted.version},
            "files": names_in(source),
            "made": made,
            "part": part,
        }


class TrybackPackageOperator(TrybackOperator):
    """Writes a package of what was left out and what failed, in the form of the package."""

    report_class = PackageReport

    def give_back(self, cabinet: Cabinet, claim: Claim, lines: set[int]) -> None:
        from toolsync.feeds.packages import Converted
        from toolsync.feeds.reader import PackageProblem
        from toolsync.operators.package_report import origins_of

        report = PackageReport(cabinet, claim)
        left_out = [PackageProblem(*one) for one in (cabinet.saved(claim, piece_name(CHECKED, 0)) or {})["left_out"]]
        converted = Converted(
            source=cabinet.opened(claim),
            mapping=mapping_of(cabinet, claim),
            kind=report.validated["package"]["kind"],
            version=report.validated["package"]["version"],
            files=[],
            problems=left_out,
            notes=[],
            origin=origins_of(cabinet, claim),
        )
        failed = {file_type: numbers for file_type, numbers in report.failed_of_types().items() if numbers}
        with tempfile.TemporaryFile() as made:  # an archive is written back and forth, which a store can't
            number = converted.tryback(failed, made)
            made.seek(0)
            with cabinet.writing("tryback", claim.named("tryback")) as (stream, path):
                shutil.copyfileobj(made, stream)
        self.written(cabinet, claim, path, f"{number} lines")


class ArchivePackageOperator(ArchiveOperator):
    """Writes one report for the package, with those of the types' runs. It fails when a type did not do its work."""

    report_class = PackageReport

    def attach_changes(self, cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, str]:
        """Each type's run has a table of its own."""
        return {}

    def end(self, result: Mapping[str, Any], text: str, context: Any, **facts: Any) -> dict[str, Any]:
        told = super().end(result, text, context, **facts)
        if not_done := [f"{each['type']} ({each['state']})" for each in result["types"] if each["state"] != DONE]:
            raise AirflowFailException(
                f"Of {result['file']}, not all was done: {', '.join(not_done)}. Report: {result['report']}"
            )
        return told


def is_tryback(name: str, source: Any) -> bool:
    """Whether a package is the tryback of one, also when somebody has given it another name.

    :param source: anything with `open("rb")`.
    """
    from toolsync.feeds.archive import PART

    if TRYBACK.search(name):
        return True
    with source.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        return archive.comment == PART


def names_in(source: Any) -> list[str]:
    """The names of the files of a package, in its order."""
    with source.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        return [info.filename for info in archive.infolist() if not info.is_dir()]


def mapping_path(site: Site, kind_of_package: str) -> Path | None:
    """The file that says what a site's mapping has instead of ours; None: nothing.

    :raises WrongSetting: it is no path, or there is no such file.
    """
    section, place = site.page.get("packages") or {}, site.place("packages", kind_of_package)
    path = section.get(kind_of_package) if isinstance(section, dict) else section
    if path is None:
        return None
    if not isinstance(path, str):
        raise WrongSetting(f"{place}: expected the path of a file, or null, found {kind(path)}.")
    found = INCLUDE.parent / path
    if not found.is_file():
        raise WrongSetting(f"{place}: there is no file {found}.")
    return found


def mapping_of(cabinet: Cabinet, claim: Claim) -> Any:
    """The mapping of a package, as it was when it was converted.

    :raises WrongSetting: it makes no sense.
    """
    from toolsync.feeds.mapping import load_mapping

    kept = cabinet.saved(claim, MAPPING)
    if kept["own"] is None:
        return load_mapping(kept["kind"])
    own = mapping_name(cabinet.site, kept["kind"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / own
        path.write_text(kept["own"], encoding="utf-8")
        try:
            return load_mapping(kept["kind"], path)
        except WrongSetting as reason:
            raise WrongSetting(str(reason).replace(f"{folder}/", "")) from None


def mapping_name(site: Site, kind_of_package: str) -> str:
    """The name of the file with a site's mapping, for messages."""
    with suppress(WrongSetting):
        if (path := mapping_path(site, kind_of_package)) is not None:
            return path.name
    return f"{kind_of_package}.yaml"


PACKAGES = Steps(
    collect=CollectPackagesOperator,
    validate=ValidatePackageOperator,
    execute=ExecutePackageOperator,
    tryback=TrybackPackageOperator,
    archive=ArchivePackageOperator,
    has_suite=False,
    file_params={"files", "upload", "simulate", "fail_over"},
)
