# callcue itself. Build it from the top of the repository:
#     docker build -f docker/callcue.Dockerfile -t callcue .
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build

# Every wheel by its hash. The developers' tools come along, and stay in this stage.
COPY constraints.txt .
RUN pip download --quiet --require-hashes --only-binary :all: --dest wheels -r constraints.txt

# From here on nothing is fetched any more.
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/build/wheels
RUN pip install --quiet hatchling
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir own . \
    && python -m venv --without-pip /opt/callcue \
    && pip --python /opt/callcue/bin/python install --quiet own/*.whl
RUN mkdir -m 700 state
COPY docker/callcue/healthy /opt/callcue/bin/


FROM python:3.12-slim
COPY --from=build /opt/callcue /opt/callcue
ENV PATH=/opt/callcue/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CALLCUE_HTTP_HOST=0.0.0.0 \
    CALLCUE_HTTP_PORT=8080 \
    CALLCUE_STORE_PATH=/var/lib/callcue/callcue.db \
    CALLCUE_MEDIA_FOLDER=/var/lib/callcue/media
# What callcue keeps. A volume that is mounted here is its own from the first start on.
COPY --from=build --chown=10001:10001 /build/state /var/lib/callcue
# The settings are mounted here: callcue.toml, and the files that it names.
WORKDIR /etc/callcue
USER 10001:10001
EXPOSE 8080
# Alive, not ready: to start callcue anew does not bring Asterisk back.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["healthy", "live"]
ENTRYPOINT ["callcue"]
CMD ["serve"]
