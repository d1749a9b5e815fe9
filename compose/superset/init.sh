#!/bin/sh
# Superset's own database, its roles, the administrator and the provisioned dashboards; the same after every run.
set -eu
here=$(dirname "$0")
superset db upgrade
superset init
exec python "$here/provision.py"
