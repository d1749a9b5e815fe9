"""Killed at any line of the code that writes, or without a disk to write on: one plain run ends as if nothing had been.

``CHAOS_LINES=0`` takes every line (minutes), ``CHAOS_LINES=40`` so many; ``CHAOS_SEED`` draws others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos_nursery import found_by, problems

from sample_providers import Running

LINES = int(os.environ.get("CHAOS_LINES", "3"))
SEED = int(os.environ.get("CHAOS_SEED", "6"))
SIZES = [0, 300_000] if LINES else [0, *(1000 * 2**n for n in range(13))]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk that can be made really full, or really read-only; None where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        yield None
        return
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _disk(folder: Path, name: str, before: str) -> dict[str, object]:
    """A trial on the small disk: how it is mounted before, and that there is room afterwards."""
    mount = ["mount", "-o"]
    return {
        "name": name,
        "home": str(folder / name),
        "before": [*mount, f"remount,{before}", str(folder)],
        "between": [*mount, "remount,rw,size=400m", str(folder)],
    }


def test_killed_at_any_line_or_without_a_disk_the_next_run_ends_the_same(
    provider: Running, tmp_path: Path, small_disk: Path | None
) -> None:
    disks = [_disk(small_disk, "full", "rw,size=16k"), _disk(small_disk, "closed", "ro")] if small_disk else []
    found = found_by(provider, tmp_path / "work", sample=LINES, seed=SEED, limits=SIZES, disks=disks)
    assert found["lines"] > 300
    assert len(found["tried"]) == (LINES or found["lines"]) + len(SIZES) + len(disks)
    assert problems(found) == {}
    if not disks:
        pytest.skip("all but a small disk, which this user may not mount, was tried")
