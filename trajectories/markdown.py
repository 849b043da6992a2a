"""Render Markdown that strangers wrote: rendered first, then cleaned to a short list of tags."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
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


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "breaks": True})
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image_as_link)
    return parser


_PARSER = _parser()


def render_markdown(text: str) -> SafeString:
    """Return the text as HTML of harmless tags; hidden comments of issue forms are left out."""
    cleaned = clean_text(text)
    if len(cleaned) > MAX_CHARS:
        return format_html("<pre>{}</pre>", cleaned)
    rendered = _PARSER.render(_COMMENT.sub("", cleaned))
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
