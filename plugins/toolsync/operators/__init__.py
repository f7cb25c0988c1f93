"""What Airflow runs: one thin operator a task, one file each."""
