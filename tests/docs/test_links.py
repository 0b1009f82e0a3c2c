"""Links of the pages: those outside go to known hosts of the field, those of the README to files that are there."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
HOSTS = {
    "arxiv.org",
    "aact.ctti-clinicaltrials.org",
    "clinicaltrials.gov",
    "doi.org",
    "github.com",
    "huggingface.co",
    "keepachangelog.com",
    "semver.org",
    "www.fda.gov",
}
HERE = {"127.0.0.1", "localhost"}
PRETENDED = re.compile(r"(^|\.)example\.(com|org)$")


def pages():
    built = ROOT / "docs" / "_build"
    found = [path for path in (ROOT / "docs").rglob("*.md") if built not in path.parents]
    return [*found, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


def links(path):
    """Every target of a Markdown link or image of a page."""
    for token in MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8")):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield str(target)


def test_links_outside_are_well_formed_and_go_to_known_hosts():
    found = []
    for path in pages():
        text = path.read_text(encoding="utf-8")
        found += [(path.name, url) for url in re.findall(r"https?://[^\s)\"'`<>|]+", text)]
    assert len(found) > 10
    for name, url in found:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in HERE or PRETENDED.search(host):
            continue
        assert host in HOSTS, (name, url)
        assert parts.scheme == "https", (name, url)
        assert not url.endswith((".", ",")), (name, url)


def test_relative_links_of_files_at_the_root_are_there():
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in links(path):
            if not urlsplit(target).scheme:
                assert (ROOT / target.partition("#")[0]).exists(), (path.name, target)
