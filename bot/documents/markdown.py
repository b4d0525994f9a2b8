"""Markdown to one clean token stream that every output is made from, and to safe HTML.

Models and people write Markdown; both may paste HTML into it. No raw HTML survives: line
breaks stay, tags that only dress text go (the text stays), and anything else in angle brackets,
such as `/users/<id>` or a picture, is shown as it was written.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from bot.documents.text import clean

T = TypeVar("T")
Picture = Callable[[str], str | None]

DATA_PICTURE: Final = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,", re.I)
_SCHEME: Final = re.compile(r"\s*([a-z][a-z0-9+.\-]*):", re.I)
_PATH: Final = re.compile("[/?#]")
_SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_TAG: Final = re.compile(r"</?([a-z][a-z0-9]*)[\s/>]", re.I)
_BREAK: Final = re.compile(r"<br\s*/?>", re.I)
_TASK: Final = re.compile(r"\[([ xX])\]\s+")
# fmt: off
_DROPPED_TAGS: Final = (frozenset(nh3.ALLOWED_TAGS) - {"img"}) | {
    "html", "head", "body", "title", "font", "section", "main", "label", "big",
}
_TAGS: Final = frozenset({
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre",
    "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "img",
    "sup", "section",
})
# fmt: on
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"href", "title", "target", "id", "class"},
    "img": {"src", "alt", "title"},
    "th": {"align"},
    "td": {"align"},
    "ol": {"start", "class"},
    "li": {"class", "id"},
    "code": {"class"},
    "section": {"class"},
    "sup": {"class"},
    "hr": {"class"},
}


def safe_html(markdown: str, pictures: Mapping[str, str] | None = None) -> str:
    """Give HTML that may stand in a page of ours: no script, no outside load.

    `pictures` maps file names to addresses on our own server. Other pictures are shown only
    from a relative path or `data:`; remote ones become links. Links open apart from the page
    and tell the other site nothing. Takes about a second for a megabyte.
    """
    known = pictures or {}
    return render_html(markdown, lambda source: lookup(known, source) or own_picture(source))


def render_html(markdown: str, picture: Picture) -> str:
    """Give sanitised HTML; `picture` gives the address to show for a source, or None."""
    tokens, env = parse(markdown, picture)
    parser = _parser()
    return sanitise(parser.renderer.render(tokens, parser.options, env))


def sanitise(page: str) -> str:
    """Give HTML with nothing but the tags, attributes and schemes that Markdown can mean."""
    return nh3.clean(
        page,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={*_SAFE_SCHEMES, "data"},
        link_rel="noopener noreferrer nofollow",
    )


def parse(markdown: str, picture: Picture) -> tuple[list[Token], dict[str, Any]]:
    """Give clean block tokens, and the environment to render them with."""
    # Footnotes of two texts in one page must not share their anchors.
    env: dict[str, Any] = {"docId": f"{zlib.crc32(markdown.encode(errors='replace')):x}"}
    tokens = _parser().parse(clean(markdown), env)
    return list(_blocks(tokens, picture)), env


def raw_tokens(markdown: str) -> tuple[list[Token], list[str]]:
    """Give the tokens as they were written, raw HTML and all, and the addresses of references."""
    env: dict[str, Any] = {}
    tokens = _parser().parse(markdown, env)
    return tokens, [str(r.get("href", "")) for r in env.get("references", {}).values()]


def has_title(markdown: str) -> bool:
    """Say whether the text has a heading of the first level."""
    tokens = _parser().parse(clean(markdown), {})
    return any(token.type == "heading_open" and token.tag == "h1" for token in tokens)


def footnote_mark(node: SyntaxTreeNode) -> str:
    """Give what stands in the text for a footnote, such as `[2]`."""
    return f"[{node.meta['id'] + 1}]"


def lookup(files: Mapping[str, T], source: str) -> T | None:
    """Give the file that a picture's source names, by its whole path or its last part."""
    path = unquote(source)
    return files.get(path) or files.get(PurePosixPath(path).name)


@cache
def _parser() -> MarkdownIt:
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"html": True, "linkify": True, "typographer": False})
    parser.enable(["table", "strikethrough", "linkify"])
    assert parser.linkify is not None
    parser.linkify.set(  # pyright: ignore[reportUnknownMemberType]
        {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False}
    )
    # A refused link would stay as its source text; `_inline` drops the link, not the words.
    parser.validateLink = lambda url: True  # pyright: ignore[reportAttributeAccessIssue]
    return parser.use(footnote_plugin)


def _blocks(tokens: list[Token], picture: Picture) -> Iterator[Token]:
    item: Token | None = None
    for token in tokens:
        if token.type == "html_block":
            yield from _paragraph(token)
            continue
        if token.type == "inline":
            _tick(item, token)
            token.children = list(_inline(token.children or [], picture))
        elif token.type in ("th_open", "td_open"):
            _align(token)
        if token.type != "paragraph_open":
            item = token if token.type == "list_item_open" else None
        yield token


def _paragraph(token: Token) -> Iterator[Token]:
    text = _bare(token.content)
    if text:
        words = Token("text", "", 0, content=text)
        yield Token("paragraph_open", "p", 1, block=True)
        yield Token("inline", "", 0, content=text, children=[words], block=True)
        yield Token("paragraph_close", "p", -1, block=True)


def _bare(source: str) -> str:
    if any(tag.lower() not in _DROPPED_TAGS for tag in _TAG.findall(source)):
        return source.strip()
    return html.unescape(nh3.clean(source, tags=set())).strip()


def _inline(children: list[Token], picture: Picture) -> Iterator[Token]:
    dropped: list[bool] = []
    for token in children:
        match token.type:
            case "html_inline":
                yield from _html_inline(token)
            case "link_open":
                dropped.append(not _mark_link(token))
                if not dropped[-1]:
                    yield token
            case "link_close":
                if not dropped.pop():
                    yield token
            case "image":
                yield from _picture(token, picture, linked=bool(dropped))
            case _:
                yield token


def _html_inline(token: Token) -> Iterator[Token]:
    if _BREAK.fullmatch(token.content):
        yield Token("hardbreak", "br", 0)
        return
    tag = _TAG.match(token.content)
    if tag and tag[1].lower() not in _DROPPED_TAGS:
        yield Token("text", "", 0, content=token.content)


def _mark_link(token: Token) -> bool:
    """Make an outside link open apart; False when the address is not one to follow."""
    address = str(token.attrGet("href") or "")
    if ":" in _PATH.split(address, maxsplit=1)[0] or address.startswith("//"):
        token.attrSet("target", "_blank")
    return followable(address)


def followable(address: str) -> bool:
    """Say whether a link may lead there: to the web, to mail, to a telephone, or nearby."""
    scheme, colon, _ = _PATH.split(address, maxsplit=1)[0].partition(":")
    return not colon or scheme.strip().lower() in _SAFE_SCHEMES


def _picture(token: Token, picture: Picture, *, linked: bool) -> Iterator[Token]:
    source = str(token.attrGet("src") or "")
    shown = picture(source)
    if shown is not None:
        token.attrSet("src", shown)
        yield token
        return
    words = Token("text", "", 0, content=token.content or PurePosixPath(source).name)
    if linked or not source.lower().startswith(("http:", "https:")):
        yield words
        return
    yield Token("link_open", "a", 1, attrs={"href": source, "target": "_blank"})
    yield words
    yield Token("link_close", "a", -1)


def _tick(item: Token | None, token: Token) -> None:
    """Turn `[x]` at the start of a list item into a ticked box, which every output can show."""
    first = token.children[0] if token.children else None
    task = _TASK.match(first.content) if item and first and first.type == "text" else None
    if item and first and task:
        item.attrSet("class", "task")
        first.content = ("☐ " if task[1] == " " else "☑ ") + first.content[task.end() :]


def _align(token: Token) -> None:
    style = str(token.attrs.pop("style", ""))
    if style:
        token.attrSet("align", style.removeprefix("text-align:"))


def own_picture(source: str) -> str | None:
    """Give the source of a picture that loads nothing from elsewhere; None for another one."""
    relative = not _SCHEME.match(source) and not source.startswith(("/", "\\"))
    return source if relative or DATA_PICTURE.match(source) else None


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name in ("href", "src") and value.lower().lstrip().startswith("data:"):
        return value if tag == "img" and DATA_PICTURE.match(value) else None
    return value
