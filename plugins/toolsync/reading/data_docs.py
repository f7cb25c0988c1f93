"""Data Docs of a validated file: the page that Great Expectations renders, without any value of the file. For tasks only: importing it takes seconds."""

from __future__ import annotations

import html
import re
from datetime import datetime
from functools import cache
from typing import IO, Any

import great_expectations
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from toolsync.reading.rules import Rule
from toolsync.reading.validator import Validator

# The page is not part of a Data Docs site, so its links to the site lead nowhere; and its images would tell another server who reads it.
HOME = re.compile(r'href="(?:\.\./)+(?:index|expectations/[^"]*)\.html"')
FOREIGN_IMAGES = re.compile(r"<img\s[^>]*great-expectations-web-assets[^>]*>|<link rel=\"shortcut icon\"[^>]*>")


def build_data_docs(validator: Validator, stream: IO[bytes], *, file_name: str, run_name: str, time: datetime) -> None:
    """Write the page of a validated file.

    :param validator: the file's validator, after `finish`.
    :param stream: where to write.
    :param run_name: what names the run in the cabinet.
    :param time: when the file was validated.
    :raises OSError: when the page can't be written.
    """
    # The view does not escape names, and a file may have any.
    run = RunIdentifier(run_name=html.escape(run_name), run_time=time)
    result = _result(validator, html.escape(file_name), run)
    page = _view().render(ValidationResultsPageRenderer().render(result))
    page = FOREIGN_IMAGES.sub("", HOME.sub('href="#"', page))
    stream.write(page.encode())


@cache
def _view() -> DefaultJinjaPageView:
    """The view. It compiles its templates once a process."""
    return DefaultJinjaPageView()


def _result(validator: Validator, file_name: str, run: RunIdentifier) -> ExpectationSuiteValidationResult:
    results = [_rule_result(rule) for rule in validator.rules if rule.evaluated or rule.broken]
    met = sum(bool(result.success) for result in results)
    return ExpectationSuiteValidationResult(
        success=met == len(results),
        results=results,
        suite_name=validator.suite.name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(results) - met,
            "success_percent": _percent(met, len(results)),
        },
        meta={
            "run_id": run,
            "batch_kwargs": {
                "data_asset_name": file_name,
                "lines": validator.lines,
                "unreadable_lines": validator.unreadable_lines,
            },
            "great_expectations_version": great_expectations.__version__,
        },
    )


def _rule_result(rule: Rule) -> ExpectationValidationResult:
    return ExpectationValidationResult(
        success=rule.success and not rule.broken,
        expectation_config=rule.expectation.configuration,
        result={} if rule.broken else _counts(rule),
        exception_info={
            "raised_exception": rule.broken,
            "exception_message": "It can't be evaluated; the report of the run says why." if rule.broken else None,
            "exception_traceback": "" if rule.broken else None,
        },
    )


def _counts(rule: Rule) -> dict[str, Any]:
    if not rule.is_about_lines:
        return {} if rule.observed is None else {"observed_value": rule.observed}
    present = rule.lines - rule.missing
    return {
        "element_count": rule.lines,
        "missing_count": rule.missing,
        "missing_percent": _percent(rule.missing, rule.lines),
        "unexpected_count": rule.unexpected,
        "unexpected_percent": _percent(rule.unexpected, present),
        "unexpected_percent_total": _percent(rule.unexpected, rule.lines),
        "unexpected_percent_nonmissing": _percent(rule.unexpected, present),
    }


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
