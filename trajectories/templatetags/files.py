"""Tags of the files tab: links and forms that keep the rest of the page as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from trajectories.contexts.files import Files, Outline, TreeChoice, outline_of
from trajectories.contexts.files_query import NAMES, FilesQuery, Lines
from trajectories.pages import page_url
from trajectories.templatetags.evidence import page_fields

register = template.Library()

_NOTHING: dict[str, object] = dict.fromkeys(NAMES)


@register.simple_tag(takes_context=True)
def files_link(
    context: Context, files: Files, path: str, line: int | Lines | None = None
) -> SafeString:
    """Return the attributes of a link to a path, or to a line of it, in the same tree."""
    lines = Lines(line, line) if isinstance(line, int) else line
    return _link(context, files, replace(files.query.at(path), lines=lines))


@register.simple_tag(takes_context=True)
def files_tree(context: Context, files: Files, choice: TreeChoice) -> SafeString:
    """Return the attributes of a link to the same path, or the same search, in another tree."""
    query = replace(files.query, lines=None, show_all=False)
    return _link(context, replace(files, tree=choice.key, url=choice.url), query)


@register.simple_tag
def file_outline(files: Files) -> Outline:
    """Return the outline of the file that is shown."""
    return outline_of(files)


@register.simple_tag(takes_context=True)
def files_change(context: Context, files: Files, **changes: Any) -> SafeString:
    """Return the attributes of a link to what is shown, with parts of the query changed."""
    return _link(context, files, replace(files.query, **changes))


@register.simple_tag(takes_context=True)
def files_find(context: Context, files: Files, **changes: Any) -> SafeString:
    """Return the attributes of a link to what was searched for, with parts of it changed."""
    assert files.query.find
    return _link(context, files, replace(files.query, find=replace(files.query.find, **changes)))


@register.simple_tag(takes_context=True)
def files_lines_url(context: Context, files: Files) -> str:
    """Return the page's address up to the number of a line: one for all lines of a file."""
    query = replace(files.query, lines=None)
    url = page_url(_request(context), left="files", tree=files.tree, **query.address())
    return f"{url}&line="


@dataclass(frozen=True)
class LineLinks:
    """The addresses of a file's lines up to the number: of the page, and of the fragment."""

    page: str
    fragment: str


@register.simple_tag(takes_context=True)
def files_lines(context: Context, files: Files, path: str) -> LineLinks:
    """Return the addresses of the lines of a file, made once for all of them."""
    address = files.query.at(path).address()
    page = page_url(_request(context), left="files", tree=files.tree, **address)
    asked = {name: value for name, value in address.items() if value is not None}
    return LineLinks(f"{page}&line=", f"{files.url}?{urlencode(asked)}&line=")


@register.simple_tag(takes_context=True)
def files_fields(context: Context, files: Files, **changes: object) -> SafeString:
    """Return the hidden fields of a form on the tree; `changes` are query parameters to keep."""
    return page_fields(context, left="files", tree=files.tree, **_NOTHING | changes)


def _link(context: Context, files: Files, query: FilesQuery) -> SafeString:
    address = query.address()
    href = page_url(_request(context), left="files", tree=files.tree, **address)
    asked = {name: value for name, value in address.items() if value is not None}
    # Without any parameter the fragment would show what was open before.
    own = f"{files.url}?{urlencode(asked) if asked else 'path='}"
    return format_html('href="{}" hx-get="{}" hx-target="#left-pane"', href, own)


def _request(context: Context) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request
