"""The fenced blocks of the documentation, and the commands in them, so that tests can run what the pages say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[a-z]*) *$")
_REDIRECTED = re.compile(r"\s[12]?>.*$")


@dataclass(frozen=True)
class Block:
    """One fenced block: the page's file name, its first and last line, its language, and what it says, not indented."""

    page: str
    line: int
    end: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.page}:{self.line}"


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page, in order; only those of some languages where any are named. None said is text.

    Raises:
        ValueError: a block is not closed.
    """
    return [block for block in _blocks(page) if not languages or block.language in languages]


def output_of(block: Block, page: Path) -> Block | None:
    """The excerpt of its output that stands right below a shell block, if one does."""
    below = (other for other in blocks(page, "text") if other.line == block.end + 2)
    return next(below, None)


def _blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    begin: tuple[int, str, str] | None = None
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if begin is None:
            begin = (number, fence["language"] or "text", fence["indent"])
        else:
            first, language, indent = begin
            body = [text.removeprefix(indent) for text in lines[first : number - 1]]
            yield Block(page.name, first, number, language, "\n".join(body) + "\n")
            begin = None
    if begin is not None:
        raise ValueError(f"{page.name}, line {begin[0]}: the block is not closed")


def inline(page: Path) -> list[str]:
    """What a page says in backticks outside its blocks, line breaks within one read as blanks."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]


def commands(block: Block) -> list[str]:
    """The command lines of a shell block, without comments; `\\` at the end of a line joins it to the next."""
    joined = block.text.replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#\s.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def words(command: str) -> list[str]:
    """A simple command's words: no redirection, and the program by its name alone."""
    program, *rest = shlex.split(_REDIRECTED.sub("", command))
    return [Path(program).name, *rest]
