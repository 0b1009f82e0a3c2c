"""The report is one well-formed, accessible page that asks the network for nothing."""

import re
from html.parser import HTMLParser

import pytest

from cladmop.errors import InputError, StorageError
from cladmop.evaluation.tables import Table
from cladmop.report import Paragraph, Plot, Section, render_report, write_report

TABLE = Table(
    "Two trials", ("trial", "probability", "why"), (("A <i>", ".5", "x & y"), ("B", ".6\n.7", "")), "Note.", (0, 2)
)
SVG = '<svg role="img" aria-labelledby="t"><title id="t">Plot</title></svg>'
SECTIONS = (
    Section("First", (Paragraph("Plain <script>."), Paragraph("Mind this.", caution=True), TABLE)),
    Section(
        "Second",
        (Plot(SVG, "One.", TABLE), Plot(SVG, "Two.", TABLE), Paragraph("Between."), Plot(SVG, "Three.", TABLE)),
    ),
)
VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Collects elements and checks that they nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text():
    return render_report("Report & more", SECTIONS, lead="What this is.")


def test_page_is_well_formed(text):
    page = Page(text)
    assert page.open == []
    assert text.startswith("<!DOCTYPE html>")
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert len(page.all("h2")) == 2
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes and attributes["id"] != "t"]
    assert len(ids) == len(set(ids))
    assert [attributes["aria-labelledby"] for attributes in page.all("section")] == ids


def test_tables_are_accessible(text):
    page = Page(text)
    assert len(page.all("table")) == len(page.all("caption")) == 4
    scopes = [attributes["scope"] for attributes in page.all("th")]
    assert scopes == ["col", "col", "col", "row", "row"] * 4
    assert all(attributes["aria-label"] == "Two trials" for attributes in page.all("div") if "role" in attributes)


def test_neighbouring_plots_share_a_row(text):
    page = Page(text)
    assert len([attributes for attributes in page.all("div") if attributes.get("class") == "plots"]) == 2
    assert len(page.all("figure")) == len(page.all("figcaption")) == len(page.all("details")) == 3


def test_nothing_is_fetched(text):
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.elements}
    assert not any("src" in attributes for _, attributes in page.elements)
    assert [attributes["href"] for _, attributes in page.elements if "href" in attributes] == ["data:,"]
    assert "default-src 'none'" in text
    assert "url(" not in text


def test_text_is_escaped_and_plots_are_not(text):
    assert "Plain &lt;script&gt;." in text
    assert "A &lt;i&gt;" in text
    assert "<h1>Report &amp; more</h1>" in text
    assert SVG in text


def test_write_is_repeatable(tmp_path, text):
    path = tmp_path / "deep" / "report.html"
    write_report(path, "Report & more", SECTIONS, lead="What this is.")
    assert path.read_text(encoding="utf-8") == text
    assert path.stat().st_mode & 0o044 == 0o044


def test_bad_content_is_refused(tmp_path):
    with pytest.raises(InputError, match="no sections"):
        write_report(tmp_path / "r.html", "Empty", [])
    with pytest.raises(InputError, match="no SVG element"):
        render_report("R", [Section("S", (Plot("<p>", "One.", TABLE),))])
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        write_report(tmp_path / "file" / "r.html", "Report", SECTIONS)


def figures_of(page):
    return re.findall(r"<figure>.*?</figure>", page, re.DOTALL)


def check_said_in_words(figure):
    """A plot has a name, the figures of its table as description, and that table below it."""
    svg, rest = figure.split("</svg>")
    named = re.search(r'role="img"[^>]*aria-labelledby="(\S+) (\S+)"', svg)
    name, description = (re.search(rf'id="{place}">([^<]+)<', svg).group(1) for place in named.groups())
    assert name.strip()
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", rest.split("<tbody>")[1])
    assert cells
    assert all(cell in description for cell in cells)
    assert "<details><summary>" in rest


def test_every_plot_of_a_corpus_page_is_said_in_words(invented_corpus, tmp_path):
    pytest.importorskip("matplotlib")
    from cladmop.corpus_page import write_corpus_page

    write_corpus_page(invented_corpus, tmp_path / "corpus.html")
    figures = figures_of((tmp_path / "corpus.html").read_text(encoding="utf-8"))
    assert len(figures) >= 5
    for figure in figures:
        check_said_in_words(figure)


def test_paper_shows_the_tables_that_are_folded_away(text):
    """Nobody can unfold paper; seen in a browser's PDF."""
    printed = re.search(r"@media print \{(.*)\}\n", text).group(1)
    assert "details::details-content { content-visibility: visible; }" in printed
