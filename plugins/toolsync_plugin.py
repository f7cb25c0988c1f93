"""What Airflow itself must know of Tool Sync: the timetable of its DAGs, links of their tasks, and what is done when a run ends or Airflow starts.

The scheduler, the DAG processor, the API server and the workers load it when they start.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from toolsync.operators import links
from toolsync.reporting import listener
from toolsync.schedule import PunctualTimetable


class ToolsyncPlugin(AirflowPlugin):
    name = "toolsync"
    timetables = [PunctualTimetable]
    listeners = [listener]
    operator_extra_links = links.LINKS
