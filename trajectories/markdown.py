"""Render Markdown that strangers wrote: rendered first, then cleaned to a short list of tags."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from trajectories.text import clean_text

# A parser reads some 1 MB a second; longer text is shown as it is.
MAX_CHARS = 200_000
_TAGS = {
    "a", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "kbd", "li", "ol", "p", "pre", "s", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}}
_SCHEMES = {"http", "https", "mailto"}
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def _image_as_link(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any
) -> str:
    """Write an image as a link: no page loads anything from elsewhere."""
    token = tokens[index]
    label = token.content or "image"
    address = html.escape(str(token.attrs.get("src", "")), quote=True)
    return f'<a href="{address}">[{html.escape(label)}]</a>'


class Reference(NamedTuple):
    """Characters of a text, from `start` up to `end`, that lead to an address."""

    start: int
    end: int
    href: str


# Given words of a text, and whether they are code, says which of them lead somewhere, in order.
Refer = Callable[[str, bool], Iterable[Reference]]


def _link_references(state: StateCore) -> None:
    """Make links of what the caller's `refer` finds in words and code that are no link already."""
    refer: Refer | None = state.env.get("refer")
    if refer is None:
        return
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_with_links(token.children, refer))


def _with_links(tokens: Sequence[Token], refer: Refer) -> Iterable[Token]:
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if depth or token.type not in ("text", "code_inline"):
            yield token
            continue
        at = 0
        for start, end, href in refer(token.content, token.type == "code_inline"):
            if start > at:
                yield token.copy(content=token.content[at:start])
            yield Token("link_open", "a", 1, attrs={"href": href})
            yield token.copy(content=token.content[start:end])
            yield Token("link_close", "a", -1)
            at = end
        if at < len(token.content) or not at:
            yield token.copy(content=token.content[at:])


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "breaks": True})
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image_as_link)
    parser.core.ruler.push("references", _link_references)
    return parser


_PARSER = _parser()


def render_markdown(text: str, refer: Refer | None = None) -> SafeString:
    """Return the text as HTML of harmless tags; hidden comments of issue forms are left out.

    `refer` says which words lead somewhere.
    """
    cleaned = clean_text(text)
    if len(cleaned) > MAX_CHARS:
        return format_html("<pre>{}</pre>", cleaned)
    rendered = _PARSER.render(_COMMENT.sub("", cleaned), {"refer": refer})
    # nh3 keeps only the tags and attributes above.
    return mark_safe(
        nh3.clean(
            rendered,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer nofollow",
        )
    )


def rendered_text(text: str) -> str:
    """Return the words of the rendered text as a browser's selection sees them."""
    return html.unescape(nh3.clean(render_markdown(text), tags=set()))
