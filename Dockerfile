# The service as an image: without pip or a compiler, not as root, and it needs to write nowhere.
# docs/deploy.md says how to run it, and how to pin the base images by digest.

FROM python:3.11-slim-trixie AS build
WORKDIR /app
COPY requirements.txt ./
# What is installed is what is locked, from wheels alone: nothing is compiled or run to build it.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
       --require-hashes --only-binary :all: --requirement requirements.txt
COPY pyproject.toml ./
COPY attestation attestation
COPY edge edge
COPY proxy proxy
COPY secrets_service secrets_service
COPY standin standin
COPY astropiks astropiks
# Readable for the user below, whatever the checkout's modes; compiled, since it may write nowhere.
RUN chmod -R a+rX . && /venv/bin/python -m compileall -q .

FROM python:3.11-slim-trixie
RUN pip uninstall --quiet --yes --root-user-action ignore wheel setuptools pip
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PORT=8080
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8080), timeout=2); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
# In this form SIGTERM reaches the service itself.
CMD ["python", "-m", "astropiks", "serve"]
