"""The page on a fitted model: the tiny one of the tests, with all the service's own answers."""

import json
import re

from server.page.test_one_trial import STUDY


def opened(watch, served):
    watched = watch(f"http://127.0.0.1:{served.port}/")
    watched.page.set_default_timeout(60_000)  # the first call loads what loads late
    watched.open()
    return watched


def edit_and_compare(watched):
    """Remove a criterion; the change is that of the service's two predictions."""
    page = watched.page
    trial = page.evaluate("import('/static/state.js').then((one) => one.get().trial)")
    page.click('[aria-label="Remove inclusion criterion 1"]')
    page.wait_for_selector(".change:not(.stale)")
    shorter = {**trial, "inclusion": trial["inclusion"][1:]}
    answers = [page.request.post(f"{watched.base}predict", data=one).json() for one in (trial, shorter)]
    before, after = (f"{round(answer['probability'] * 100)}%" for answer in answers)
    assert page.inner_text(".from-to") == f"{before} → {after}"
    assert re.search(r"[+\u2212]?[\d.]+ points \(90% interval", page.inner_text(".change"))
    assert "Association, not cause" in page.inner_text(".change")


def test_a_study_is_scored_explained_and_edited(watch, served):
    watched = opened(watch, served)
    page = watched.score(json.dumps(STUDY))
    assert page.locator(".criteria .effect .points").count() == 4
    assert page.locator(".drugs .effect .points").count() == 2
    assert page.inner_text(".summary p")
    assert "no index of past trials" in page.inner_text(".similar")
    assert page.locator("#result .error:not(:empty)").count() == 0
    assert page.evaluate("document.querySelector('img.structure').naturalWidth") > 0
    edit_and_compare(watched)
    page.click("#rank")
    page.wait_for_selector(".ranked")
    assert page.locator(".ranked li").count() == 4


def test_a_real_study_is_scored_explained_and_edited(watch, served, shared_dir):
    studies = json.loads((shared_dir / "ctgov" / "ctg-studies.json").read_text(encoding="utf-8"))
    chosen = next(one for one in studies if one["protocolSection"]["identificationModule"]["nctId"] == "NCT00576225")
    watched = opened(watch, served)
    page = watched.score(json.dumps(chosen))
    assert page.inner_text("#result-title").startswith("CT-2103/Carboplatin vs Paclitaxel")
    assert page.locator(".criteria .effect .points").count() == page.locator(".criteria .rows > li").count() > 10
    edit_and_compare(watched)
