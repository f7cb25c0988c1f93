"""A distributed Airflow, as sites with many workers run it: `make test-workers`. It takes minutes and programs of its own; `make test` leaves it out."""
