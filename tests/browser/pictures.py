"""The pictures of the README, taken of the demo: `python -m tests.browser.pictures [FOLDER]`.

It needs the extra `e2e` and Chromium, as the tests here do. The demo's sample lists are invented.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from app.config import PROJECT_ROOT
from tests.browser.conftest import served

FOLDER = PROJECT_ROOT / "docs" / "pictures"
SAMPLE = PROJECT_ROOT / "app" / "demo" / "people.csv"
WIDTH, HEIGHT = 1100, 720
COLOURS = 128
"""Of the palette: a page has few, and the file is a third of what it would be in all of them."""
PATIENCE_MS = 300_000
PEOPLE_SEARCHED = 15


class Photographer:
    """Goes to a page that is worth a picture, and takes it."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page = page
        self.folder = folder

    def take(self, name: str) -> None:
        """Save what is seen as a PNG with a palette."""
        self.page.wait_for_load_state()
        whole = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        path = self.folder / f"{name}.png"
        whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path}: {path.stat().st_size // 1000} kB")

    def job(self) -> str:
        """Take a job of which a third is decided, and return its path."""
        self.page.goto("/console")
        path = str(self.page.get_by_role("link", name="people").first.get_attribute("href"))
        self.page.goto(path)
        decided = "() => parseFloat(document.querySelector('#progress').innerText) >= 33"
        self.page.wait_for_function(decided, timeout=PATIENCE_MS)
        self.take("job")
        return path

    def overview(self) -> None:
        """Take what is under way."""
        self.page.goto("/console")
        self.take("overview")

    def check(self) -> None:
        """Take what is said of a file before anything of it is written."""
        self.page.goto("/console/import?type=person")
        self.page.set_input_files('input[name="file"]', SAMPLE)
        self.page.click("#check")
        self.page.wait_for_selector("#run")
        self.take("import")

    def estimate(self) -> None:
        """Take the price of a job that is not made."""
        self.page.goto("/console/new?type=person&missing=email&limit=200&provider=waterfall")
        self.page.wait_for_selector("#cap")
        self.take("estimate")

    def gains(self, job: str) -> None:
        """Take what the providers gave for a job, once it has ended."""
        self.page.goto(job)
        self.page.wait_for_selector("#job .status.complete", timeout=PATIENCE_MS)
        self.page.goto(f"{job}/yield")
        self.take("yield")

    def receipt(self) -> None:
        """Take the first person of a page for whom something was paid."""
        self.page.goto("/console/people")
        links = self.page.locator("table.rows tbody a").all()[:PEOPLE_SEARCHED]
        for path in [str(link.get_attribute("href")) for link in links]:
            self.page.goto(path)
            if "Receipt: $0.00" not in self.page.inner_text("#receipt"):
                break
        self.page.evaluate("document.querySelector('#receipt').closest('section').scrollIntoView()")
        self.take("receipt")


def main(folder: Path) -> None:
    """Serve the demo, and take its pictures."""
    with tempfile.TemporaryDirectory() as where, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with served("demo", "--console", "--database", str(Path(where) / "demo.db")) as link:
            size: Any = {"width": WIDTH, "height": HEIGHT}
            page = browser.new_page(viewport=size, base_url=link.partition("/console/")[0])
            page.goto(link)
            page.click("button.primary")
            photographer = Photographer(page, folder)
            job = photographer.job()
            photographer.overview()
            photographer.check()
            photographer.estimate()
            photographer.gains(job)
            photographer.receipt()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
