# mailpath without shell, package manager and root: Python, the locked dependencies, and the libraries they are linked to.
#
#     docker build --build-arg REVISION="$(git rev-parse HEAD)" --tag mailpath .
#
# A release pins the base by its digest: --build-arg BASE=python:3.11-slim-bookworm@sha256:…
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS dependencies
WORKDIR /src
COPY requirements-build.txt requirements.txt ./
# The tools stay in an environment of their own, so that what is shipped holds what is locked and nothing more.
RUN python3 -m venv /tools && \
    /tools/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements-build.txt && \
    python3 -m venv --without-pip /opt/mailpath && \
    /tools/bin/pip --python /opt/mailpath/bin/python install \
        --no-cache-dir --no-compile --require-hashes --only-binary=:all: -r requirements.txt
COPY image/assemble.py image/
RUN python3 image/assemble.py /opt/mailpath /root-of-image

FROM dependencies AS program
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY monitor monitor
COPY image/bill_of_materials.py image/
RUN /tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --no-index --wheel-dir /wheel . && \
    /tools/bin/pip --python /opt/mailpath/bin/python install \
        --no-cache-dir --no-compile --no-deps --no-index --prefix /program/opt/mailpath /wheel/*.whl && \
    python3 -m compileall -q --invalidation-mode unchecked-hash -s /program -p / /program && \
    python3 image/bill_of_materials.py /root-of-image /program >/program/opt/mailpath/sbom.cdx.json

FROM scratch
COPY --from=dependencies /root-of-image /
COPY --from=program /program /
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="mailpath" \
      org.opencontainers.image.description="Proves every hop of a mail path, and that the mail server still sees the real client IP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/mailpath/bin \
    PYTHONUNBUFFERED=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    MAILPATH_REVISION="${REVISION}"
USER 65532:65532
WORKDIR /var/lib/mailpath
EXPOSE 9641
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD [ \
    "python", "-c", "import http.client as http; ask = http.HTTPConnection('127.0.0.1', 9641, timeout=4); ask.request('GET', '/livez'); raise SystemExit(ask.getresponse().status >= 500)"]
ENTRYPOINT ["mailpath"]
CMD ["run", "--config.file=/etc/mailpath/mailpath.yml"]
