# The service in a container: nothing is fetched at run time, the models are in the wheel.
#
#   docker build -t textcx:local .
#   docker run --name textcx -p 127.0.0.1:8321:8321 -v textcx-data:/var/lib/textcx textcx:local
#
# compose.yaml runs it with workers and PostgreSQL.
#
# On x86 Linux the torch that pip finds by default brings CUDA along, several gigabytes that textcx does not use. Where
# an index with CPU builds of torch is at hand, name it: --build-arg TORCH_INDEX=URL. There is no default.

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

# --- build: an environment with everything in it, and no pip ----------------------------------------------------------
FROM ${PYTHON_IMAGE} AS build
ARG TORCH_INDEX
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# Packages first: they change less often than the code, so their layer is kept.
COPY constraints.txt pyproject.toml ./
RUN python -m venv --without-pip /opt/textcx \
    && python -m pip install -c constraints.txt hatchling
RUN if [ -n "${TORCH_INDEX}" ]; then \
        python -m pip --python /opt/textcx/bin/python install --no-deps --index-url "${TORCH_INDEX}" "$(grep '^torch==' constraints.txt)"; \
    fi
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], sep='\n')" > requirements.txt \
    && python -m pip --python /opt/textcx/bin/python install -c constraints.txt -r requirements.txt

COPY LICENSE NOTICE README.md ./
COPY tests/quality/bias_templates.toml tests/quality/contrast_pairs.jsonl tests/quality/
COPY models models
COPY api api
COPY textcx textcx
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && python -m pip --python /opt/textcx/bin/python install --no-deps --no-index dist/*.whl \
    && python -m pip --python /opt/textcx/bin/python check

# An environment that cannot score a text becomes no image.
RUN printf '{"id": "1", "text": "Lovely staff."}\n' | /opt/textcx/bin/textcx sentiment - --quiet

# --- run: Python, that environment, and a user without rights ---------------------------------------------------------
FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="textcx" \
      org.opencontainers.image.description="Customer feedback in, a decision-ready report out: the service" \
      org.opencontainers.image.licenses="Apache-2.0"

# A new volume takes over this directory with its owner, so the user below may write there and nobody else.
RUN groupadd --gid 10001 textcx \
    && useradd --uid 10001 --gid textcx --no-create-home --home-dir /var/lib/textcx --shell /usr/sbin/nologin textcx \
    && install --directory --owner=textcx --group=textcx --mode=0700 /var/lib/textcx
COPY --from=build /opt/textcx /opt/textcx

# All data are below /var/lib/textcx: the SQLite file (where no other database is named), the spool, theme sets, and
# the key for pseudonyms, which all containers of one database must share. Caches are below /tmp and may be lost.
ENV PATH=/opt/textcx/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_DATA_HOME=/var/lib \
    TEXTCX_KEY_FILE=/var/lib/textcx/respondent.key \
    XDG_CACHE_HOME=/tmp/cache \
    NUMBA_CACHE_DIR=/tmp/numba \
    HF_HUB_OFFLINE=1 \
    TEXTCX_SERVICE_HOST=0.0.0.0 \
    TEXTCX_SERVICE_FIRST_KEY=true

# Threads: inside a container the default is still every processor of the machine, whatever the limit. Set
# TEXTCX_THREADS, OMP_NUM_THREADS, POLARS_MAX_THREADS and RAYON_NUM_THREADS to what the container may use.

WORKDIR /var/lib/textcx
USER 10001:10001
EXPOSE 8321
# SIGTERM lets the service answer what is open, up to drain_seconds twice: give it more time than the usual 10 seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('TEXTCX_SERVICE_PORT', '8321') + '/readyz', timeout=4)"]
ENTRYPOINT ["textcx"]
CMD ["serve"]
