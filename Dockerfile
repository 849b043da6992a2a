# Two images of the same code. `web` serves the site and the queue `default`; `runs` adds what the
# queue `runs` needs: the swebench package, bubblewrap, node and patch.
#
#   docker build --target web  --tag retrace-web .
#   docker build --target runs --tag retrace-runs .

FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=annotator.config.settings.prod \
    RETRACE_DATA=/data
# Every container has the same user: they share /data, and git refuses the mirrors of another user.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git patch \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --create-home retrace \
    && install --directory --owner retrace --group retrace --mode 0700 /data \
    && python -m venv /opt/venv
WORKDIR /srv/retrace
COPY requirements/base.txt requirements/
RUN pip install --require-hashes --requirement requirements/base.txt

FROM base AS web
COPY . .
# The folder is the code's; nothing in a container writes to it.
RUN python -m compileall -q accounts trajectories validation annotator reviews
USER retrace
VOLUME /data
EXPOSE 8000

FROM base AS runs
# setpriv and prlimit come with util-linux.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap nodejs npm util-linux \
    && rm -rf /var/lib/apt/lists/*
COPY requirements/runs.txt requirements/
RUN pip install --require-hashes --requirement requirements/runs.txt
COPY . .
RUN python -m compileall -q accounts trajectories validation annotator reviews
USER retrace
VOLUME /data
