"""Cards: a small part of Markdown, and never anybody's markup."""

from __future__ import annotations

import pytest

from ads.console.markdown import to_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# One\n\ntwo\nthree", "<h2>One</h2>\n<p>two three</p>"),
        ("- a\n- b\n  more", "<ul><li>a</li><li>b more</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("**a** *b* `c*d*`", "<p><strong>a</strong> <em>b</em> <code>c*d*</code></p>"),
        ("```python\n<b>x</b>\n```", "<pre>&lt;b&gt;x&lt;/b&gt;</pre>"),
        ("|a|b|\n|---|---|\n|1|2|", "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>"),
        ("---\nlicense: mit\n---\ntext", "<p>text</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
    ],
)
def test_what_is_understood(text: str, html: str) -> None:
    assert to_html(text) == html


def test_a_link_leads_to_http_alone() -> None:
    good = to_html("[x](https://example.com/a?b=1&c=2) https://example.org")
    assert 'href="https://example.com/a?b=1&amp;c=2"' in good
    assert 'href="https://example.org"' in good
    for bad in (
        "javascript:alert(1)",
        "data:text/html,x",
        "JaVaScRiPt:x",
        "vbscript:x",
        "//evil.example",
        "\tjavascript:x",
    ):
        assert "href" not in to_html(f"[x]({bad})")


def test_markup_stays_text() -> None:
    html = to_html('<script>x</script> <img onerror=x> **<b>** [<i>](https://a.example/"onclick=x)')
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert '"onclick' not in html


def test_hostile_text_takes_no_time() -> None:
    for text in (
        "*" * 100_000,
        "[" * 100_000,
        "`" * 99_999,
        "**a" * 30_000,
        "- " * 50_000,
        "|" * 100_000,
        "#" * 100_000,
    ):
        assert len(to_html(text)) >= 0
