"""What a browser would load from another site is found, and what a reader may follow is let be."""

import pytest

from tools.docs_site.remote import in_page, in_site, in_style


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://a.example/b.js"></script>',
        "<script async src=//a.example/b.js></script>",
        '<link rel="stylesheet" href="http://a.example/b.css">',
        '<link href="https://a.example" rel="preconnect" crossorigin>',
        '<img alt="a" src="https://a.example/b.svg">',
        '<source srcset="https://a.example/b.png 2x">',
        '<iframe\n  src="https://a.example"></iframe>',
        '<use href="https://a.example/b.svg#c"/>',
        "<style>@import 'https://a.example/b.css';</style>",
        '<p style="background: url(https://a.example/b.png)">',
    ],
)
def test_it_is_found(text):
    (address,) = in_page(text)
    assert "//a.example" in address and not address.endswith((";", '"'))


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://a.example">a</a>',
        '<link rel="canonical" href="https://a.example">',
        '<script src="assets/b.js"></script><img src="../b.png"><img src="data:image/png;base64,//8=">',
        "<code>&lt;script src=&quot;https://a.example/b.js&quot;&gt;</code>",
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
    ],
)
def test_it_is_let_be(text):
    assert not in_page(text)


def test_style_sheets_are_read():
    assert in_style('@font-face { src: url("https://a.example/b.woff2") } @import url(//a.example/c.css);') == [
        "https://a.example/b.woff2",
        "//a.example/c.css",
    ]
    assert not in_style("a { background: url(data:image/svg+xml;base64,PA==) } /* https://a.example */")


def test_every_page_and_style_sheet_of_a_site_is_read(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.html").write_text("<img src=https://c.example/d.png>", encoding="utf-8")
    (tmp_path / "e.css").write_text("@import 'https://c.example/f.css'", encoding="utf-8")
    (tmp_path / "g.js").write_text('"https://c.example"', encoding="utf-8")
    assert list(in_site(tmp_path)) == [
        ("a/b.html", "https://c.example/d.png"),
        ("e.css", "https://c.example/f.css"),
    ]
