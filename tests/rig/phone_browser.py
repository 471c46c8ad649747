"""The phone's page in a real browser of a phone's size.

Fixtures: `browser` is Chromium, one for each module; `phone_browser` is it as a phone, on an empty page.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

NAME = "laptop.home"
"""Led to this device by the browser alone. As for a real phone, plain HTTP to it is no secure context."""
WIDTH, HEIGHT = 390, 844
DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium")


class PhoneBrowser:
    """The browser, as a phone."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)

    def find(self, name: str) -> WebElement:
        return self.driver.find_element(By.ID, name)

    def tap(self, element: WebElement) -> None:
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def sees(self, words: str, seconds: float = 10) -> None:
        WebDriverWait(self.driver, seconds, 0.02).until(lambda _: words in self.text(), f"{words!r}\n{self.text()}")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def tell(self, command: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, parameters)

    def kept(self) -> dict[str, str] | None:
        return json.loads(self.run("return localStorage.getItem('turntoward')") or "null")

    def open_all(self) -> None:
        self.run("for (const one of document.querySelectorAll('details')) { one.name = ''; one.open = true; }")

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def asked(self) -> list[dict[str, Any]]:
        """Return every request since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def photograph(self, path: Path) -> None:
        taken = self.tell("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(taken))


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """Run Chromium as long as the block lasts, with a new profile in this folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or "chromium"
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--lang=en",
        f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture(name="browser", scope="module")
def browser_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    if DRIVER is None or CHROMIUM is None:
        pytest.skip("missing: chromium, chromedriver")
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(name="phone_browser")
def phone_browser_fixture(browser: webdriver.Chrome) -> Iterator[PhoneBrowser]:
    browser.get("about:blank")
    shown = PhoneBrowser(browser)
    shown.tell("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=2, mobile=True)
    shown.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    shown.complaints()
    shown.asked()
    yield shown
    shown.tell("Emulation.setScriptExecutionDisabled", value=False)
