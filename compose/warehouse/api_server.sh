#!/bin/sh
# Airflow's API server and web pages. The one user's password comes from .env and lies in this container's memory only.
set -eu
umask 077
python - <<'PYTHON'
import json
import os
from pathlib import Path

file = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
file.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}), encoding="utf-8")
PYTHON
unset AIRFLOW_ADMIN_PASSWORD
exec warehouse airflow api-server --port "$AIRFLOW__API__PORT"
