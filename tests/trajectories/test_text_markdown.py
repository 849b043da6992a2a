from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from trajectories.markdown import MAX_CHARS, render_markdown, rendered_text

fragments = st.sampled_from(
    ["<script>", "</p>", "<img src=x onerror=y>", "`", "*", "[a](javascript:b)", "\n\n", "> ", "|",
     "<!--", "-->", "<a href=data:x>", "\x1b[1m", "\0", "text", "- ", "```\n", "![i](http://x/y)"]
)  # fmt: skip


@given(st.lists(fragments, max_size=30).map("".join))
def test_whatever_is_written_only_harmless_tags_come_out(text: str) -> None:
    rendered = render_markdown(text)
    root = html.fromstring(f"<div>{rendered}</div>")
    for element in root.iter():
        assert element.tag not in {"script", "img", "iframe", "style", "form", "input"}
        assert set(element.attrib) <= {"href", "title", "rel", "start", "align"}
        assert not element.get("href", "").lower().startswith(("javascript:", "data:"))


def test_a_table_code_and_a_line_break_are_rendered() -> None:
    rendered = render_markdown("| a | b |\n|---|---|\n| `x<y` | ~~no~~ |\n\none\ntwo")
    assert "<code>x&lt;y</code>" in rendered
    assert "<s>no</s>" in rendered
    assert "one<br>" in rendered


def test_an_image_becomes_a_link() -> None:
    rendered = render_markdown("![plot](https://example.org/a.png)")
    assert 'href="https://example.org/a.png"' in rendered
    assert rendered_text("![plot](https://example.org/a.png)").strip() == "[plot]"


def test_a_text_too_long_to_parse_is_shown_as_it_is() -> None:
    rendered = render_markdown("*" * (MAX_CHARS + 1))
    assert rendered.startswith("<pre>***")


def test_rendered_text_holds_what_a_reader_sees() -> None:
    assert rendered_text("Call `f(x) < 1` & *go*").strip() == "Call f(x) < 1 & go"
