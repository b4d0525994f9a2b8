"""Fetching a page from the web, and nothing that is not on the public web.

A host is resolved once; every address it has must be public, and the connection goes to that
very address, so that a second answer of the name server cannot lead it inside. Redirects are
followed here, each checked like the first request.
"""

import asyncio
import ipaddress
import socket
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from pydantic import Field

from bot.domain.work import Source
from graphs.tools.base import Args, Room, Tool, ToolError, ToolResult, Web, as_data

MAX_REDIRECTS = 5
MAX_TRIES = 3
TYPES = (
    "text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/csv",
    "application/json", "application/xml", "text/xml",
)  # fmt: skip
QUOTE = 300

_EMBEDDED = (  # ways to write an IPv4 address as an IPv6 one: (network, bits below the address)
    (ipaddress.ip_network("::/96"), 0),
    (ipaddress.ip_network("::ffff:0:0/96"), 0),
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
)
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in ("100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "64:ff9b:1::/48",
                 "2001::/23", "fec0::/10", "168.63.129.16/32")
)  # fmt: skip

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchPage(Args):
    """Arguments of `fetch_page`."""

    url: str = Field(min_length=8, max_length=2_000, description="http or https address")


@dataclass(frozen=True)
class Page:
    """What a server gave: `asked` is the address wanted, `url` the one it came from."""

    asked: str
    url: str
    status: int
    media_type: str
    body: bytes
    encoding: str | None


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises `OSError` when it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def is_public(text: str) -> bool:
    """True for an address on the public internet, however it is written.

    >>> is_public("93.184.216.34"), is_public("::ffff:127.0.0.1"), is_public("169.254.169.254")
    (True, False, False)
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(address)
    if inner is not None:
        return is_public(str(inner))
    listed = any(address in network for network in _INSIDE)
    return address.is_global and not address.is_multicast and not address.is_reserved and not listed


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    for network, below in _EMBEDDED:
        if address in network:
            return ipaddress.IPv4Address(int(address) >> below & 0xFFFFFFFF)
    return None


def check(url: str) -> httpx.URL:
    """The parsed address. Raises `ToolError` for what is never fetched."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ToolError(f"“{url[:200]}” is no web address.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ToolError(f"Only http and https pages are read, not “{url[:200]}”.")
    if parsed.userinfo:
        raise ToolError("An address with a user name or password in it is not fetched.")
    return parsed


class Pinned(httpx.AsyncBaseTransport):
    """Sends each request to an address that was checked, under the name that was asked for."""

    def __init__(self, web: Web) -> None:
        self._web = web
        # No connection is kept: one opened for a host must not serve another on that address,
        # whose certificate nobody has seen.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Resolve, check, connect to that address. The TLS certificate is held to the name."""
        host, named = request.url.host, request.url
        request.extensions = {**request.extensions, "sni_hostname": host}
        failure: httpx.ConnectError | None = None
        for address in (await self._addresses(host, named.port or 443))[:MAX_TRIES]:
            request.url = named.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError as error:
                failure = error
        raise failure or httpx.ConnectError(f"no address for {host}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = await resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise ToolError(f"There is no host “{host}”; check the address.") from error
        private = [address for address in addresses if not is_public(address)]
        if not addresses or (private and not self._web.allow_private):
            raise ToolError(f"“{host}” is not on the public internet, so it is not fetched.")
        return addresses


async def fetch(url: str, web: Web) -> Page:
    """Get a page, through at most `MAX_REDIRECTS` redirects. Raises `ToolError`."""
    check(url)
    try:
        async with asyncio.timeout(web.seconds), _client(web) as client:
            return await _follow(client, url, web)
    except TimeoutError as error:
        raise ToolError(f"{url} took longer than {web.seconds:g} seconds; try another.") from error
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        raise ToolError(f"{url} could not be read: {why}.") from error


@asynccontextmanager
async def _client(web: Web) -> AsyncGenerator[httpx.AsyncClient]:
    # gzip is the one coding that is unpacked here, bit by bit under the size cap.
    headers = {"User-Agent": web.agent, "Accept": ", ".join(TYPES), "Accept-Encoding": "gzip"}
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    async with httpx.AsyncClient(
        transport=Pinned(web), headers=headers, cookies=jar, trust_env=False, timeout=web.seconds
    ) as client:
        yield client


async def _follow(client: httpx.AsyncClient, url: str, web: Web) -> Page:
    here = check(url)
    for _ in range(MAX_REDIRECTS + 1):
        async with client.stream("GET", here) as response:
            if not response.has_redirect_location:
                return await _page(response, url, here, web)
            target = response.headers["Location"]
        here = check(str(here.join(target)))
    raise ToolError(f"{url} redirects more than {MAX_REDIRECTS} times.")


async def _page(response: httpx.Response, asked: str, here: httpx.URL, web: Web) -> Page:
    if response.status_code != 200:
        raise ToolError(f"{here} answered {response.status_code}; there is no page to read.")
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in TYPES:
        raise ToolError(f"{here} is {media_type or 'of no stated type'}; only text is read.")
    body = await _body(response, here, web.max_bytes)
    return Page(asked, str(here), 200, media_type, body, response.charset_encoding)


async def _body(response: httpx.Response, here: httpx.URL, most: int) -> bytes:
    """The unpacked body, never holding more than `most` bytes of it."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise ToolError(f"{here} is packed as {coding}, which is not read.")
    packed = zlib.decompressobj(31) if "gzip" in coding else None
    body = bytearray()
    received = 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        try:
            body += packed.decompress(chunk, most + 1 - len(body)) if packed else chunk
        except zlib.error as error:
            raise ToolError(f"{here} sent a damaged page.") from error
        if max(len(body), received) > most:
            raise ToolError(f"{here} is bigger than {most / 2**20:g} MB and was not read.")
    return bytes(body)


async def _fetch_page(args: FetchPage, room: Room) -> ToolResult:
    page = await fetch(args.url, room.web)
    title, text = await room.workers.run(
        "graphs.tools.pages_work:extract",
        page.body, page.media_type, page.encoding or "", page.url,
        timeout=room.web.seconds, memory_mb=512,
    )  # fmt: skip
    if not text.strip():
        raise ToolError(f"{page.url} has no text to read; it may need a browser.")
    quote = " ".join(text.split())[:QUOTE]
    names = dict.fromkeys((page.url, page.asked))  # a text may cite either
    return ToolResult(
        text=as_data("page", page.url, f"{title}\n\n{text}".strip()),
        data={"fetched": True, "url": page.url, "asked": page.asked, "title": title, "text": text},
        sources=tuple(
            Source(kind="url", title=title or page.url, ref=name, quote=quote) for name in names
        ),
    )


FETCH_PAGE = Tool(
    name="fetch_page",
    description="Read a public web page: its title and its text.",
    args=FetchPage,
    risk="read",
    work=_fetch_page,
)
