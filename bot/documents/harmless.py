"""Markdown that stays Markdown and does no harm where somebody else's viewer opens it.

Raw HTML is shown as it was written, a picture from elsewhere becomes a link, and a link that is
not one to follow shows its source. All by backslashes, so the words stay as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from markdown_it.common.utils import unescapeAll
from markdown_it.helpers import parseLinkDestination
from markdown_it.token import Token

from bot.documents.markdown import followable, own_picture, raw_tokens

ROUNDS: Final = 3
_CODE: Final = ("fence", "code_block")
_AUTOLINK: Final = re.compile(r"<(?:https?|mailto|tel):[^<>\s`|]*>", re.I)
_BREAK: Final = re.compile(r"<br\s*/?>", re.I)
_PIPE: Final = re.compile(r"((?<!\\)\|)")
_SPACE: Final = re.compile(r"[\s>]*")
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_MARKS: Final = re.compile(r"(?<!\\)((?:\\\\)*)([<\[!])")


def harmless(markdown: str) -> str:
    """Give the Markdown without raw HTML, outside pictures and links that run something."""
    markdown = markdown.replace("\r\n", "\n").replace("\r", "\n")
    for _ in range(ROUNDS):
        tokens, references = raw_tokens(markdown)
        if not _harmful(tokens, references):
            return markdown
        markdown = _escaped(markdown, tokens)
    # What the scanner reads otherwise than the parser is shown as its source.
    return _MARKS.sub(r"\1\\\2", markdown) if _is_harmful(markdown) else markdown


def _is_harmful(markdown: str) -> bool:
    return _harmful(*raw_tokens(markdown))


def _harmful(tokens: list[Token], references: list[str]) -> bool:
    return not all(map(followable, references)) or any(map(_harms, _every(tokens)))


def _every(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _every(token.children or [])


def _harms(token: Token) -> bool:
    match token.type:
        case "html_block":
            return True
        case "html_inline":
            return not _BREAK.fullmatch(token.content)
        case "link_open":
            return not followable(str(token.attrGet("href") or ""))
        case "image":
            return not own_picture(str(token.attrGet("src") or ""))
        case _:
            return False


def _escaped(markdown: str, tokens: list[Token]) -> str:
    lines = _LINE.findall(markdown)
    made: list[str] = []
    for first, end, kind in _parts(lines, tokens):
        text = "".join(lines[first:end])
        if kind == "code":
            made.append(text)
        else:
            cells = _PIPE.split(text) if kind == "row" else [text]
            made += [_Scan(cell).run() for cell in cells]
    return "".join(made)


def _parts(lines: list[str], tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """Runs of lines: code, one row of a table, or text that belongs together."""
    kinds = ["" if line.strip() else "blank" for line in lines]
    starts: set[int] = set()
    for token in tokens:
        if token.map is None:
            continue
        first, end = token.map
        starts |= {first, end}
        kind = "code" if token.type in _CODE else "row" if token.type == "table_open" else ""
        if kind:
            kinds[first:end] = [kind] * len(kinds[first:end])
    begun = 0
    for at in range(1, len(lines) + 1):
        apart = at == len(lines) or kinds[at] != kinds[begun] or at in starts
        if apart or kinds[begun] == "row":
            yield begun, at, kinds[begun]
            begun = at


class _Scan:
    """One text without blocks inside, read from the left as CommonMark reads it."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.made: list[str] = []
        self.open: list[tuple[int, bool]] = []

    def run(self) -> str:
        while self.at < len(self.text):
            self._step()
        return "".join(self.made)

    def _step(self) -> None:
        rest, char = self.text[self.at : self.at + 2], self.text[self.at]
        if char == "\\":
            self._take(rest)
        elif char == "`":
            self._code()
        elif char == "<":
            self._angle()
        elif rest == "![" or char == "[":
            self.open.append((len(self.made), rest == "!["))
            self._take(rest if rest == "![" else char)
        elif char == "]":
            self._close()
        else:
            self._take(char)

    def _take(self, text: str, instead: str | None = None) -> None:
        self.made.append(text if instead is None else instead)
        self.at += len(text)

    def _code(self) -> None:
        run = re.compile("`+").match(self.text, self.at)
        assert run is not None
        end = re.compile(rf"(?<!`){run[0]}(?!`)").search(self.text, run.end())
        self._take(self.text[self.at : end.end() if end else run.end()])

    def _angle(self) -> None:
        kept = _BREAK.match(self.text, self.at) or _AUTOLINK.match(self.text, self.at)
        if kept:
            self._take(kept[0])
        else:
            follows = self.text[self.at + 1 : self.at + 2]
            self._take("<", "\\<" if follows.isalpha() or follows in "/!?" else "<")

    def _close(self) -> None:
        begun, picture = self.open.pop() if self.open else (-1, False)
        follows = self.text[self.at + 1 : self.at + 2]
        address = self._address() if follows and follows in "(:" else None
        if picture and not (follows == "(" and address and own_picture(address)):
            self.made[begun] = "\\![" if begun and self.made[begun - 1] == "!" else "["
        footnote = begun >= 0 and "".join(self.made[begun : begun + 2]).startswith("[^")
        if address and not followable(address) and not footnote:
            self._take(f"]{follows}", f"]\\{follows}")
        else:
            self._take("]")

    def _address(self) -> str:
        space = _SPACE.match(self.text, self.at + 2)
        assert space is not None
        found = parseLinkDestination(self.text, space.end(), len(self.text))
        return unescapeAll(found.str) if found.ok else ""
