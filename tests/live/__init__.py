"""What only a whole Airflow can show: `make test-live`. Each test starts one, with its triggerer, which takes minutes; `make test` leaves them out."""
