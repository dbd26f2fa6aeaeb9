# Two stages of the same base, so that the environment that the first one makes runs in the second.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tranche
WORKDIR /src
COPY docs/deploy/requirements.txt docs/deploy/requirements-celery.txt docs/deploy/
RUN /opt/tranche/bin/pip install --require-hashes -r docs/deploy/requirements.txt
# `celery`, or nothing. It insists on a version of `packaging` of its own, and so comes after the others.
ARG EXTRA=""
RUN [ -z "$EXTRA" ] || /opt/tranche/bin/pip install --require-hashes --no-deps -r docs/deploy/requirements-$EXTRA.txt
COPY pyproject.toml README.md LICENSE gunicorn.conf.py wsgi.py ./
COPY app app
COPY migrations migrations
RUN /opt/tranche/bin/pip install --no-deps .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Tranche" org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --no-create-home tranche && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/tranche /opt/tranche
ENV PATH=/opt/tranche/bin:$PATH TRANCHE_HOME=/data PORT=8000 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["tranche"]
CMD ["serve"]
