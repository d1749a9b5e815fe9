"""`make secrets`: give every secret of the compose stack that has no value in `.env` a random one.

The names are those of `.env.example` that have an empty value there. A value that is there is never changed, other
lines stay as they are, the file is replaced whole and is readable by its owner alone. Only the standard library is
used: it runs before anything is installed.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from pathlib import Path
from secrets import token_bytes, token_hex

REPOSITORY = Path(__file__).resolve().parents[1]
ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$")


def names(example: str) -> list[str]:
    """The secrets: names with an empty value in the example."""
    found = [ASSIGNMENT.match(line) for line in example.splitlines()]
    return [match[1] for match in found if match and not match[2]]


def secret(name: str) -> str:
    """A random value: 256 bits, in characters that need no quoting in a file, an address or a shell."""
    if name.endswith("_FERNET_KEY"):
        return base64.urlsafe_b64encode(token_bytes(32)).decode()
    return token_hex(32)


def filled(text: str, wanted: list[str]) -> tuple[str, list[str]]:
    """The text of `.env` with each wanted secret set, and the names that were set now."""
    lines, made = text.splitlines(), []
    values = {match[1]: match[2].strip("\"'") for match in map(ASSIGNMENT.match, lines) if match}
    for name in wanted:
        if values.get(name):
            continue
        line = f"{name}={secret(name)}"
        places = [i for i, old in enumerate(lines) if (match := ASSIGNMENT.match(old)) and match[1] == name]
        if places:
            lines[places[-1]] = line
        else:
            lines.append(line)
        made.append(name)
    return "\n".join(lines) + "\n", made


def write_private(path: Path, text: str) -> None:
    """Replace a file whole; nobody but its owner may read it, at no moment."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def main(folder: Path) -> int:
    """Fill `.env` in a folder that has `.env.example`; tells names, never values."""
    example = (folder / ".env.example").read_text(encoding="utf-8")
    path = folder / ".env"
    text, made = filled(path.read_text(encoding="utf-8") if path.exists() else example, names(example))
    write_private(path, text)
    print(
        f"{path.name}: made {', '.join(made)}" if made else f"{path.name}: every secret has a value; none was changed"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY))
