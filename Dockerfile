# One image for every process of Meshdesk; docker-compose.yml says which command each runs.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/meshdesk

COPY requirements.lock ./
RUN pip install --only-binary :all: --require-hashes -r requirements.lock

COPY pyproject.toml README.md app.py ./
COPY portal ./portal
COPY workers ./workers
COPY migrations ./migrations
RUN pip install --no-deps --no-build-isolation --no-index --editable . \
    && python -m compileall -q portal workers \
    && useradd --system --uid 10001 --no-create-home meshdesk

USER 10001
EXPOSE 8000
ENTRYPOINT ["meshdesk"]
CMD ["serve"]
