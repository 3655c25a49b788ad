# nurture in a container: the wheel and its locked libraries, a user of its own, one folder of data.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock requirements-cluster.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/nurture \
 && /opt/nurture/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-cluster.lock
COPY nurture nurture
COPY campaigns campaigns
COPY templates_email templates_email
RUN /opt/nurture/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/nurture --create-home nurture
COPY --from=build /opt/nurture /opt/nurture
ENV PATH=/opt/nurture/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NURTURE_DATA_DIR=/var/lib/nurture \
    NURTURE_HOST=0.0.0.0
USER nurture
VOLUME /var/lib/nurture
EXPOSE 8000
# A sender finishes what it wrote to the end: give it time to.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["nurture", "up"]
