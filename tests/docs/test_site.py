"""The pages build without a warning, are all reachable, and need no network to be read."""

import re
from html.parser import HTMLParser
from pathlib import Path

import typer.main

from cladmop.cli.app import app
from cladmop.model.config import ModelConfig

ROOT = Path(__file__).resolve().parents[2]


class Tags(HTMLParser):
    """Every opening tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def test_the_strict_build_passes(site):
    assert site.complaints == ""
    assert site.code == 0


def test_every_page_is_in_the_contents(site):
    sidebar = site.page("index").partition('class="sidebar-tree"')[2].partition("</div>")[0]
    listed = set(re.findall(r'href="([^"#]+)\.html"', sidebar))
    docs = ROOT / "docs"
    pages = {path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md")}
    written = {page for page in pages if not page.startswith(("_build", "speed/"))} - {"index"}
    assert {"start", "method", "cli", "reference/index", "contributing"} <= written
    assert written <= listed


def test_no_page_needs_the_network(site):
    fetched = []
    for path in site.folder.rglob("*.html"):
        for tag, attributes in Tags(path.read_text(encoding="utf-8")).found:
            if tag in {"script", "img", "iframe", "source"}:
                fetched.append(attributes.get("src", ""))
            if tag == "link" and attributes.get("rel") != "canonical":
                fetched.append(attributes.get("href", ""))
    for path in site.folder.rglob("*.css"):
        fetched += re.findall(r"""(?:url\(|@import\s+)["']?([^"')]+)""", path.read_text(encoding="utf-8"))
    assert len(fetched) > 100
    assert [one for one in fetched if re.match(r"(\w+:)?//", one) and not one.startswith("data:")] == []


def test_formulas_are_drawn_without_a_script(site):
    page, source = site.page("method"), (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    assert len(re.findall(r'<math [^>]*display="block"', page)) == source.count("$$ (") > 5
    assert "<msub>" in page
    assert "mathjax" not in page.lower().replace("mathjax_ignore", "")


def test_every_verb_and_option_is_in_the_reference(site):
    page = site.page("cli")

    def walk(path, command):
        yield path, command
        for name, below in getattr(command, "commands", {}).items():
            yield from walk(f"{path}-{name}", below)

    verbs = dict(walk("cladmop", typer.main.get_command(app)))
    assert {"cladmop-predict", "cladmop-corpus-build", "cladmop-benchmark-top"} <= set(verbs)
    for path, command in verbs.items():
        section = page.partition(f'<section id="{path}">')[2].partition("<section")[0]
        assert section, path
        for option in command.params:
            if not option.hidden and option.name != "help" and option.opts[0].startswith("--"):
                assert option.opts[0] in section, (path, option.opts[0])


def test_shapes_are_those_of_the_presets(site):
    page = site.page("method")
    text = " ".join(re.sub(r"<[^>]*>", "", page).split())
    sizes = {"text_width": 384, "molecule_width": 1, "disease_vocabulary": 2}
    default, paper = (ModelConfig.preset(name, **sizes) for name in ("default", "paper"))
    for config in (default, paper):
        for groups in config.centroids:
            assert f"B × {groups} × {config.width} " in text  # noqa: RUF001 (as the page writes it)
    assert f"B × {default.criteria_width} " in text  # noqa: RUF001 (the same)
    assert page.count("<svg role=") == 2
