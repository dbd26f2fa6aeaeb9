"""The two ways to use a page: by mouse, and by keyboard alone. What each can do is the same."""

from pathlib import Path
from typing import Any

MOST_TABS = 200


class Mouse:
    """Clicks on what it wants."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def go(self, label: str) -> None:
        """Go to a screen of the menu."""
        self.page.click(f'nav[aria-label="Screens"] a:text-is("{label}")')

    def press(self, selector: str) -> None:
        """Press a button, or follow a link."""
        self.page.locator(selector).first.click()

    def choose(self, selector: str, value: str) -> None:
        """Choose an option by its text."""
        self.page.locator(selector).first.select_option(label=value)

    def write(self, selector: str, text: str) -> None:
        """Put a text into a field."""
        self.page.fill(selector, text)

    def attach(self, selector: str, file: Path) -> None:
        """Choose a file."""
        with self.page.expect_file_chooser() as chooser:
            self.page.click(selector)
        chooser.value.set_files(file)


class Keyboard(Mouse):
    """Touches nothing but keys: whatever cannot be reached by Tab is not there for it."""

    def go(self, label: str) -> None:
        """Go to a screen by its two keys."""
        self.page.evaluate("document.activeElement.blur()")
        self.page.keyboard.press("g")
        with self.page.expect_navigation():
            self.page.keyboard.press(label[0].lower())

    def press(self, selector: str) -> None:
        """Press it with Enter."""
        self._reach(selector)
        self.page.keyboard.press("Enter")

    def choose(self, selector: str, value: str) -> None:
        """Type the beginning of the option."""
        self._reach(selector)
        self.page.keyboard.type(value)

    def write(self, selector: str, text: str) -> None:
        """Type in place of what stands there."""
        self._reach(selector)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def attach(self, selector: str, file: Path) -> None:
        """Open the dialog by the space bar."""
        # Expected well before, as the browser is told by a message of its own that no dialog is to open.
        with self.page.expect_file_chooser() as chooser:
            self._reach(selector)
            self.page.keyboard.press("Space")
        chooser.value.set_files(file)

    def _reach(self, selector: str) -> None:
        self.page.wait_for_selector(selector)
        # What a page that still loads is told by keys may be lost.
        self.page.wait_for_load_state()
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"expected Tab to lead to {selector}")
