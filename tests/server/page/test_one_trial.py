"""From a trial to its result, its edits and a file to keep, against a server with an invented model."""

import io
import json
import re
from pathlib import Path

import pytest

CRITERIA = """Inclusion Criteria:

* Age 18 years or older
* Life expectancy of at least 12 weeks

Exclusion Criteria:

* QTc interval longer than 470 ms
* Pregnancy
"""
STUDY = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT95000002", "briefTitle": "An invented study"},
        "statusModule": {"overallStatus": "TERMINATED", "whyStopped": "invented"},
        "designModule": {"phases": ["PHASE1"]},
        "conditionsModule": {"conditions": ["Gout"]},
        "armsInterventionsModule": {
            "interventions": [{"type": "DRUG", "name": "Metformin"}, {"type": "DRUG", "name": "XYZ-123"}]
        },
        "eligibilityModule": {"eligibilityCriteria": CRITERIA},
    }
}
HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'


def remove(page, name):
    page.click(f'[aria-label="Remove {name}"]')
    page.wait_for_selector(".change:not(.stale)")


def figures(page):
    return [text.replace("\u2212", "-") for text in page.locator(".criteria .points").all_inner_texts()]


def test_a_study_is_scored_explained_and_edited(site):
    page = site.score(json.dumps(STUDY))
    assert page.inner_text("h1#result-title") == "An invented study"
    assert re.search(r"^\d+%\s+probability of success", page.inner_text(".figure"))
    assert "base rate of phase I 57%" in page.inner_text(".figure")
    assert page.evaluate("document.activeElement.id") == "result-title"
    assert "cannot rule out either outcome at 90%. The model rules out failure at 80%" in page.inner_text(".readings")
    assert "Such sets held the outcome of 94% of 627 test trials (an invented test)." in page.inner_text(".readings")
    assert "calibration error 0.060 before calibration, 0.060 (0.050 to 0.100) after" in page.text_content("#about")
    assert "Non-commercial use only" in page.inner_text(".hero .note")
    assert "leans most on" in page.inner_text(".summary")
    assert page.locator(".criteria .rows > li").count() == 4
    assert "Unmapped" in page.inner_text(".card:has-text('XYZ-123')")
    assert "XDTMQSROBMDMFD-UHFFFAOYSA-N" in page.inner_text(".card:has-text('Metformin')")
    assert "chembl: GHASVSINZRGABV" in page.inner_text(".card:has-text('Metformin')")
    assert page.evaluate("document.querySelector('.structure').naturalWidth") > 0
    before = page.inner_text(".big")
    remove(page, "inclusion criterion 2")
    change = page.inner_text(".change")
    assert change.startswith(before)
    assert "removed: “Life expectancy of at least 12 weeks”" in change
    assert "Association, not cause" in change
    removed = page.locator(".rows > li.removed")
    assert removed.inner_text().replace("\n", " ").endswith("Undo")
    page.click('[aria-label="Undo inclusion criterion 2"]')
    page.wait_for_selector(".change", state="detached")
    assert page.locator(".rows > li.removed").count() == 0


def test_the_change_is_the_difference_of_the_two_scores(site):
    page = site.score(CRITERIA)
    remove(page, "exclusion criterion 1")
    points = float(re.search(r"[+\u2212][\d.]+(?= points)", page.inner_text(".change"))[0].replace("\u2212", "-"))
    after = page.inner_text(".from-to strong")
    page.click("#rescore")
    page.wait_for_selector(".change", state="detached")
    site.settle()
    assert page.inner_text(".big") == after
    assert page.locator(".criteria .rows > li").count() == 3
    assert abs(points) > 1


def test_every_kind_of_edit_reaches_the_server(site):
    page = site.score(json.dumps(STUDY))
    sent = []
    page.on("request", lambda one: sent.append(one.post_data_json) if one.url.endswith("/whatif") else None)

    def write(opener, label, text):
        page.click(opener)
        page.fill(f'[aria-label^="{label}"]', text)
        page.click(".line-form button.main")

    write('[aria-label="Edit inclusion criterion 1"]', "Text of inclusion", "Age 65 or older")
    write("[data-add=exclusion] button", "Text of new", "Anuria")
    page.wait_for_selector(".rows >> text=Anuria")
    write('[aria-label="Swap drug 2"]', "Name of drug", "aspirin")
    write("[data-add=diseases] button", "Name of new", "asthma")
    page.click('[aria-label="Remove drug 1"]')
    with page.expect_request(lambda one: one.url.endswith("/whatif") and "phase 3" in (one.post_data or "")):
        page.select_option("#phase", "phase 3")
    page.wait_for_selector(".change:not(.stale)")
    edited = sent[-1]["edited"]
    assert edited["inclusion"] == ["Age 65 or older", "Life expectancy of at least 12 weeks"]
    assert edited["exclusion"] == ["QTc interval longer than 470 ms", "Pregnancy", "Anuria"]
    assert [drug["name"] for drug in edited["drugs"]] == ["aspirin"]
    assert [disease["name"] for disease in edited["diseases"]] == ["Gout", "asthma"]
    assert edited["phase"] == "phase 3"
    assert sent[-1]["trial"]["inclusion"][0] == "Age 18 years or older"
    page.click("#reset")
    page.wait_for_selector(".change", state="detached")
    assert page.locator(".rows > .changed, .rows > .removed").count() == 0


def test_quick_edits_are_asked_for_once_and_older_answers_are_dropped(site, knobs):
    page = site.score(CRITERIA)
    asked = []
    page.on("request", lambda one: asked.append(one.post_data_json) if one.url.endswith("/whatif") else None)
    knobs.slow = 0.5
    page.click('[aria-label="Remove inclusion criterion 1"]')
    page.click('[aria-label="Remove inclusion criterion 2"]')
    page.wait_for_selector("#whatif .waiting:has-text('2 edits')")
    with page.expect_request("**/whatif"):
        pass
    page.click('[aria-label="Remove exclusion criterion 1"]')
    page.wait_for_selector(".change:not(.stale)")
    assert [len(one["edited"]["inclusion"] + one["edited"]["exclusion"]) for one in asked] == [2, 1]
    assert page.locator(".edits li").count() == 3


def test_largest_first_sorts_by_size_and_keeps_the_place(site):
    page = site.score(CRITERIA)
    written = figures(page)
    page.get_by_label("largest first").check()
    ordered = figures(page)
    assert ordered == sorted(written, key=lambda text: -abs(float(text)))
    assert page.locator(".criteria .place").first.inner_text().startswith(("incl.", "excl."))
    assert page.evaluate("document.activeElement.value") == "largest"
    page.get_by_label("as written").check()
    assert figures(page) == written


def test_removals_are_ranked_and_can_be_tried(site):
    page = site.score(CRITERIA)
    page.click("#rank")
    page.wait_for_selector(".ranked")
    points = [float(text.replace("\u2212", "-")) for text in page.locator(".ranked .points").all_inner_texts()]
    assert len(points) == 4
    assert points == sorted(points, reverse=True)
    assert "not a cause" in page.inner_text(".ranking .note")
    page.locator(".ranked button").first.click()
    page.wait_for_selector(".change:not(.stale)")
    change = float(page.inner_text(".change strong.up").removesuffix(" points"))
    assert change == pytest.approx(points[0], abs=0.051)
    assert page.locator(".ranked button").first.inner_text() == "Undo"
    assert page.evaluate("document.activeElement.id").startswith("try-")


def test_what_comes_in_never_takes_a_text_out_of_the_writers_hands(site, knobs):
    knobs.slow = 1.0
    page = site.page
    page.fill("#box", CRITERIA)
    page.click("#trial-form button.main")
    page.click('[aria-label="Edit inclusion criterion 1"]')
    page.fill(".line-form textarea", "half a sent")
    page.wait_for_selector(".summary .waiting", state="detached")
    assert page.input_value(".line-form textarea") == "half a sent"
    assert page.locator(".criteria .points").count() == 0
    page.keyboard.press("Escape")
    page.wait_for_selector(".criteria .points")
    assert figures(page)[0] == "0.0"


def test_the_whole_way_by_keyboard(site):
    page = site.page

    def tab_to(selector):
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
        pytest.fail(f"Tab never reaches {selector}")

    page.keyboard.press("Tab")
    assert page.inner_text(":focus") == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to("#box")
    page.keyboard.insert_text(CRITERIA)
    tab_to("#text-drugs")
    page.keyboard.type("aspirin")
    tab_to("#trial-form button.main")
    page.keyboard.press("Enter")
    site.settle()
    tab_to('[aria-label="Edit inclusion criterion 1"]')
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("Age 65 or older")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".change:not(.stale)")
    assert "Age 65 or older" in page.inner_text(".edits")
    assert page.inner_text(":focus") == "Undo"
    assert page.inner_text("#say").endswith("Association, not cause.")
    page.keyboard.press("Enter")
    page.wait_for_selector(".change", state="detached")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.get_attribute(":focus", "aria-label") == "Edit inclusion criterion 1"


def test_markup_in_any_text_is_only_text(site):
    trial = {
        "title": HOSTILE, "phase": "phase 1", "inclusion": [HOSTILE + "1"], "exclusion": [HOSTILE + "2"],
        "drugs": [HOSTILE + "3"], "diseases": [HOSTILE + "4"],
    }  # fmt: skip
    page = site.score(json.dumps(trial))
    page.click('[aria-label="Edit inclusion criterion 1"]')
    page.fill(".line-form textarea", HOSTILE + "5")
    page.click(".line-form button.main")
    page.wait_for_selector(".change:not(.stale)")
    page.click("#rank")
    page.wait_for_selector(".ranked")
    assert page.inner_text("#result-title") == HOSTILE
    for number in "2345":
        assert HOSTILE + number in page.inner_text("#result")
    assert page.locator("[src=x], #result script, [onerror]").count() == 0
    assert page.evaluate("window.harmed") is None
    assert "An <b>invented</b> past trial" in page.inner_text(".similar")
    with page.expect_download() as caught:
        page.click("#save-html")
    saved = Path(caught.value.path()).read_text(encoding="utf-8")
    assert "<script" not in saved
    assert "<img src=x" not in saved.replace("&lt;img", "")


def test_links_lead_to_the_registry_only(site):
    page = site.score(CRITERIA)
    links = page.locator(".similar a")
    assert links.count() == 6  # the seventh is javascript:
    for link in links.all():
        assert link.get_attribute("href").startswith("https://clinicaltrials.gov/study/NCT")
        assert link.get_attribute("rel") == "noopener noreferrer"
    assert "unknown" in page.inner_text(".rates tr:has-text('docetaxel')")
    assert "412 of 980" in page.inner_text(".rates tr:has-text('phase I')")


def test_what_the_model_does_not_know_is_flagged(site, knobs):
    knobs.outside, knobs.outcomes = True, ("failure",)
    page = site.score(json.dumps(STUDY))
    assert "Outside of what the model knows" in page.inner_text("#outside")
    assert "rules out success at 90%" in page.inner_text(".readings")
    assert "'XYZ-123' is not mapped" in page.inner_text(".caution:has-text('Note')")


def test_errors_stand_beside_the_box(site):
    wrong = [
        ("", "Paste a trial"),
        ("NCT123", "NCT and eight digits"),
        ("NCT95000404", "NCT95000404"),
        ('{"inclusion": ["a"', "not valid JSON"),
        ('[{"inclusion": ["a"]}, {"inclusion": ["b"]}]', "holds 2 trials"),
        ('{"inclusion": ["a"], "colour": "<b>red</b>"}', "unknown field 'colour'"),
        ("<study/>", "XML or HTML"),
    ]
    for text, sentence in wrong:
        site.page.fill("#box", text)
        assert site.page.inner_text("#box-error") == ""
        site.page.click("#trial-form button.main")
        site.page.wait_for_selector(f'#box-error:has-text("{sentence}")')
        assert site.page.locator("#result").is_hidden()
        site.page.wait_for_selector("#trial-form button.main:enabled")


def test_an_error_of_an_edit_stands_in_its_panel(site):
    page = site.score('{"inclusion": ["Age 18 or older"]}')
    page.click('[aria-label="Remove inclusion criterion 1"]')
    page.wait_for_selector("#whatif .error")
    assert "nothing to score" in page.inner_text("#whatif .error")
    page.click("#reset")
    page.wait_for_selector("#whatif .error", state="detached")


def test_a_number_is_looked_up_and_its_version_said(site):
    page = site.score("nct95000007")
    assert "2024-05-06" in page.inner_text(".hero")
    assert page.inner_text(".facts").startswith("NCT95000007")


def protocol():
    """A protocol in Word's format."""
    docx = pytest.importorskip("docx", reason="needs python-docx: pip install 'cladmop[documents]'")
    document = docx.Document()
    for style, text in (
        ("Heading 1", "5 Study population"), ("Heading 2", "5.1 Inclusion criteria"),
        ("List Bullet", "Age 18 years or older"), ("List Bullet", "A line that does not belong here"),
        ("Heading 2", "5.2 Exclusion criteria"), ("List Bullet", HOSTILE), ("Heading 1", "6 Statistics"),
    ):  # fmt: skip
        document.add_paragraph(text, style=style)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def test_a_document_is_confirmed_before_it_is_scored(site):
    page = site.page
    page.set_input_files("#file", {"name": "protocol.docx", "mimeType": "application/zip", "buffer": protocol()})
    page.wait_for_selector("#confirm:not([hidden])", timeout=30_000)  # a process of its own reads it
    assert "criteria found on" in page.inner_text("#confirm .caution")
    assert HOSTILE in page.inner_text("#confirm")
    assert not [url for url in site.requests if url.endswith("/predict")]
    page.click('[aria-label="Remove inclusion criterion 2"]')
    page.click("[data-add=drugs] button")
    page.fill('[aria-label="Name of new drug"]', "aspirin")
    page.click(".line-form button.main")
    page.select_option("#confirm-phase", "phase 2")
    with page.expect_request("**/predict") as caught:
        page.click("#confirm-score")
    sent = caught.value.post_data_json
    assert (sent["inclusion"], sent["phase"]) == (["Age 18 years or older"], "phase 2")
    assert [drug["name"] for drug in sent["drugs"]] == ["aspirin"]
    site.settle()
    page.click("#another")
    drop = """(element, text) => {
        const data = new DataTransfer();
        data.items.add(new File([text], "trial.json"));
        element.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    page.eval_on_selector("#drop", drop, '{"title": "Mine", "drugs": ["aspirin"]}')
    page.wait_for_selector("h1:text-is('Mine')")


def test_saved_files_hold_the_result_and_no_script(site, browser, tmp_path):
    page = site.score(json.dumps(STUDY))
    remove(page, "inclusion criterion 2")
    with page.expect_download() as caught:
        page.click("#save-html")
    assert caught.value.suggested_filename == "cladmop-NCT95000002.html"
    caught.value.save_as(tmp_path / "saved.html")
    other = browser.new_page(color_scheme="dark")
    complaints = []
    other.on("console", lambda message: complaints.append(message.text))
    other.goto((tmp_path / "saved.html").as_uri())
    assert other.inner_text(".big") == page.inner_text(".big")
    assert other.locator("script, button, input, select, textarea, form, link").count() == 0
    attributes = other.evaluate("[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())")
    assert not [name for name in attributes if name.startswith("on")]
    assert "Non-commercial use only" in other.inner_text("main")
    assert "removed: “Life expectancy" in other.inner_text(".edits")
    assert other.evaluate("document.querySelector('.structure').naturalWidth") > 0
    assert complaints == []
    other.close()
    with page.expect_download() as caught:
        page.click("#save-json")
    saved = json.loads(Path(caught.value.path()).read_text(encoding="utf-8"))
    assert saved["prediction"]["nctid"] == "NCT95000002"
    assert saved["whatif"]["change"]["points"] != 0
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#copy")
    page.wait_for_selector("#copy:text-is('Copied')")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["trial"] == saved["trial"]
