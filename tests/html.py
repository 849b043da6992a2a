"""Read answers by CSS selector."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from lxml import html


class Page:
    """A page or fragment."""

    def __init__(self, root: html.HtmlElement) -> None:
        self.root = root

    @classmethod
    def of_text(cls, text: str) -> Page:
        return cls(html.document_fromstring(f"<html><body>{text}</body></html>"))

    def select(self, selector: str) -> list[html.HtmlElement]:
        return list(self.root.cssselect(selector))

    def text(self, selector: str) -> str:
        """Return the text of the first element found; fails where there is none."""
        return str(self.select(selector)[0].text_content())

    def texts(self, selector: str) -> list[str]:
        return [str(element.text_content()).strip() for element in self.select(selector)]


def page_of(response: HttpResponseBase) -> Page:
    """Return a successful answer as a page."""
    assert response.status_code == 200, response.status_code
    return Page.of_text(response.getvalue().decode())
