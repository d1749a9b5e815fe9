"""`python -m sample_providers --port N [--host 127.0.0.1]`: the sample providers alone, until interrupted."""

from __future__ import annotations

import argparse
import sys
import threading

from sample_providers.server import start


def main() -> int:
    """Start, print both addresses and wait for an interrupt. Exit code 2 if the port cannot be used."""
    parser = argparse.ArgumentParser(prog="sample_providers", description="Sample StatBank and election server.")
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
    print(f"StatBank   {running.statbank_url}", flush=True)
    print(f"elections  {running.elections_url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        running.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
