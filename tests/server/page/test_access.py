"""For every reader: names, headings, contrast, narrow screens, paper."""

import itertools
import json
from pathlib import Path

import pytest

from server.page.test_one_trial import HOSTILE, STUDY

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
LONG = {
    "title": "A" * 120, "phase": "phase 1/phase 2", "inclusion": ["word " * 60, "X" * 300], "exclusion": [HOSTILE],
    "drugs": ["cisplatin", "y" * 90], "diseases": ["z" * 80],
}  # fmt: skip


def full(site, trial=STUDY):
    """Bring the page to where most of it is on show."""
    page = site.score(json.dumps(trial))
    page.click('[aria-label="Remove exclusion criterion 1"]')
    page.click('[aria-label="Edit inclusion criterion 1"]')
    page.wait_for_selector(".change:not(.stale)")
    page.click("#rank")
    page.wait_for_selector(".ranked")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(watch, pretended, knobs, scheme):
    knobs.outside = True
    site = watch(pretended, color_scheme=scheme)
    page = site.open()
    page.click("#example")
    start = page.evaluate(CONTRAST)
    page.click("#trial-form button.main")
    site.settle()
    page.click("#another")
    full(site)
    result = page.evaluate(CONTRAST)
    page.click("nav >> text=Portfolio")
    page.click("#batch-form button")
    portfolio = page.evaluate(CONTRAST)
    assert start["bad"] + result["bad"] + portfolio["bad"] == []
    assert start["seen"] > 15
    assert result["seen"] > 100
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_no_sideways_scroll(watch, pretended, knobs):
    """640 pixels are a screen of 1280 at 200% zoom."""
    site = watch(pretended, has_touch=True)
    page = site.open()
    pages = [
        lambda: full(site),
        lambda: [page.click("#another"), full(site, LONG)],
        lambda: [page.click("#another"), page.click("#example")],
        lambda: page.click("nav >> text=Portfolio"),
    ]
    for bring in pages:
        bring()
        for width in (320, 375, 640):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_narrow_screen_shows_the_change_at_its_foot(watch, pretended, knobs):
    site = watch(pretended, viewport={"width": 375, "height": 700})
    site.open()
    page = site.score(json.dumps(STUDY))
    page.click('[aria-label="Remove inclusion criterion 1"]')
    page.wait_for_selector(".peek:not([hidden])")
    box = page.locator(".peek").bounding_box()
    assert box["y"] + box["height"] <= 700
    assert "association, not cause" in page.inner_text(".peek")


def test_every_control_has_a_name_and_headings_do_not_skip(site):
    page = full(site)
    session = page.context.new_cdp_session(page)
    for step in ("result", "portfolio"):
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        wanted = {"textbox", "combobox", "button", "radio", "link", "image", "table", "region", "complementary"}
        controls = [one for one in nodes if not one["ignored"] and one["role"]["value"] in wanted]
        nameless = [one["role"]["value"] for one in controls if not one.get("name", {}).get("value", "").strip()]
        assert nameless == [], step
        assert len(controls) > 5
        levels = page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, h4')].filter((one) => one.checkVisibility())"
            ".map((one) => Number(one.tagName[1]))"
        )
        assert levels[0] == 1
        assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels)), levels
        assert levels.count(1) == 1
        page.click("nav >> text=Portfolio")
    landmarks = page.evaluate("['header', 'nav', 'main', 'footer'].map((tag) => document.querySelectorAll(tag).length)")
    assert landmarks == [1, 1, 1, 1]
    assert page.get_attribute("html", "lang") == "en"


def test_paper_shows_the_result_without_controls(site):
    page = full(site)
    page.emulate_media(media="print")
    assert page.locator("#result button:visible, #result select:visible, .top:visible, footer:visible").count() == 0
    for part in (".figure", ".summary", ".criteria", ".cards", ".similar", ".change", ".interval >> nth=0"):
        assert page.locator(part).is_visible(), part
    assert page.pdf()[:5] == b"%PDF-"


def test_nothing_moves_where_motion_is_unwanted(watch, pretended, knobs):
    site = watch(pretended, reduced_motion="reduce")
    site.open()
    page = site.score(json.dumps(STUDY))
    page.evaluate(
        "document.querySelector('.summary').append(Object.assign(document.createElement('p'), {className: 'waiting'}))"
    )
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_page_needs_no_framework_and_modules_are_short():
    folder = Path(__file__).resolve().parents[3] / "src" / "cladmop" / "server" / "static"
    modules = sorted(folder.glob("*.js"))
    assert len(modules) > 10
    for path in modules:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 250, path.name
        assert text.startswith("/** "), path.name
        for word in ("innerHTML", "outerHTML =", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert word not in text, f"{path.name}: {word}"
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "style=" not in page
    assert "onclick" not in page
    assert "//" not in page.replace("<!DOCTYPE html>", "")
