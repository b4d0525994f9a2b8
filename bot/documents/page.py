"""One HTML file that reads well on any screen and on paper, and loads nothing."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Final

from bot.documents.markdown import render_html
from bot.documents.pictures import data_address, find_picture

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1d2129;--soft:#5b6472;--line:#d9dee6;--shade:#f5f7fa;
--paper:#fff;--accent:#2454c5}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ef;--soft:#9aa4b5;--line:#343b48;
--shade:#1d222b;--paper:#14181f;--accent:#8fb0ff}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:1.0625rem/1.65 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",
Arial,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei","Apple Color Emoji","Segoe UI Emoji",
"Noto Color Emoji",sans-serif}
main{max-width:46rem;margin:0 auto;padding:clamp(1.25rem,5vw,4rem) 1.25rem 5rem;
overflow-wrap:break-word}
h1,h2,h3,h4,h5,h6{line-height:1.25;margin:2.2em 0 .6em;font-weight:650;text-wrap:balance}
h1{font-size:2.1rem;letter-spacing:-.02em;margin-top:0}
h2{font-size:1.45rem;padding-bottom:.3em;border-bottom:1px solid var(--line)}
h3{font-size:1.15rem}h4,h5,h6{font-size:1rem}
p,ul,ol,blockquote,pre,.wide{margin:0 0 1.1em}
li{margin:.25em 0}li>p{margin:.3em 0}
li.task{list-style:none;margin-left:-1.2em}
a{color:var(--accent);text-underline-offset:.15em}
a:focus-visible,.wide:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
blockquote{border-left:3px solid var(--accent);padding:.1em 0 .1em 1.1em;color:var(--soft);
margin-left:0}
code{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;
background:var(--shade);border-radius:4px;padding:.12em .35em}
pre{background:var(--shade);border:1px solid var(--line);border-radius:8px;padding:1em;
overflow-x:auto}
pre code{padding:0;background:none}
.wide{overflow-x:auto}
table{border-collapse:collapse;min-width:60%;font-size:.95em;font-variant-numeric:tabular-nums}
th,td{padding:.5em .8em;min-width:4.5rem;overflow-wrap:anywhere;
border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{border-bottom:2px solid var(--soft);background:var(--shade);font-weight:650}
[align=right]{text-align:right}[align=center]{text-align:center}
img{max-width:100%;height:auto;border-radius:6px}
hr{border:0;border-top:1px solid var(--line);margin:2.5em 0}
.footnotes{font-size:.9em;color:var(--soft)}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--shade:#f3f3f3;--paper:#fff;--accent:#000}
@page{margin:20mm 18mm}body{font-size:10.5pt}main{max-width:none;padding:0}
h1,h2,h3,h4{break-after:avoid}pre,blockquote,img,tr{break-inside:avoid}thead{
display:table-header-group}.wide,pre{overflow:visible;white-space:pre-wrap}
.wide{white-space:normal}a[href^="http"]::after{content:" (" attr(href) ")";font-size:.8em;
color:var(--soft)}}
"""
_PAGE: Final = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none';img-src data:;style-src 'unsafe-inline';form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def render_page(markdown: str, title: str, files: Mapping[str, bytes], lang: str) -> bytes:
    """Give the whole page as UTF-8, with the pictures of `files` inside it."""

    def picture(source: str) -> str | None:
        data = find_picture(source, files)
        return data_address(data) if data else None

    # A wide table scrolls by itself, by keyboard too, and the page stays put.
    body = render_html(markdown, picture)
    body = body.replace("<table>", '<div class="wide" tabindex="0"><table>')
    body = body.replace("</table>", "</table></div>").replace("<th>", '<th scope="col">')
    body = body.replace("<th align", '<th scope="col" align')
    return _PAGE.format(
        lang=html.escape(lang), title=html.escape(title), style=_STYLE, body=body
    ).encode()
