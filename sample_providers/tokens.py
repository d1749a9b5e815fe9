"""The token that the two sample APIs with a login ask for."""

from __future__ import annotations

from sample_providers.http import Answer, Request, json_answer

TOKEN = "sample-token"  # noqa: S105 - opens the sample only


def refused(request: Request) -> Answer | None:
    """401 unless the request carries the sample's bearer token; the raw token without `Bearer` is refused too."""
    if request.headers.get("authorization") == f"Bearer {TOKEN}":
        return None
    return json_answer({"message": "Authorization has been denied for this request."}, 401)
