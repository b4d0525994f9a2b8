"""Reading everything that is text: attachments part by part, pages, what was pasted."""

import re
from collections.abc import Generator, Sequence
from typing import Any

from graphs.models.offline import sources
from graphs.models.offline.language import spoken
from graphs.models.offline.steps import Call, Desk, Reply

READ = 10_000


MAX_PARTS = 12
"""Parts of one document that are read: 120,000 characters."""


MAX_DOCUMENTS = 6


Texts = dict[str, str]


Reading = Generator[list[Call], list[Reply], Texts]


def read_all(desk: Desk, only: Sequence[str] = ()) -> Reading:
    """The text of every document, page and pasted note, whole as far as the limits allow."""
    texts: Texts = {}
    if body := sources.material(desk.data):
        texts[sources.MESSAGE] = body
    files = [a for a in sources.texts(desk.data) if not only or a["name"] in only]
    if desk.has("read_attachment"):
        texts |= yield from _files(files[:MAX_DOCUMENTS])
    urls = sources.urls(desk.data)[:4]
    if urls and desk.has("fetch_page"):
        replies = yield [Call("fetch_page", {"url": url}) for url in urls]
        texts |= {u: unwrapped(r.text) for u, r in zip(urls, replies, strict=True) if not r.failed}
    return texts


def _files(files: Sequence[dict[str, Any]]) -> Reading:
    calls = [
        Call("read_attachment", {"name": str(f["name"]), "start": part * READ, "length": READ})
        for f in files
        for part in range(max(1, min(MAX_PARTS, -(-int(f.get("chars") or 0) // READ))))
    ]
    if not calls:
        return {}
    replies = yield calls
    texts: Texts = {}
    for call, reply in zip(calls, replies, strict=True):
        if not reply.failed:
            name = call.args["name"]
            texts[name] = texts.get(name, "") + unwrapped(reply.text)
    return texts


def unwrapped(text: str) -> str:
    """What stands between the marks that tools put around what others wrote."""
    found = re.match(r"<(\w+) [^>\n]*>\n(.*)\n</\1>", text, re.DOTALL)
    return found[2] if found else text


def nothing_to_read(desk: Desk) -> str:
    if urls := sources.urls(desk.data):
        return f"{spoken(urls)} could not be read, so nothing is said about it."
    return "There is no document to read, so nothing was found. Attach a file or paste the text."
