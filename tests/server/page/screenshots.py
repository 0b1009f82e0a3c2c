"""Take docs/screenshots/{desktop,phone}.png of a real trial, scored by the shipped model.

Run ``python tests/server/page/screenshots.py STUDIES [NCT ID]``: STUDIES is a JSON file of ClinicalTrials.gov studies.
Needs a browser and the language model (`cladmop models get minilm`).
"""

import json
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "docs" / "screenshots"
SIZES = {"desktop": ((1280, 1440), "light"), "phone": ((375, 1500), "dark")}


def bring(page: Page, base: str, study: dict) -> None:
    """Score a study, take one criterion out, and wait for all that follows."""
    page.set_default_timeout(120_000)
    page.goto(base)
    page.wait_for_selector("#about h2")
    page.fill("#box", json.dumps(study))
    page.click("#trial-form button.main")
    page.wait_for_selector("#result:not([hidden]) .figure")
    page.wait_for_selector("#result .waiting", state="detached")
    page.get_by_label("largest first").check()
    page.locator('.rows [aria-label^="Remove exclusion"]').first.click()
    page.wait_for_selector(".change:not(.stale)")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.mouse.move(0, 0)


def take(base: str, study: dict) -> None:
    """Write one picture for each size."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = next(found for found in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if found)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, ((width, height), scheme) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            bring(page, base, study)
            page.screenshot(path=OUT / f"{name}.png")
        browser.close()


def main() -> None:
    """Serve the shipped model on a free port while the pictures are taken."""
    from cladmop.server.service import TrialService
    from cladmop.server.settings import Settings

    sys.path.insert(0, str(ROOT / "tests"))
    from serving import running

    studies = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    wanted = sys.argv[2] if len(sys.argv) > 2 else "NCT05693090"
    study = next(one for one in studies if one["protocolSection"]["identificationModule"]["nctId"] == wanted)
    started = time.monotonic()
    settings = Settings(port=0)
    with running(TrialService.open(settings), settings) as one:
        take(f"http://127.0.0.1:{one.port}/", study)
    sys.stdout.write(f"{OUT}: {', '.join(SIZES)} in {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
