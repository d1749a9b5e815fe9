"""Promise: a failure, a rejected load and a late dataset are told once, with reason and next step, and no secrets."""

from __future__ import annotations

import json
import logging
import smtplib
from collections.abc import Iterator
from datetime import date
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from scheduler_host import Mailbox, Webhook

from warehouse import notify
from warehouse.errors import LoadRejected, ProviderError, SettingsError
from warehouse.lateness import Expected, Lateness
from warehouse.settings import Settings, read_settings

CPR = "010190-1234"
TOKEN = "token-55fb2c01"
LATE = Lateness(
    "folk1e",
    "2026K3",
    Expected("2026K4", date(2026, 11, 11), date(2026, 11, 19)),
    "late",
    "the provider has not published it yet",
    "look in the release calendar",
)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    server = Mailbox()
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.connection)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(tmp_path: Path, webhook: Webhook, mailbox: Mailbox) -> Settings:
    del mailbox
    return Settings(
        home=tmp_path,
        notify_email="data@town.example, night@town.example",
        notify_webhook=SecretStr(webhook.address),
        education_token=SecretStr(TOKEN),
        _env_file=None,  # type: ignore[call-arg]
    )


def context(error: object) -> dict[str, Any]:
    """What Airflow gives a failure callback."""
    task = SimpleNamespace(dag_id="ingest_dst", task_id="folk1e.validate", run_id="scheduled__2026-11-12")
    return {"task_instance": task, "run_id": "scheduled__2026-11-12", "exception": error}


def raised(error: Exception) -> Exception:
    """The error as a task ends with it: Airflow's own, with ours behind it."""
    outer = RuntimeError(str(error))
    outer.__cause__ = error
    return outer


def rejection() -> LoadRejected:
    """As the judging of a load words it: offending keys in the lines after the first."""
    return LoadRejected(
        'The load L1 of folk1e was rejected: failed: sexes_equal_total\n    {"OMRÅDE": "151", "difference": "-7777"}',
        {"dataset": "folk1e", "load": "L1", "page": "L1.html", "sample": "-7777"},
        "look at the page, then ask the provider",
    )


def body_of(mail: str) -> str:
    """The text of a message."""
    (part,) = message_from_string(mail).get_payload()
    return str(part.get_payload(decode=True).decode())  # type: ignore[union-attr]


def test_a_rejected_load_is_told_by_both_ways_with_reason_and_next_step(
    settings: Settings, webhook: Webhook, mailbox: Mailbox
) -> None:
    assert notify.send(notify.failure(context(raised(rejection())), settings), settings) == ["e-mail", "webhook"]
    ((_, document),) = webhook.taken
    (mail,) = mailbox.taken
    assert document["kind"] == "rejected"
    assert document["where"]["dag"] == "ingest_dst"
    for text in (document["text"], body_of(mail)):
        assert "Load rejected: folk1e" in text
        assert "failed: sexes_equal_total" in text
        assert "ask the provider" in text
        assert "7777" not in text
        assert "151" not in text
    assert "data@town.example" in mail
    assert "night@town.example" in mail


def test_no_cpr_no_secret_and_nothing_quoted_leaves_the_house(
    settings: Settings, webhook: Webhook, mailbox: Mailbox
) -> None:
    words = f"The file of {CPR} has 'answer 12' and \"13\" with {TOKEN}, at https://x.example/?a=1"
    error = LoadRejected(words, {"file": f"{CPR}.csv", "line": 7}, f"look for {CPR} in the file's lines")
    notify.send(notify.failure(context(error), settings), settings)
    told = webhook.taken[0][1]["text"] + body_of(mailbox.taken[0])
    for secret in (CPR, "0101901234", TOKEN, "answer 12", '"13"', "secret-8f1c"):
        assert secret not in told
    assert "line: 7" in told
    assert "the file's lines" in told


def test_an_error_that_nobody_expected_is_told_by_its_kind_alone(settings: Settings) -> None:
    notice = notify.failure(context(ValueError(f"could not convert {CPR} 4711")), settings)
    assert notice.reason == "ValueError"
    assert "4711" not in notice.text()
    assert "log" in notice.next_step
    dbt = type("CosmosDbtRunError", (Exception,), {})(
        "dbt invocation completed with errors: unique_gaps: Got 4711\nb: c"
    )
    assert notify.failure(context(dbt), settings).reason == "dbt: 2 failed: unique_gaps, b"
    assert notify.failure(context(None), settings).reason == "the task ended without saying why"


def test_what_a_provider_says_is_no_template_and_no_header(
    settings: Settings, webhook: Webhook, mailbox: Mailbox
) -> None:
    error = ProviderError("It says {{ 6 * 7 }} <script>\nSubject: forged", {"dataset": "folk1e\r\nBcc: a@b"}, "wait")
    notify.send(notify.failure(context(error), settings), settings)
    assert "{{ 6 * 7 }}" in webhook.taken[0][1]["reason"]
    mail = message_from_string(mailbox.taken[0])
    assert "{{ 6 * 7 }} &lt;script&gt;" in body_of(mailbox.taken[0])
    assert mail["Bcc"] is None
    assert str(make_header(decode_header(mail["Subject"]))) == "[warehouse] Task failed: ingest_dst, folk1e.validate"


@pytest.mark.parametrize("status", [500, 404, 307])
def test_a_way_that_fails_stops_neither_the_other_nor_the_task_and_shows_no_address(
    settings: Settings, webhook: Webhook, mailbox: Mailbox, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = status
    with caplog.at_level(logging.DEBUG):
        assert notify.send(notify.late(LATE, settings), settings) == ["e-mail"]
    assert len(mailbox.taken) == 1
    assert len(webhook.taken) == 1  # a redirect is not followed
    assert "could not be sent" in caplog.text
    assert "secret-8f1c" not in caplog.text


def test_servers_that_are_away_fail_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise smtplib.SMTPConnectError(421, "away")

    monkeypatch.setattr("smtplib.SMTP.__init__", away)
    gone = settings.model_copy(update={"notify_webhook": SecretStr("http://127.0.0.1:9/hook/secret-8f1c")})
    assert notify.send(notify.late(LATE, gone), gone) == []
    assert "nobody was told" in caplog.text
    assert "secret-8f1c" not in caplog.text


def test_without_settings_nobody_is_told_and_nothing_fails(tmp_path: Path) -> None:
    bare = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    assert notify.send(notify.late(LATE, bare), bare) == []


def test_a_late_period_is_told_once_and_the_next_one_again(settings: Settings, webhook: Webhook) -> None:
    assert notify.tell_late([LATE], settings) == ["folk1e"]
    assert notify.tell_late([LATE], settings) == []
    (told,) = webhook.taken
    assert "2026K4 was expected on 2026-11-11" in told[1]["text"]
    later = Lateness("folk1e", "2026K4", Expected("2027K1", date(2027, 2, 11), date(2027, 2, 19)), "late", "why", "do")
    assert notify.tell_late([later], settings) == ["folk1e"]
    assert len(webhook.taken) == 2


def test_a_late_period_that_nobody_took_is_told_again(settings: Settings, webhook: Webhook) -> None:
    only = settings.model_copy(update={"notify_email": None})
    webhook.status = 503
    assert notify.tell_late([LATE], only) == []
    webhook.status = 200
    assert notify.tell_late([LATE], only) == ["folk1e"]


def test_a_provider_that_is_away_is_told_once_a_run_whatever_the_number_of_datasets(
    settings: Settings, webhook: Webhook
) -> None:
    away = ProviderError("The provider did not answer: HTTP 503", {"url": "https://x.example"}, "run again later")
    other = ProviderError("The provider did not answer: HTTP 500", {}, "run again later")
    for error in (away, away, other):
        notify.tell_failure(context(raised(error)), settings)
    assert [told["reason"][-3:] for _, told in webhook.taken] == ["503", "500"]
    notify.tell_failure({**context(away), "run_id": "the next run"}, settings)
    assert len(webhook.taken) == 3
    for _ in range(2):
        notify.tell_failure(context(rejection()), settings)
    assert len(webhook.taken) == 5  # every rejected load is a failure of its own


def test_where_nothing_can_be_kept_people_are_told_all_the_same(settings: Settings, webhook: Webhook) -> None:
    (settings.root / "logs").write_text("in the way of the folder")
    assert notify.tell_late([LATE], settings) == ["folk1e"]
    assert len(webhook.taken) == 1


def test_the_webhook_may_be_a_connection_of_airflow(
    settings: Settings, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, port = webhook.server_address[:2]
    extra = {"path": "/hook/by-connection"}
    connection = {"conn_type": "http", "schema": "http", "host": host, "port": port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_WEBHOOK", json.dumps(connection))
    named = settings.model_copy(update={"notify_email": None, "notify_webhook": SecretStr("warehouse_webhook")})
    assert notify.send(notify.late(LATE, named), named) == ["webhook"]
    assert webhook.taken[0][0] == "/hook/by-connection"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAREHOUSE_NOTIFY_EMAIL", "not an address"),
        ("WAREHOUSE_NOTIFY_EMAIL", "a@b,{{ x }}@c"),
        ("WAREHOUSE_NOTIFY_WEBHOOK", "ftp://files.example/secret-8f1c"),
        ("WAREHOUSE_RETRY_SECONDS", "0"),
    ],
)
def test_wrong_settings_are_named_and_not_quoted(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        read_settings(_env_file=None)
    assert "secret-8f1c" not in str(caught.value)
