"""Packages of a system of student records: OneRoster or Canvas SIS, each one ZIP archive, become runs of the types."""

from airflow.sdk import DAG

from toolsync.feed_dags import feed_dags

dags: list[DAG] = [*feed_dags()]
