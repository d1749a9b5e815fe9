"""``make fuzz``: every reader against damaged bodies, each reader in a process of its own under a memory ceiling.

    python tests/fuzz/run_fuzz.py [--inputs 100000] [--seed N] [--workers 2] [--reader NAME] [--first N] [--keep FOLDER]

Prints a table, and each finding with the number that makes its input again; ends with 1 where there is a finding.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[n]) for n in (1, 2)]

from fuzz_all import READERS  # noqa: E402
from fuzz_harness import MEMORY_MB, SEED, Outcome, limit_memory, run  # noqa: E402
from fuzz_readers import bench  # noqa: E402


def one(task: tuple[str, int, int, int]) -> Outcome:
    """Run one reader in this process."""
    name, inputs, seed, first = task
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, bench(Path(folder)) as table:
        reader = READERS[name](table)
        limit_memory(MEMORY_MB)
        return run(reader, inputs, seed, first)


def tell(done: Outcome, seed: int, keep: Path | None) -> None:
    """Print one finding of each kind, with what makes it again, and write every finding's body into ``keep``."""
    for kind, finding in {finding.kind: finding for finding in reversed(done.findings)}.items():
        print(f"  {done.reader} --seed {seed} --first {finding.number} --inputs 1: {kind}", flush=True)
    if keep and done.findings:
        keep.mkdir(parents=True, exist_ok=True)
        for finding in done.findings:
            (keep / f"{done.reader}-{finding.number}").write_bytes(finding.body)


def main() -> int:
    """Run, print, and say whether the promise held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--reader", action="append", choices=list(READERS))
    parser.add_argument("--keep", type=Path, help="write the bodies of findings there")
    asked = parser.parse_args()
    tasks = [(name, asked.inputs, asked.seed, asked.first) for name in asked.reader or READERS]
    print(
        f"{'reader':26}{'inputs':>9}{'read':>8}{'refused':>9}{'findings':>9}{'seconds':>9}{'slowest':>9}{'peak MB':>9}"
    )
    found = False
    with multiprocessing.get_context("spawn").Pool(asked.workers, maxtasksperchild=1) as pool:
        for done in pool.imap_unordered(one, tasks, chunksize=1):
            figures = f"{done.inputs:>9}{done.read:>8}{done.refused:>9}{len(done.findings):>9}"
            print(
                f"{done.reader:26}{figures}{done.seconds:>9.1f}{done.slowest[0]:>9.2f}{done.peak_mb:>9.0f}", flush=True
            )
            tell(done, asked.seed, asked.keep)
            found = found or bool(done.findings)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
