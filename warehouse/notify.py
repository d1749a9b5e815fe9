"""Telling people that something failed, was rejected, or is late: by e-mail and to a webhook.

A message says what happened, why, and what to do next. It never holds a figure, a key of a row, a secret or what looks
like a CPR number: of an error that the warehouse expects it takes the first line, the place and the next step, and what
that line quotes stays in the log; of any other error it takes only the kind. E-mail goes through Airflow's
``SmtpNotifier`` (connection ``smtp_default``), the webhook through :class:`WebhookNotifier`. A message that cannot be
sent is logged and fails nothing.
"""

from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import requests
from airflow.sdk import BaseNotifier
from pydantic import SecretStr

from warehouse.db import file_lock
from warehouse.errors import LoadRejected, ProviderError, WarehouseError
from warehouse.lateness import Lateness
from warehouse.settings import Settings

log = logging.getLogger("warehouse")

LONGEST = 600
KEPT = 200
WITHHELD = "[withheld]"
TIMEOUT = (5.0, 15.0)
_CPR_LIKE = re.compile(r"(?<!\d)\d{6}[-\u2010\u2011\u2012\u2013 ]?\d{4}(?!\d)")
_QUOTED = re.compile(r"""(?<!\w)(?:'[^'\n]*'|"[^"\n]*")(?!\w)""")
_DBT_NODE = re.compile(r"^(?:dbt invocation completed with errors: )?(\w+): ", re.MULTILINE)
_SHOWN_PLACES = ("dataset", "table", "variable", "file", "line", "column", "load", "page", "setting", "field")


@dataclass(frozen=True)
class Notice:
    """One message: a heading, why, where, and what to do next; plain text, fit to leave the house."""

    kind: Literal["failed", "rejected", "late"]
    heading: str
    reason: str
    next_step: str
    where: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The message as lines."""
        places = [f"{name}: {value}" for name, value in self.where.items()]
        return "\n".join([self.heading, "", f"Why: {self.reason}", f"Next: {self.next_step}", "", *places])


class WebhookNotifier(BaseNotifier):
    """Posts a notice as JSON: ``text`` (the whole message, as chat programs take it) and its parts.

    Raises:
        WarehouseError: the address does not take it. Its message never holds the address, which may be a secret.
    """

    def __init__(self, address: SecretStr, notice: Notice) -> None:
        super().__init__()
        self.address = address
        self.notice = notice

    def notify(self, context: Any) -> None:
        """Post the notice; redirects are not followed."""
        del context
        try:
            url, headers = _endpoint(self.address.get_secret_value())
            body = {"text": self.notice.text(), **asdict(self.notice)}
            with _quiet(logging.getLogger("urllib3.connectionpool")):  # it logs the path, which may be a secret
                answer = requests.post(url, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            outcome = "" if answer.ok and not answer.is_redirect else f"status {answer.status_code}"
        except Exception as error:  # its text may hold the address
            outcome = type(error).__name__
        if outcome:
            raise WarehouseError(
                f"The webhook did not take a message: {outcome}",
                {"setting": "WAREHOUSE_NOTIFY_WEBHOOK"},
                "see whether the address is right and answers",
            )


def failure(context: Any, settings: Settings) -> Notice:
    """The notice of a task that failed for good, from Airflow's context of the failure."""
    task = context["task_instance"]
    error = _expected(context.get("exception"))
    place = {"dag": task.dag_id, "task": task.task_id, "run": str(context.get("run_id") or task.run_id)}
    about = f"{task.dag_id}, {task.task_id}"
    if isinstance(error, WarehouseError):
        rejected = isinstance(error, LoadRejected)
        place |= {name: str(error.where[name]) for name in _SHOWN_PLACES if name in error.where}
        heading = f"Load rejected: {error.where.get('dataset', about)}" if rejected else f"Task failed: {about}"
        reason = error.what.splitlines()[0] if error.what else type(error).__name__
        return _clean(
            Notice("rejected" if rejected else "failed", heading, reason, error.next_step or _LOOK, place), settings
        )
    kind = type(error).__name__ if isinstance(error, BaseException) else "the task ended without saying why"
    failed = _DBT_NODE.findall(str(error)) if kind == "CosmosDbtRunError" else []
    if failed:
        kind = f"dbt: {len(failed)} failed: {', '.join(failed)}"
    return _clean(Notice("failed", f"Task failed: {about}", kind, _LOOK, place), settings)


_LOOK = "read the task's log in Airflow and `warehouse status`; readers keep the release they have"


def late(item: Lateness, settings: Settings) -> Notice:
    """The notice of a dataset that should have come and has not."""
    assert item.expected
    reason = (
        f"{item.expected.period} was expected on {item.expected.day}; the newest period is {item.newest}: {item.reason}"
    )
    return _clean(
        Notice("late", f"Dataset late: {item.dataset}", reason, item.next_step, {"dataset": item.dataset}), settings
    )


def send(notice: Notice, settings: Settings) -> list[str]:
    """Send a notice by every way that the settings name; the ways that took it. Never raises."""
    taken = []
    for way, notifier in _notifiers(notice, settings):
        try:
            notifier({"notice": {"subject": _one_line(notice.heading), "body": _as_html(notice)}})
        except Exception as error:  # a failure is never made worse by the news of it
            log.error("%s: the notice %r could not be sent: %s", way, notice.heading, type(error).__name__)
        else:
            taken.append(way)
    if not taken:
        log.warning("nobody was told: %s", notice.heading)
    return taken


def tell_failure(context: Any, settings: Settings) -> list[str]:
    """Send the notice of a task that failed for good; the ways that took it.

    A provider that does not answer fails the task of every dataset: of one run and reason one notice is sent.
    """
    notice, error = failure(context, settings), _expected(context.get("exception"))
    if not isinstance(error, ProviderError) or isinstance(error, LoadRejected):
        return send(notice, settings)
    key = f"{notice.where['dag']}: {notice.reason}"
    return _tell_once({key: notice.where["run"]}, {key: notice}, settings).get(key, [])


def tell_late(items: Iterable[Lateness], settings: Settings) -> list[str]:
    """Send one notice for each late period that nobody was told of yet; the datasets told of."""
    late_now = {item.dataset: item for item in items if item.expected}
    periods = {name: item.expected.period for name, item in late_now.items() if item.expected}
    return list(_tell_once(periods, {name: late(item, settings) for name, item in late_now.items()}, settings))


def _tell_once(wanted: dict[str, str], notices: dict[str, Notice], settings: Settings) -> dict[str, list[str]]:
    """Send the notices whose subject was not told with this value yet; subject → ways that took it.

    What was told is kept in ``<home>/logs/told.json``; a notice that no way took is sent again the next time. Where it
    cannot be kept, a notice is rather sent twice than never.
    """
    path = settings.root / "logs" / "told.json"
    taken: dict[str, list[str]] = {}
    try:
        with file_lock(path.with_suffix(".lock"), "tell what failed or is late"):
            known = _read(path)
            for subject, value in wanted.items():
                if known.get(subject) != value and (ways := send(notices[subject], settings)):
                    known.pop(subject, None)
                    known[subject], taken[subject] = value, ways
            if taken:
                unfinished = path.with_suffix(".part")
                unfinished.write_text(json.dumps(dict(list(known.items())[-KEPT:]), indent=1), encoding="utf-8")
                unfinished.replace(path)
    except (OSError, WarehouseError) as error:
        log.error("what was told cannot be kept: %s", type(error).__name__)
        taken |= {name: send(notices[name], settings) for name in wanted if name not in taken}
    return taken


def _notifiers(notice: Notice, settings: Settings) -> Iterable[tuple[str, BaseNotifier]]:
    if settings.notify_email:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        # The texts go in as values of the template, not as templates: they quote what a provider said.
        texts = {"subject": "{{ notice.subject }}", "html_content": "{{ notice.body }}"}
        yield "e-mail", SmtpNotifier(to=settings.notify_email.split(","), **texts)
    if settings.notify_webhook:
        yield "webhook", WebhookNotifier(settings.notify_webhook, notice)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _endpoint(address: str) -> tuple[str, dict[str, str]]:
    """The address and headers of a webhook: as the setting has it, or those of an Airflow connection of that id."""
    if "://" in address:
        return address, {}
    from airflow.sdk import BaseHook

    connection = BaseHook.get_connection(address)
    host = str(connection.host or "")
    port = f":{connection.port}" if connection.port else ""
    url = host if "://" in host else f"{connection.schema or 'https'}://{host}{port}"
    url += str(connection.extra_dejson.get("path", ""))
    return url, {"Authorization": f"Bearer {connection.password}"} if connection.password else {}


def _expected(error: Any) -> Any:
    """The warehouse's own error behind the one that Airflow was given, where there is one."""
    seen = error
    while isinstance(seen, BaseException):
        if isinstance(seen, WarehouseError):
            return seen
        seen = seen.__cause__
    return error


def _clean(notice: Notice, settings: Settings) -> Notice:
    secrets = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***") if secret else text
        return _CPR_LIKE.sub(WITHHELD, _QUOTED.sub(WITHHELD, text))[:LONGEST]

    where = {name: clean(value) for name, value in notice.where.items()}
    return Notice(notice.kind, clean(notice.heading), clean(notice.reason), clean(notice.next_step), where)


def _one_line(text: str) -> str:
    return "[warehouse] " + " ".join(text.split())[:150]


def _as_html(notice: Notice) -> str:
    return f"<pre>{html.escape(notice.text())}</pre>"


def _read(path: Any) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
