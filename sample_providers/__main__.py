"""`python -m sample_providers --port N [--host 127.0.0.1] [--fault NAME[:DATASET]]`: the sample providers alone, until
interrupted."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from sample_providers.faults import DATASETS, FAULTS, Misbehaviour, together
from sample_providers.file_faults import KINDS, spoil_inbox, why_not_a_file
from sample_providers.inbox import write_inbox
from sample_providers.server import start

_MANY = f"""faults (NAME, or NAME:DATASET for one dataset alone; may be given several times):
{chr(10).join(f"  {fault.name:<18}{fault.words}" for fault in FAULTS.values())}

datasets: {", ".join(DATASETS)}
files of the inbox (with --inbox): {", ".join(KINDS)}
"""


def _fault(text: str) -> tuple[str, str | None]:
    """A fault and its dataset, from the command line."""
    name, _, dataset = text.partition(":")
    if name not in FAULTS:
        raise argparse.ArgumentTypeError(f"there is no fault {name!r}; see --help")
    if dataset and dataset not in DATASETS and dataset not in KINDS:
        raise argparse.ArgumentTypeError(f"there is no dataset {dataset!r}; see --help")
    return name, dataset or None


def _write_inbox(folder: Path, faults: list[tuple[str, str | None]]) -> None:
    write_inbox(folder)
    for name, dataset in faults:
        for kind in KINDS:
            if dataset in (None, kind) and not why_not_a_file(name, kind):
                spoil_inbox(folder, name, kind)


def main() -> int:
    """Start, print both addresses and wait for an interrupt. Exit code 2 if the port cannot be used."""
    parser = argparse.ArgumentParser(
        prog="sample_providers",
        description="Sample StatBank, election server, education API and Jobindsats; they misbehave on request.",
        epilog=_MANY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fault", type=_fault, action="append", default=[], metavar="NAME[:DATASET]", help="misbehave; see below"
    )
    parser.add_argument("--inbox", type=Path, metavar="FOLDER", help="write the hand-delivered sample files there too")
    parser.add_argument("--port", type=int, default=8765, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: the loopback)")
    options = parser.parse_args()
    try:
        running = start(options.port, options.host)
    except (OSError, OverflowError) as error:
        print(
            f"cannot listen on {options.host}:{options.port}: {error}. Choose another --port.",
            file=sys.stderr,
        )
        return 2
    if options.fault:
        running.raw_answer = together([Misbehaviour(name, data) for name, data in options.fault if data not in KINDS])
    if options.inbox:
        _write_inbox(options.inbox, options.fault)
    print(f"StatBank   {running.statbank_url}", flush=True)
    print(f"elections  {running.elections_url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        running.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
