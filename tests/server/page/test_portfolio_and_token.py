"""A portfolio from upload to download, and the token."""

from pathlib import Path

from cladmop.server.settings import Settings
from serving import running

TABLE = "nctid,criteria\n" + "".join(f"NCT950000{number},Age {number} or older\n" for number in range(10, 40))
FILE = {"name": "trials.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}


def upload(page, file=FILE):
    page.click("nav >> text=Portfolio")
    page.set_input_files("#batch-file", file)
    page.click("#batch-form button")


def test_a_portfolio_is_scored_and_downloaded(site):
    page = site.page
    upload(page)
    page.wait_for_selector("progress")
    page.wait_for_selector("#batch-csv")
    assert "30 trials scored" in page.inner_text("#batch-job")
    with page.expect_download() as caught:
        page.click("#batch-csv")
    assert caught.value.suggested_filename == "cladmop-portfolio.csv"
    assert Path(caught.value.path()).read_text(encoding="utf-8").startswith("nctid,")
    with page.expect_download() as caught:
        page.click("#batch-jsonl")
    assert caught.value.suggested_filename == "cladmop-portfolio.jsonl"


def test_a_portfolio_can_be_cancelled(site, knobs):
    knobs.slow = 1.0
    upload(site.page)
    with site.page.expect_request(lambda one: one.method == "DELETE"):
        site.page.click("#batch-job >> text=Cancel")
    site.page.wait_for_selector("#batch-job >> text=Cancelled")
    assert site.page.locator("#batch-csv").count() == 0


def test_a_wrong_or_missing_file_is_refused_beside_the_field(site):
    upload(site.page, {**FILE, "buffer": b"colour\nred\n"})
    site.page.wait_for_selector("#batch-error:not(:empty)")
    assert "unknown field 'colour'" in site.page.inner_text("#batch-error")
    site.page.reload()
    site.page.click("#batch-form button")
    assert "Choose a CSV" in site.page.inner_text("#batch-error")


def test_a_token_is_asked_for_and_kept_for_the_tab(watch, invented, knobs):
    token = "secret-of-the-tests"
    with running(invented, Settings(port=0, token=token)) as one:
        watched = watch(f"http://127.0.0.1:{one.port}/")
        page = watched.page
        page.goto(watched.base)
        page.wait_for_selector("#token[open]")
        page.fill("#token-value", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("#token-error:not(:empty)")
        assert "did not accept" in page.inner_text("#token-error")
        page.fill("#token-value", token)
        page.keyboard.press("Enter")
        page.wait_for_selector("#about h2")
        watched.score("Inclusion Criteria:\n\n* Age 18 or older")
        assert page.locator("#token").is_hidden()
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        page.reload()
        page.wait_for_selector("#about h2")
        page.evaluate("sessionStorage.clear()")
        page.fill("#box", "Age 18 or older")
        page.click("#trial-form button.main")
        page.wait_for_selector("#token[open]")
        page.keyboard.press("Escape")
        page.wait_for_selector("#box-error:not(:empty)")
        assert "asks for a token" in page.inner_text("#box-error")
        assert token not in "".join(watched.requests)
