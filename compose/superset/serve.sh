#!/bin/sh
# Superset's web server. Threads, because a request waits for PostgreSQL most of the time.
set -eu
exec gunicorn --bind "$SUPERSET_BIND" --workers 2 --worker-class gthread --threads 8 --timeout 120 \
    --worker-tmp-dir /tmp --access-logfile /dev/null --error-logfile - "superset.app:create_app()"
