"""When a DAG runs by itself: at the ticks of its cron expression, and never later.

Airflow's own cron timetables begin the latest missed run as soon as they can: when a DAG is unpaused (as the trigger form does), when the scheduler is back,
when the run before it has ended. Such a run takes files with the default Params, also the file that a person is about to simulate.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.exceptions import AirflowTimetableInvalid
from airflow.sdk import Asset
from airflow.sdk.definitions.timetables.assets import AssetTriggeredTimetable as OnlyWatched
from airflow.sdk.exceptions import AirflowSkipException
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.base import DagRunInfo, DataInterval
from airflow.timetables.trigger import CronTriggerTimetable
from pendulum import DateTime, instance, now

if TYPE_CHECKING:
    from airflow.models.dag import DagModel
    from airflow.timetables.base import TimeRestriction

# A tick stays the next one for so long: Airflow computes it anew whenever it parses the DAG file, perhaps between the tick and the creation of its run.
# The scheduler looks for due runs every second or so; a busy one needs longer.
GRACE = timedelta(minutes=2)
# A run that the scheduler starts later than that after its tick is a missed one. Airflow may have kept a tick from before: for GRACE, and until it next
# parses the DAG file (every 30 s by default).
STARTS_WITHIN = timedelta(minutes=5)
# A run that was started in time may wait for a worker. But it also waits while its DAG is paused, and goes on when the DAG is unpaused for another purpose.
WORKS_WITHIN = timedelta(minutes=30)
# What the audit log calls the ways of unpausing.
UNPAUSE_ONE, UNPAUSE_MANY, UNPAUSE_BY_COMMAND = "patch_dag", "patch_dags", "cli_dag_unpause"


class UnpausedSince(Exception):
    """A scheduled run is not created, because the DAG was paused when it was due. The scheduler logs it and goes on."""


class PunctualTimetable(CronTriggerTimetable):
    """A cron expression whose missed ticks are never run later. With `catchup`, as backfills have it, it is Airflow's own CronTriggerTimetable."""

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        if restriction.catchup:
            return super().next_dagrun_info(
                last_automated_data_interval=last_automated_data_interval, restriction=restriction
            )
        ticks = [self.due(now("UTC"))]
        if last_automated_data_interval is not None:
            ticks.append(self._get_next(last_automated_data_interval.end))
        if restriction.earliest is not None:
            ticks.append(self._align_to_next(restriction.earliest))
        tick = max(ticks)
        if restriction.latest is not None and restriction.latest < tick:
            return None
        return DagRunInfo.exact(tick)

    def next_run_info_from_dag_model(self, *, dag_model: DagModel) -> DagRunInfo | None:
        """The run that the scheduler is about to create.

        :raises UnpausedSince: the DAG was paused at its tick. `dag_model` then has the next tick.
        """
        info = super().next_run_info_from_dag_model(dag_model=dag_model)
        if info is None or not (by := unpaused_since(dag_model, info.run_after)):
            return info
        tick = self.after(now("UTC"))
        dag_model.next_dagrun = dag_model.next_dagrun_create_after = tick
        dag_model.next_dagrun_data_interval = DataInterval.exact(tick)
        raise UnpausedSince(
            f"{dag_model.dag_id} was paused at {written(info.run_after)} (unpaused later by {by}), so no run of that time is created. "
            f"The next scheduled run: {written(tick)}."
        )

    def due(self, moment: DateTime) -> DateTime:
        """The tick that is due at a moment: the first one that came within GRACE, or is to come."""
        return self._align_to_next(moment - GRACE)

    def after(self, moment: DateTime) -> DateTime:
        """The first tick after a moment."""
        return self._get_next(moment)


class WatchedTimetable(AssetOrTimeSchedule):
    """A cron expression, besides the watch of an inbox: whatever the watch does, each tick is that of a PunctualTimetable."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.description = f"{self.timetable.description}, and when a file is dropped"

    @property
    def summary(self) -> str:
        return f"{self.timetable.summary}, watched"

    def next_run_info_from_dag_model(self, *, dag_model: DagModel) -> DagRunInfo | None:
        return self.timetable.next_run_info_from_dag_model(dag_model=dag_model)


def dag_schedule(expression: Any, place: str, inbox: Asset | None) -> Any:
    """What a DAG is given as its schedule.

    :param expression: its entry of `schedules` in the settings.
    :param place: where that is written.
    :param inbox: the asset of an inbox that is watched; None: it is not.
    :raises ValueError: the expression is none.
    """
    made = timetable(expression, place)
    if inbox is None:
        return made
    return [inbox] if made is None else WatchedTimetable(timetable=made, assets=inbox)


def is_watched(dag: Any) -> bool:
    """Whether a file that is dropped in its inbox starts a run of a DAG."""
    return isinstance(dag.timetable, WatchedTimetable | OnlyWatched)


def by_watch(context: Any) -> bool:
    """Whether a running task is that of a run which the watch started. One that a person clears is the person's."""
    run = context["dag_run"]
    return run.run_type == "asset_triggered" and not run.clear_number


def give_way(context: Any) -> None:
    """Skip the task of a run that the watch started, when somebody has triggered a run which now waits for it: perhaps to simulate the very file.

    :param context: of the running task.
    :raises AirflowSkipException: a run waits.
    """
    if by_watch(context) and context["ti"].get_dr_count(context["dag"].dag_id, states=["queued"]):
        raise AirflowSkipException(
            "The watch of the inbox started this run, and another run of the DAG waits, which somebody may have triggered with other Params: it comes first. "
            "Nothing was taken. The watch starts another run for what that one leaves untouched."
        )


def timetable(expression: Any, place: str) -> PunctualTimetable | None:
    """The timetable of a type.

    :param expression: its entry of `schedules` in the settings: a cron expression, or None for a DAG that runs by hand only.
    :param place: where that is written, for messages.
    :raises ValueError: it is something else.
    """
    if expression is None:
        return None
    try:
        made = PunctualTimetable(str(expression), timezone="UTC")
        made.validate()
        made.after(now("UTC"))  # 31 February never comes
    except (AirflowTimetableInvalid, ValueError) as error:
        raise ValueError(
            f"{place}: expected a cron expression such as '0 */6 * * *', or null, found {expression!r}. ({error})"
        ) from None
    return made


def unpaused_since(dag_model: DagModel, moment: datetime) -> str | None:
    """Who unpaused a DAG after a moment, according to Airflow's audit log; None when nobody did.

    :param dag_model: as the scheduler holds it, in a session of the metadata database. Tasks can't ask.
    """
    from airflow.models.log import Log
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    if (session := object_session(dag_model)) is None:
        return None
    events = (UNPAUSE_ONE, UNPAUSE_MANY, UNPAUSE_BY_COMMAND)
    entries = session.execute(
        select(Log.event, Log.dag_id, Log.extra, Log.owner).where(Log.dttm > moment, Log.event.in_(events))
    )
    for event, dag_id, extra, owner in entries:
        if event == UNPAUSE_BY_COMMAND:
            # Perhaps with a regular expression as dag_id.
            unpauses = dag_id == dag_model.dag_id or "regex" in (extra or "")
        else:
            # The API also takes "false", "off" and 0.
            unpauses = dag_id in (dag_model.dag_id, None) and '"is_paused": true' not in (extra or "")
        if unpauses:
            return owner or "somebody"
    return None


def skip_late_run(context: Any) -> None:
    """Skip the task of a scheduled run that begins too late after its tick. Called first, before anything is taken or written.

    A run that a person triggered or cleared is never late.

    :param context: of the running task.
    :raises AirflowSkipException: the run is late.
    """
    run = context["dag_run"]
    if run.run_type != "scheduled" or run.clear_number:
        return
    moment = now("UTC")
    started = run.start_date or moment
    if started - run.run_after <= STARTS_WITHIN and moment - run.run_after <= WORKS_WITHIN:
        return
    tick = next_tick(context)
    raise AirflowSkipException(
        f"This scheduled run was due at {written(run.run_after)} and came to work only at {written(moment)}: the DAG was paused, its last run was not done, "
        "or Airflow was down or busy. A scheduled run is never made up for, because nobody may expect it now: nothing was taken, nothing was changed. "
        f"Trigger the DAG to do its work now{f'; the next scheduled run: {written(tick)}' if tick else ''}."
    )


def what_comes_next(context: Any) -> str | None:
    """For the log of a simulation: when its work would be done for real. None when no schedule does that.

    :param context: of the running task.
    """
    tick, defaults = next_tick(context), context["dag"].params
    if tick is None or defaults.get("simulate") or context["params"].get("content") or context["params"].get("upload"):
        return None
    if "files" not in defaults:
        return f"This is a simulation. The next scheduled run, {written(tick)}, is for real, unless the DAG is paused then."
    return (
        f"This is a simulation: the file is still in the inbox. The next scheduled run, {written(tick)}, takes it for real, unless the DAG is paused then. "
        "Take the file out of the inbox if that is not what you want."
    )


def next_tick(context: Any) -> DateTime | None:
    """When the DAG of a running task runs by itself next; None without a schedule. Whether it is paused, a task does not know."""
    made = context["dag"].timetable
    made = made.timetable if isinstance(made, WatchedTimetable) else made
    return made.after(now("UTC")) if isinstance(made, PunctualTimetable) else None


def written(moment: datetime) -> str:
    """A moment as people read it, in UTC as the schedules are."""
    return f"{instance(moment).in_timezone('UTC'):%Y-%m-%d %H:%M} UTC"
