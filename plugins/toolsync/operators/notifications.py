"""Tells people what they should know of a run, through Airflow's notifiers, as `notifications` of the settings says.

A notice names the file, counts and where to look. It holds nothing that stands in the file: it leaves the house.
"""

from __future__ import annotations

import html
import inspect
import logging
import pkgutil
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from airflow.sdk import BaseNotifier

from toolsync.operators.links import base_url
from toolsync.settings import WrongSetting
from toolsync.sites import Site, page_of, site_of

REJECTED, FAILED_LINES, APPROVAL, NO_ANSWER, RUN_FAILED, LATE = EVENTS = (
    "rejected",
    "failed_lines",
    "approval",
    "no_answer",
    "run_failed",
    "late",
)
# Where notifiers take a text, unless the settings give them another one. They are templates of Airflow, and may be in the settings, too.
FIELDS = {
    "subject": "{{ toolsync.subject }}",
    "html_content": "{{ toolsync.html }}",
    "text": "{{ toolsync.text }}",
    "message": "{{ toolsync.text }}",
    "description": "{{ toolsync.text }}",
    "body": "{{ toolsync.text }}",
}
ADDRESS = re.compile(r"(https?://)[^\s'\"<>]+|(?<=url: )/\S+", re.IGNORECASE)  # that of a webhook is a password
SHARE = re.compile(r"\d{1,3}(\.\d+)?%")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Addressee:
    """Whom to tell what.

    :param notifier: the class of Airflow's notifier.
    :param arguments: its arguments.
    :param events: what it is told of.
    :param types: of which types; None: of all.
    """

    notifier: type[BaseNotifier]
    arguments: dict[str, Any]
    events: Collection[str]
    types: Collection[str] | None

    def wants(self, notice: Notice) -> bool:
        """Whether a notice is for it."""
        of_type = self.types is None or page_of(notice.dag_id) in self.types
        return of_type and notice.event in self.events

    def tell(self, notice: Notice, context: Mapping[str, Any]) -> None:
        """Send a notice. What stands in its way is logged: no run fails for that."""
        try:
            self.notifier(**self.arguments)({**context, "toolsync": asdict(notice) | {"html": notice.html}})
        except Exception as error:
            why = ADDRESS.sub(r"\1…", str(error))
            log.warning("%s could not be told: %s: %s", self.notifier.__name__, type(error).__name__, why)
        else:
            log.info("%s was told: %s", self.notifier.__name__, notice.subject)


@dataclass(frozen=True)
class Notice:
    """What somebody is told.

    :param event: one of EVENTS.
    :param dag_id: of the DAG.
    :param subject: the whole of it in one line.
    :param lines: more about it.
    :param links: addresses of pages, by what they show.
    """

    event: str
    dag_id: str
    run_id: str
    subject: str
    lines: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        links = [f"{what}: {address}" for what, address in self.links.items()]
        object.__setattr__(self, "text", "\n".join([self.subject, *self.lines, *links]))

    @property
    def html(self) -> str:
        """The text as a page."""
        said = "".join(f"<p>{html.escape(line)}</p>" for line in [self.subject, *self.lines])
        links = "".join(
            f'<p><a href="{html.escape(address)}">{html.escape(what)}</a></p>' for what, address in self.links.items()
        )
        return said + links

    def send(self, context: Mapping[str, Any]) -> None:
        """Tell everybody whom the settings name for it."""
        for one in addressees(site_of(self.dag_id)[0]):
            if one.wants(self):
                one.tell(self, context)


class PlanWaits(BaseNotifier):
    """Tells that a plan waits for an approval. Airflow calls it when it begins to wait."""

    def notify(self, context: Any) -> None:
        task, dag_id = context["task"], context["dag"].dag_id
        links = {}
        if base := base_url():
            links["The plan"] = f"{base}/toolsync/#/plans/{dag_id}/{task.claim['id']}"
            links["The question in Airflow"] = task.generate_link_to_ui(task_instance=context["ti"], base_url=base)
        said = ["Nothing is done until somebody approves it."]
        Notice(APPROVAL, dag_id, context["run_id"], f"{task.subject}: waits for approval", said, links).send(context)


def failed_lines_over(site: Site) -> int | str | None:
    """How many lines of a file may fail before somebody is told: a number, or a share such as `5%`; None: any number.

    :raises WrongSetting: it is something else.
    """
    value = (site.page.get("notifications") or {}).get("failed_lines_over", 0)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, str) and SHARE.fullmatch(value):
        return value
    raise WrongSetting(
        f'{site.place("notifications", "failed_lines_over")}: expected a number, a share such as "5%", or null, found {value!r}.'
    )


def addressees(site: Site) -> list[Addressee]:
    """Whom the settings of a site name.

    :raises WrongSetting: they can't be told so.
    """
    page = site.page.get("notifications") or {}
    place = site.place("notifications")
    _known(page, {"failed_lines_over", "to"}, place)
    entries = page.get("to") or []
    if not isinstance(entries, list):
        # What stands there is not repeated: it may hold a password or the address of a webhook, and Airflow shows this to whoever sees DAGs.
        raise WrongSetting(f"{site.place('notifications', 'to')}: expected a list: each entry begins with a dash.")
    place = site.place("notifications", "to")
    return [_addressee(site, entry, f"{place}, {number}") for number, entry in enumerate(entries, 1)]


def _addressee(site: Site, entry: Any, place: str) -> Addressee:
    if not isinstance(entry, dict) or "notifier" not in entry:
        found = f"only {', '.join(map(str, entry)) or 'nothing'}" if isinstance(entry, dict) else "something else"
        raise WrongSetting(f"{place}: expected `notifier` and its `arguments`, found {found}.")
    entry = {"on" if name is True else name: value for name, value in entry.items()}  # YAML takes on for true
    _known(entry, {"notifier", "arguments", "on", "types"}, place)
    path = entry["notifier"]
    try:
        notifier = pkgutil.resolve_name(path)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise WrongSetting(
            f"{place}, notifier: {path!r} can't be imported ({error}). Is its provider installed?"
        ) from None
    if not (inspect.isclass(notifier) and issubclass(notifier, BaseNotifier)):
        raise WrongSetting(f"{place}, notifier: {path} is no notifier of Airflow.")
    given = entry.get("arguments") or {}
    if not (isinstance(given, dict) and all(isinstance(name, str) for name in given)):
        raise WrongSetting(f"{place}, arguments: expected arguments of {path} and their values.")
    arguments: dict[str, Any] = {**_texts(notifier), **given}
    try:
        notifier(**arguments)
    except Exception as error:
        why = ADDRESS.sub(r"\1…", str(error))
        for secret in (text for text in map(str, given.values()) if len(text) > 2):
            why = why.replace(secret, "…")
        raise WrongSetting(f"{place}, arguments: {path} does not take them: {why}.") from None
    return Addressee(
        notifier,
        arguments,
        _chosen(entry.get("on"), EVENTS, f"{place}, on"),
        _chosen(entry["types"], site.page["schedules"], f"{place}, types") if entry.get("types") is not None else None,
    )


def _texts(notifier: type[BaseNotifier]) -> dict[str, str]:
    """The fields of a notifier that take our words."""
    taken = inspect.signature(notifier).parameters
    return {name: text for name, text in FIELDS.items() if name in taken and name in notifier.template_fields}


def _chosen(values: Any, known: Iterable[str], place: str) -> Collection[str]:
    known = list(known)
    if values is None:
        return known
    if not isinstance(values, list) or not all(value in known for value in values):
        raise WrongSetting(f"{place}: expected a list of some of {', '.join(known)}, found {values!r}.")
    return values


def _known(page: Any, names: set[str], place: str) -> None:
    if not isinstance(page, dict):
        raise WrongSetting(f"{place}: expected settings and their values.")
    if others := set(page) - names:
        raise WrongSetting(f"{place}: there is no setting {sorted(others)[0]!r}, only {', '.join(sorted(names))}.")
