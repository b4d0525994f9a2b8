"""Takes the text out of a page, in a helper process: the markup is not to be trusted."""

import codecs
import re

MAX_TEXT = 200_000


def extract(body: bytes, media_type: str, encoding: str, url: str) -> tuple[str, str]:
    """The title and the readable text of a page."""
    if media_type not in ("text/html", "application/xhtml+xml"):
        return "", _decode(body, encoding)[:MAX_TEXT]
    title, text = _article(_decode(body, encoding or _declared(body)), url)
    return title[:300], text[:MAX_TEXT]


def _article(html: str, url: str) -> tuple[str, str]:
    import trafilatura

    found = trafilatura.bare_extraction(html, url=url, include_tables=True, with_metadata=True)
    text = (getattr(found, "text", "") if found else "") or ""
    # Short pages have no "article"; all of their text is better than none of it.
    text = text or trafilatura.html2txt(html) or ""
    return str((getattr(found, "title", "") if found else "") or _title(html)), text


def _title(html: str) -> str:
    found = re.search(r"<title[^>]*>(.*?)</title>", html, re.I | re.S)
    return " ".join(found[1].split()) if found else ""


def _declared(body: bytes) -> str:
    found = re.search(rb"<meta[^>]+charset=[\"']?([\w-]+)", body[:4096], re.I)
    return found[1].decode("ascii") if found else ""


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(codecs.lookup(encoding).name, "replace")
    except (LookupError, UnicodeError):
        pass
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")
