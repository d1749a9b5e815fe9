"""Superset's settings for the stack: everything secret or local to a machine comes from the environment.

SUPERSET_SECRET_KEY signs sessions, SUPERSET_METADATA_URI is Superset's own database, SUPERSET_MARTS_URI the marts as
a role that may only select. The provisioned files name the marts by :data:`MARTS`, which holds no password.
"""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy.engine.url import URL, make_url

MARTS = "postgresql+psycopg2://superset_reader@postgres/warehouse"

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_METADATA_URI"]
RATELIMIT_STORAGE_URI = "memory://"

BABEL_DEFAULT_LOCALE = "en"  # Superset has no Danish translation; labels of the data are Danish
D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " kr."]}
D3_TIME_FORMAT = {
    "dateTime": "%d.%m.%Y %H:%M",
    "date": "%d.%m.%Y",
    "time": "%H:%M:%S",
    "periods": ["", ""],
    "days": ["søndag", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag"],
    "shortDays": ["søn", "man", "tir", "ons", "tor", "fre", "lør"],
    "months": [
        *("januar", "februar", "marts", "april", "maj", "juni"),
        *("juli", "august", "september", "oktober", "november", "december"),
    ],
    "shortMonths": ["jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
}

# Figures are read afresh: a dashboard shows what was published, not what was published an hour ago.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

# Nothing calls home, nobody registers themselves, nothing is public.
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
SQLLAB_CTAS_NO_LIMIT = False
FEATURE_FLAGS = {"DASHBOARD_RBAC": False, "ALERT_REPORTS": False}
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
# Behind a proxy with TLS set SUPERSET_BEHIND_TLS=1: cookies then travel encrypted only.
SESSION_COOKIE_SECURE = os.environ.get("SUPERSET_BEHIND_TLS") == "1"
ENABLE_PROXY_FIX = SESSION_COOKIE_SECURE


def DB_CONNECTION_MUTATOR(uri: URL, params: dict[str, Any], *_: Any) -> tuple[URL, dict[str, Any]]:
    """Where the provisioned database of the marts really is, and the password, are known at run time only."""
    marts = make_url(MARTS)
    if (uri.username, uri.host, uri.database) == (marts.username, marts.host, marts.database):
        uri = make_url(os.environ["SUPERSET_MARTS_URI"])
    return uri, params


# The pages load nothing from elsewhere and tell nobody that they were opened.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": SESSION_COOKIE_SECURE,
}
