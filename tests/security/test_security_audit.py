"""Promise: a lock that is not pinned, hashed and free of addresses does not pass, nor a version known to be bad."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import audit.__main__ as command
from audit import advisories
from audit.installed import Found, differences, unknown_licences
from audit.lockfile import Pin, read

HASH = "--hash=sha256:" + "a" * 64
GOOD = f"# made by a tool\nabc==1.0 \\\n    {HASH} \\\n    {HASH}\nd.e[x]==2.0 ; python_version < '3' \\\n    {HASH}\n"
BAD = {
    "no version": f"abc \\\n    {HASH}\n",
    "a range": f"abc>=1.0 \\\n    {HASH}\n",
    "no hash": "abc==1.0\n",
    "a weak hash": "abc==1.0 --hash=md5:" + "a" * 32 + "\n",
    "an address": f"abc @ https://example.org/abc.whl \\\n    {HASH}\n",
    "a repository": "git+https://example.org/abc\n",
    "an index": f"--index-url elsewhere\nabc==1.0 {HASH}\n",
    "an address beside a hash": f"abc==1.0 {HASH} --find-links=https://example.org\n",
    "locked twice": f"abc==1.0 {HASH}\nABC==1.1 {HASH}\n",
    "nothing": "# empty\n",
}


def _lock(folder: Path, text: str) -> Path:
    path = folder / "requirements.lock"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_lock_is_read(tmp_path: Path) -> None:
    pins, problems = read(_lock(tmp_path, GOOD))
    assert (pins, problems) == ([Pin("abc", "1.0"), Pin("d-e", "2.0", "python_version < '3'")], [])
    assert [pin.wanted_here for pin in pins] == [True, False]


@pytest.mark.parametrize("case", BAD)
def test_a_bad_lock_is_told_of(case: str, tmp_path: Path) -> None:
    assert read(_lock(tmp_path, BAD[case]))[1]


def test_an_environment_that_is_not_the_lock_is_told_of() -> None:
    pins = [Pin("a", "1"), Pin("b", "1"), Pin("c", "1", "python_version < '3'")]
    found = [Found("a", "2", "MIT"), Found("x", "1", "MIT"), Found("pip", "1", "MIT")]
    said = differences(pins, found)
    assert [text.split(" ")[0] for text in said] == ["b", "a", "x"] and differences(
        pins[:1], [Found("a", "1", "")]
    ) == []


@pytest.mark.parametrize(
    "licence", ["", "Proprietary", "GPL-3.0-only", "LGPL-3.0-only", "GNU Affero General Public License"]
)
def test_a_licence_that_nobody_looked_at_is_told_of(licence: str) -> None:
    assert unknown_licences([Found("a", "1", licence)], {})
    assert not unknown_licences([Found("a", "1", licence)], {"a": "looked at"})


@pytest.mark.parametrize(
    "licence", ["MIT", "Apache-2.0", "BSD-3-Clause AND 0BSD", "Python Software Foundation License"]
)
def test_a_free_licence_passes(licence: str) -> None:
    assert not unknown_licences([Found("a", "1", licence)], {})


SNAPSHOT: dict[str, Any] = {
    "asked": ["a==1.5"],
    "yanked": {"y": ["3.0"]},
    "advisories": [
        {
            "id": "X-1",
            "package": "a",
            "summary": "s",
            "ranges": [{"introduced": "1.0", "fixed": "2.0"}],
            "versions": [],
        },
        {
            "id": "X-2",
            "package": "b",
            "summary": "s",
            "ranges": [{"introduced": "0", "last_affected": "1"}],
            "versions": [],
        },
        {"id": "X-3", "package": "c", "summary": "s", "ranges": [], "versions": ["7.0"]},
    ],
}


@pytest.mark.parametrize(
    ("name", "version", "hit"),
    [
        ("a", "1.5", True), ("a", "0.9", False), ("a", "2.0", False), ("a", "2.0rc1", True), ("b", "1", True),
        ("b", "1.0.1", False), ("c", "7.0", True), ("c", "7.1", False),
        ("y", "3.0", True), ("y", "3.1", False), ("z", "1", False),
    ],
)  # fmt: skip
def test_a_version_is_held_against_what_is_known(name: str, version: str, hit: bool) -> None:
    known, unasked = advisories.check([Pin(name, version)], SNAPSHOT, {})
    assert bool(known) == hit and bool(unasked) == (f"{name}=={version}" != "a==1.5")


def test_an_advisory_that_was_accepted_by_hand_passes() -> None:
    assert advisories.check([Pin("a", "1.5")], SNAPSHOT, {"X-1": "not reached: we do not parse mail"}) == ([], [])


class _Osv(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = [{"vulns": [{"id": "V-1"}]} if q["package"]["name"] == "a" else {} for q in body["queries"]]
        self._say({"results": results})

    def do_GET(self) -> None:
        spans = [
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]},
            {"type": "GIT", "events": []},
        ]
        own = {"package": {"name": "A"}, "ranges": spans, "versions": ["1.0"]}
        self._say({"id": "V-1", "summary": "bad\nthing", "affected": [own, {"package": {"name": "other"}}]})

    def _say(self, document: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Be silent."""


@pytest.fixture
def osv() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Osv)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_new_snapshot_knows_what_osv_says(osv: str) -> None:
    taken = advisories.refresh([Pin("a", "1.0"), Pin("b", "1.0"), Pin("a", "1.0", "x")], [], date(2026, 1, 2), osv)
    assert taken["asked"] == ["a==1.0", "b==1.0"] and taken["taken"] == "2026-01-02"
    known, unasked = advisories.check([Pin("a", "1.0"), Pin("b", "1.0")], taken, {})
    assert known == ["a 1.0: V-1, bad thing"] and unasked == []
    assert advisories.check([Pin("a", "2.0")], taken, {}) == ([], ["a 2.0"])


def test_our_own_locks_pass_and_a_spoilt_one_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    problems, notes = command.audit()
    assert problems == [] and notes
    spoilt = _lock(tmp_path, command.OWN.read_text(encoding="utf-8").replace("urllib3==", "urllib3==0."))
    monkeypatch.setattr(command, "OWN", spoilt)
    problems, _ = command.audit()
    assert any("CVE-2025-66418" in text for text in problems) and any(
        "urllib3 is installed as" in text for text in problems
    )
    assert command.main([]) == 1 and command.main(["nonsense"]) == 2
