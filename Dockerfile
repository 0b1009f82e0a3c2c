# The page and the REST API, scoring offline. docs/deploy.md says how to build and run it.

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 CLADMOP_HOME=/opt/cladmop/home
RUN python -m venv /opt/cladmop/env
ENV PATH=/opt/cladmop/env/bin:$PATH
WORKDIR /build
COPY constraints.txt ./
# The index of CPU builds, as the PyTorch site names it: others bring gigabytes of GPU libraries, and are refused here.
ARG TORCH_INDEX=
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --constraint constraints.txt --no-deps torch \
    && python -c 'import runpy, sys, sysconfig; \
found = runpy.run_path(sysconfig.get_path("purelib") + "/torch/version.py")["cuda"]; \
sys.exit(found and "this torch is for GPUs: give --build-arg TORCH_INDEX=..., see docs/deploy.md")'
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src ./src
RUN pip install --constraint constraints.txt '.[nn,serve,similar,documents]'
# Scoring the examples once brings and checks the language model and the drug dictionaries.
RUN cladmop models get minilm \
    && cladmop predict src/cladmop/data/examples/trials.jsonl > /dev/null \
    && rm -rf "$CLADMOP_HOME/states"

FROM python:3.11.14-slim-bookworm
# What RDKit draws with. Debian keeps one version of each at a time, so none is named.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes libexpat1 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin cladmop
COPY --from=build /opt/cladmop /opt/cladmop
ENV PATH=/opt/cladmop/env/bin:$PATH CLADMOP_HOME=/opt/cladmop/home CLADMOP_OFFLINE=1 \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp
USER 10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["cladmop"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
