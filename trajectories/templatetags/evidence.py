"""Tags of the fragments that show evidence."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import get_template
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString

from trajectories.contexts.diff_files import DiffFile
from trajectories.contexts.diff_rows import ShownLine, ShownPair
from trajectories.contexts.evidence import Pane, Tab
from trajectories.contexts.parts import searched_text
from trajectories.contexts.step_search import search_context
from trajectories.diff_markup import pair_html, row_html
from trajectories.models import Trajectory
from trajectories.pages import current_page, page_query, page_url

register = template.Library()


@register.simple_tag(takes_context=True)
def page_link(context: Context, **changes: object) -> str:
    """Return the surrounding page's address with these query parameters set (None removes)."""
    if column := context.get("column"):
        address: str = column.url(_request(context), **changes)
        return address
    return page_url(_request(context), **changes)


@register.simple_tag(takes_context=True)
def page_prefix(context: Context, name: str, **changes: object) -> str:
    """Return the page's address up to the value of one parameter, for the rows of a list.

    `page_link` for each row would take the address apart each time.
    """
    if column := context.get("column"):
        name, address = column.name, column.url(_request(context), **{**changes, name: None})
    else:
        address = page_url(_request(context), **{**changes, name: None})
    return f"{address}{'&' if '?' in address else '?'}{name}="


@register.simple_tag(takes_context=True)
def page_tab(context: Context, tab: Tab) -> str:
    """Return the surrounding page's address with a tab open in its pane."""
    return page_url(_request(context), **{tab.pane: tab.key})


@register.simple_tag(takes_context=True)
def page_path(context: Context) -> str:
    """Return the surrounding page's path: where a GET form without JavaScript leads."""
    return urlsplit(current_page(_request(context))).path


@register.simple_tag(takes_context=True)
def page_fields(context: Context, **changes: object) -> SafeString:
    """Return hidden fields that keep the surrounding page's query parameters in a GET form."""
    query = parse_qsl(urlsplit(page_url(_request(context), **changes)).query)
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', query)


@register.inclusion_tag("trajectories/_search.html", takes_context=True)
def trajectory_search(context: Context, trajectory: Trajectory) -> dict[str, object]:
    """Render the search within a trajectory, with what the page's address searches."""
    request = _request(context)
    return {
        "search": search_context(trajectory, searched_text(page_query(request))),
        "request": request,
    }


@register.simple_tag(takes_context=True)
def pane_content(context: Context, pane: Pane) -> SafeString:
    """Render what a pane's open tab shows, under the name that its template knows."""
    with context.push(**{pane.current.context_name: pane.content}):
        return get_template(pane.current.template).template.render(context)  # type: ignore[attr-defined,no-any-return]


@register.simple_tag(takes_context=True)
def diff_row(
    context: Context, row: ShownLine | ShownPair, file: DiffFile, file_link: str
) -> SafeString:
    """Render a row of a file's diff; `file_link` is the file's address in the page."""
    link = escape(file_link)
    if isinstance(row, ShownLine):
        return row_html(row, link, _moved(context, row, file))
    return pair_html(
        row,
        link,
        _moved(context, row.old, file) if row.old else "",
        _moved(context, row.new, file) if row.new else "",
    )


def _moved(context: Context, line: ShownLine, file: DiffFile) -> str:
    """Render the link to the other end of a moved block."""
    if line.moved is None:
        return ""
    template = get_template("trajectories/_diff_moved.html").template  # type: ignore[attr-defined]
    with context.push(moved=line.moved, file=file):
        # The line feed at the template's end would be text of the line of code.
        return str(template.render(context)).strip()


def _request(context: Context) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request
