# Airflow's slim image with this package's pinned requirements; the package itself is mounted by docker-compose.yaml.
# The slim one, because the other's ninety providers would pull at versions that requirements.txt pins.
FROM apache/airflow:slim-3.3.2-python3.11 AS base

FROM base AS wheels
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential pkg-config libmariadb-dev \
    && rm -rf /var/lib/apt/lists/*
USER airflow
COPY requirements.txt /tmp/
# The one package that comes as source only.
RUN grep '^mysqlclient==' /tmp/requirements.txt > /tmp/source.txt \
    && pip wheel --no-cache-dir --no-deps --wheel-dir /tmp/wheels -r /tmp/source.txt

FROM base
USER root
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/*
USER airflow
COPY requirements.txt requirements-docker.txt /tmp/
COPY --from=wheels /tmp/wheels /tmp/wheels
RUN pip install --no-cache-dir --find-links /tmp/wheels -r /tmp/requirements-docker.txt
ENV GX_ANALYTICS_ENABLED=false
