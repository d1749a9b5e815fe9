"""The one administrator, and the files of `assets/`, into Superset; the same after every run.

Run by `init.sh` with Superset's own Python. All files enter or none does. What people have built themselves stays;
what the files name is put back as the files say.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from superset.app import create_app

ASSETS = Path(__file__).with_name("assets")
ADMIN = "admin"


def set_administrator(password: str) -> None:
    """The user `admin` with this password, made where it is missing."""
    from superset import db, security_manager
    from werkzeug.security import generate_password_hash

    user = security_manager.find_user(username=ADMIN)
    if user is None:
        role = security_manager.find_role(security_manager.auth_role_admin)
        user = security_manager.add_user(ADMIN, "Admin", "Superset", "admin@localhost", role, password)
        if not user:
            raise SystemExit("Superset could not make the user admin; its own words stand above")
    user.password = generate_password_hash(password)
    db.session.commit()


def import_assets() -> int:
    """Databases, datasets, charts and dashboards, overwriting those of the same UUID; returns the number of files."""
    from flask import g
    from superset import security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    user = security_manager.find_user(username=ADMIN)
    contents = {
        str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8") for path in sorted(ASSETS.rglob("*.yaml"))
    }
    g.user = user
    with override_user(user):
        ImportAssetsCommand(contents).run()
    return len(contents)


if __name__ == "__main__":
    with create_app().app_context():
        set_administrator(os.environ["SUPERSET_ADMIN_PASSWORD"])
        print(f"Superset: {import_assets()} files provisioned", file=sys.stderr)
