"""Cards: self-contained, escaped, small."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from ads.display import Card


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.opened.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def tags_of(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    parser.close()
    return parser


@given(st.text(max_size=80))
def test_no_text_becomes_markup(text: str) -> None:
    plain = tags_of(
        Card("a", "b", "c")
        .facts([("d", "e")])
        .table("f", ["g"], [["h"]])
        .checks([(True, "k", "l")])
        .shares([("m", 1), ("n", 2)])
        .spark([0, 3, 1], "o")
        .code("i")
        .note("j")
        .html()
    )
    hostile = tags_of(
        Card(text, f"b{text}", text)
        .facts([(text, f"e{text}")])
        .table(text, [text], [[text]])
        .checks([(True, f"k{text}", f"l{text}")])
        .shares([(text, 1), (text, 2)])
        .spark([0, 3, 1], text)
        .code(text)
        .note(text)
        .html()
    )

    assert hostile.opened == plain.opened


def test_nothing_is_fetched_and_nothing_runs() -> None:
    html = Card("<script>alert(1)</script>", state="ACTIVE").html()

    assert "<script" not in html
    assert "http" not in html
    assert "url(" not in html
    assert "ACTIVE" in tags_of(html).text


def test_long_tables_say_how_much_more_there_is() -> None:
    html = Card("wide").table("Columns", ["Name"], [[f"column {i}"] for i in range(33)], most=10).html()

    assert "column 9" in html
    assert "column 10" not in html
    assert "+23 more" in html


def test_what_has_no_value_is_left_out() -> None:
    assert "<dl>" not in Card("empty").facts([("a", None), ("b", "")]).html()


def test_a_small_line_is_drawn_in_its_box_and_said_in_words() -> None:
    html = Card("busy").spark([0, 5, 10, 2.5], "17 requests").html()

    assert 'points="0,27 53.33,14 106.7,1 160,20.5"' in html
    assert "17 requests" in tags_of(html).text
    quiet = tags_of(Card("idle").spark([0, 0], "0 requests").html())
    assert "svg" not in quiet.opened
    assert "0 requests" in quiet.text
