"""What Airflow itself must know of Tool Sync: the timetables of its DAGs. The scheduler, the DAG processor and the API server load it when they start."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from toolsync.schedule import PunctualTimetable, WatchedTimetable


class ToolsyncPlugin(AirflowPlugin):
    name = "toolsync"
    timetables = [PunctualTimetable, WatchedTimetable]
