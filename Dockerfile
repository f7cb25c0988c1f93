# Airflow's slim image with the pinned requirements; docker-compose.yaml mounts the package itself.
#   --build-arg REQUIREMENTS=s3         with what a cabinet in an S3-compatible store needs
#   --build-arg REQUIREMENTS=workers    with that and Celery
# The full image has ninety providers, whose requirements conflict with the versions pinned in requirements.txt.
FROM apache/airflow:slim-3.3.2-python3.11 AS base

FROM base AS wheels
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential pkg-config libmariadb-dev \
    && rm -rf /var/lib/apt/lists/*
USER airflow
COPY requirements.txt /tmp/
# The only package that has no wheel on PyPI.
RUN grep '^mysqlclient==' /tmp/requirements.txt > /tmp/source.txt \
    && pip wheel --no-cache-dir --no-deps --wheel-dir /tmp/wheels -r /tmp/source.txt

FROM base
ARG REQUIREMENTS=docker
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/*
USER airflow
COPY requirements.txt requirements-docker.txt requirements-s3.txt requirements-workers.txt /tmp/
COPY --from=wheels /tmp/wheels /tmp/wheels
RUN pip install --no-cache-dir --find-links /tmp/wheels -r /tmp/requirements-docker.txt -r "/tmp/requirements-$REQUIREMENTS.txt"
ENV GX_ANALYTICS_ENABLED=false
