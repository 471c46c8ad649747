"""The phone's page in a real browser of a phone's size, against the real phone API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from detector.phone_api.model import PhoneOverview
from detector.phone_api.payload import parse_phone_event
from rules.features import CATEGORIES
from tests.rig.phone_api_thread import CODE, RecordingGateway, RunningPhoneApi, digest
from tests.rig.phone_browser import NAME, WIDTH
from tests.rig.phone_browser import PhoneBrowser as Phone

FINGER = 44
"""How many CSS pixels a finger needs."""


@pytest.fixture
def phone(phone_browser: Phone) -> Phone:
    return phone_browser


@pytest.fixture
def gateway() -> RecordingGateway:
    return RecordingGateway()


@pytest.fixture
def api(gateway: RecordingGateway) -> Iterator[RunningPhoneApi]:
    with RunningPhoneApi(gateway, host=NAME) as opened:
        yield opened


@pytest.fixture
def paired(phone: Phone, api: RunningPhoneApi) -> Phone:
    phone.open(f"{api.url}/pair/{CODE}")
    phone.tap(phone.find("pair-button"))
    phone.sees("This phone is paired")
    return phone


def values(phone: Phone) -> list[WebElement]:
    return phone.driver.find_elements(By.CSS_SELECTOR, ".value")


def copied(phone: Phone) -> str:
    """Return what is in the clipboard, by pasting it."""
    phone.run(
        "const field = document.createElement('textarea'); field.id = 'pasted'; document.body.append(field);"
        "field.scrollIntoView(); field.focus()"
    )
    field = phone.find("pasted")
    field.send_keys(Keys.CONTROL, "v")
    text = field.get_property("value")
    phone.run("document.getElementById('pasted').remove()")
    return str(text)


def test_the_pairing_page_says_first_what_is_reported_and_what_never(
    phone: Phone, api: RunningPhoneApi, gateway: RecordingGateway
) -> None:
    phone.open(f"{api.url}/pair/{CODE}")
    phone.sees("Pair this phone")
    words = phone.text()
    for told in (
        "one of the apps you choose was opened or closed",
        "screen went on or off",
        "unlocked",
        "put the phone away",
    ):
        assert told in words
    for never in ("no content, no messages, no titles", "where you are, what you type"):
        assert never in words
    assert "during partner time only" in words
    assert gateway.known[0].code is not None, "a link that is only looked at is not used up"
    assert [asked for asked in phone.asked() if asked["method"] != "GET"] == []


def test_it_is_paired_with_a_tap_and_the_code_is_gone(
    paired: Phone, api: RunningPhoneApi, gateway: RecordingGateway
) -> None:
    kept = paired.kept()
    assert kept is not None
    assert gateway.known[0].token == digest(kept["token"])
    assert paired.driver.current_url == f"{api.url}/phone"
    assert CODE not in paired.run("return document.documentElement.outerHTML + JSON.stringify(localStorage)")
    assert "Your laptop calls it “my phone”." in paired.text()
    paired.driver.refresh()
    paired.sees("This phone is paired")


def test_nothing_goes_to_another_host_and_the_token_is_in_no_address(paired: Phone, api: RunningPhoneApi) -> None:
    paired.open_all()
    for name in ("test-button", "away-button"):
        paired.tap(paired.find(name))
    paired.sees("It works")
    paired.sees("put away")
    kept = paired.kept()
    assert kept is not None
    asked = paired.asked()
    assert len(asked) >= 6
    elsewhere = {urlsplit(each["url"]).netloc for each in asked if not each["url"].startswith("data:")}
    assert elsewhere == {urlsplit(api.url).netloc}
    assert [each["url"] for each in asked if kept["token"] in each["url"]] == []
    assert [each for each in asked if "Referer" in each["headers"] and CODE in each["headers"]["Referer"]] == []
    assert paired.complaints() == []


@pytest.mark.parametrize("spoiled", ["used", "expired", "never"])
def test_a_used_link_says_so_and_what_to_do(
    phone: Phone, api: RunningPhoneApi, gateway: RecordingGateway, spoiled: str
) -> None:
    if spoiled == "used":
        gateway.use_pairing_code(digest(CODE), digest("somebody was faster"))
    else:
        gateway.known.clear()
    phone.open(f"{api.url}/pair/{CODE}")
    phone.tap(phone.find("pair-button"))
    phone.sees("This link was used already, or its five minutes are over.")
    phone.sees("turntoward phone pair")
    assert not phone.find("pair-button").is_displayed()
    assert phone.kept() is None


def test_the_connection_can_be_tested(paired: Phone, gateway: RecordingGateway) -> None:
    paired.tap(paired.find("test-button"))
    paired.sees("It works: your laptop hears this phone.")
    assert gateway.tests == 1


def test_partner_time_can_be_started_extended_and_stopped(paired: Phone, gateway: RecordingGateway) -> None:
    wanted = [
        ("30 min", "Asked for 30 min from now"),
        ("60 min", "Asked for 60 min from now"),
        ("90 min", "Asked for 90 min from now"),
        ("30 min longer", "Asked for 30 min more"),
        ("Stop", "Asked to stop"),
    ]
    buttons = {button.text: button for button in paired.driver.find_elements(By.CSS_SELECTOR, "[data-do]")}
    assert list(buttons) == [label for label, _ in wanted]
    for label, said in wanted:
        paired.tap(buttons[label])
        paired.sees(said)
    assert gateway.changes == [
        ("start", timedelta(minutes=30)),
        ("start", timedelta(minutes=60)),
        ("start", timedelta(minutes=90)),
        ("extend", timedelta(minutes=30)),
        ("stop", timedelta()),
    ]


def test_the_phone_can_be_put_away(paired: Phone, gateway: RecordingGateway) -> None:
    paired.tap(paired.find("away-button"))
    paired.sees("Your laptop was told that the phone is put away.")
    assert [told.event for told in gateway.events] == ["put_away"]


def test_a_phone_that_was_removed_on_the_laptop_forgets_its_token(paired: Phone, gateway: RecordingGateway) -> None:
    gateway.known.clear()
    paired.tap(paired.find("away-button"))
    paired.sees("Your laptop does not know this phone any more.")
    assert paired.kept() is None
    assert not paired.find("paired").is_displayed()
    assert paired.run("return document.activeElement.id") == "unpaired-title"


def test_it_can_be_removed_here(paired: Phone, api: RunningPhoneApi, gateway: RecordingGateway) -> None:
    kept = paired.kept()
    assert kept is not None
    paired.tap(paired.find("leave").find_element(By.TAG_NAME, "summary"))
    paired.tap(paired.find("remove-button"))
    paired.sees("It is removed, here and at your laptop.")
    assert gateway.known == []
    assert paired.kept() is None
    assert kept["token"] not in paired.run("return document.documentElement.outerHTML + location.href")
    paired.open(f"{api.url}/phone")
    paired.sees("This phone is not paired")


def test_without_a_response_it_says_so_and_stays_paired(paired: Phone, api: RunningPhoneApi) -> None:
    api.shut()
    paired.tap(paired.find("test-button"))
    paired.sees("Your laptop did not answer. Is it awake")
    assert paired.kept() is not None
    assert paired.find("test-button").is_enabled()


def test_every_value_can_be_copied_over_plain_http(paired: Phone, api: RunningPhoneApi) -> None:
    assert paired.run("return isSecureContext") is False
    paired.open_all()
    kept = paired.kept()
    assert kept is not None
    shown = values(paired)
    assert len(shown) > 20
    seen = set()
    for value in shown:
        text = value.find_element(By.TAG_NAME, "code").get_property("textContent")
        if text in seen:
            continue
        seen.add(text)
        paired.tap(value.find_element(By.TAG_NAME, "button"))
        WebDriverWait(paired.driver, 5, 0.02).until(lambda _, place=value: "Copied" in place.text)
        assert copied(paired) == text
    assert {f"{api.url}/v1/phone", f"Bearer {kept['token']}"} <= seen
    assert paired.driver.find_elements(By.CLASS_NAME, "copying") == []


def test_a_value_can_be_copied_where_the_browser_trusts_the_connection(phone: Phone, gateway: RecordingGateway) -> None:
    with RunningPhoneApi(gateway) as api:
        phone.open(f"{api.url}/pair/{CODE}")
        phone.tap(phone.find("pair-button"))
        phone.sees("This phone is paired")
        assert phone.run("return isSecureContext") is True
        # The old way is taken away, so that only the new one is left.
        phone.run("document.execCommand = () => false")
        phone.open_all()
        phone.tap(values(phone)[0].find_element(By.TAG_NAME, "button"))
        WebDriverWait(phone.driver, 5, 0.02).until(lambda _: "Copied" in values(phone)[0].text)
        assert copied(phone) == f"{api.url}/v1/phone"


def test_where_nothing_can_be_copied_the_value_is_selected(paired: Phone) -> None:
    paired.run("document.execCommand = () => false")
    paired.open_all()
    value = values(paired)[0]
    paired.tap(value.find_element(By.TAG_NAME, "button"))
    WebDriverWait(paired.driver, 5, 0.02).until(lambda _: "Selected" in value.text)
    assert paired.run("return String(getSelection())") == value.find_element(By.TAG_NAME, "code").text


def test_every_body_in_the_guides_can_be_parsed(paired: Phone) -> None:
    choice = Select(paired.find("category"))
    offered = [option.get_attribute("value") for option in choice.options]
    assert set(offered) <= set(CATEGORIES)
    taken = set()
    for category in offered:
        choice.select_by_value(category)
        texts = paired.run("return [...document.querySelectorAll('.value code')].map((one) => one.textContent)")
        for body in [text for text in texts if text.startswith("{")]:
            told = parse_phone_event(body.replace("[app_package]", "com.instagram.android").encode(), datetime.now(UTC))
            assert told.category in {None, category}
            taken.add(told.event)
        assert category in texts
        assert [text for text in texts if re.search(r"\{\w+\}", text)] == [], "a place that was not filled"
    assert taken == {"app_open", "app_close", "screen_on", "screen_off", "unlock", "put_away", "notified"}


def test_an_icon_on_the_home_screen_brings_the_token_along(paired: Phone, api: RunningPhoneApi) -> None:
    kept = paired.kept()
    assert kept is not None
    summary = paired.find("home").find_element(By.TAG_NAME, "summary")
    paired.tap(summary)
    WebDriverWait(paired.driver, 5, 0.02).until(lambda browser: "#token=" in browser.current_url)
    icon = paired.driver.current_url
    paired.tap(summary)
    WebDriverWait(paired.driver, 5, 0.02).until(lambda browser: browser.current_url == f"{api.url}/phone")
    paired.run("localStorage.clear()")
    paired.open("about:blank")
    paired.open(icon)
    paired.sees("Your laptop calls it “my phone”.")
    assert paired.driver.current_url == f"{api.url}/phone"
    assert paired.kept() == kept


def test_a_link_never_takes_the_place_of_a_paired_phone_without_asking(paired: Phone, api: RunningPhoneApi) -> None:
    kept = paired.kept()
    link = f"{api.url}/phone#token=a-token-of-somebody-else&name=other"
    paired.open("about:blank")
    paired.open(link)
    paired.sees("This phone is paired already")
    assert "It is “my phone” here. The link that was opened is of “other”" in paired.text()
    assert paired.driver.current_url == f"{api.url}/phone"
    assert paired.kept() == kept
    paired.tap(paired.find("keep-button"))
    paired.sees("Your laptop calls it “my phone”.")
    assert paired.kept() == kept
    paired.driver.refresh()
    paired.sees("Your laptop calls it “my phone”.")
    paired.open("about:blank")
    paired.open(link)
    paired.sees("This phone is paired already")
    paired.run("fetch = () => new Promise(() => {})")
    paired.tap(paired.find("replace-button"))
    paired.sees("Your laptop calls it “other”.")
    assert paired.kept() == {"token": "a-token-of-somebody-else", "name": "other"}


def test_the_pairing_page_says_that_the_phone_is_paired_already(paired: Phone, api: RunningPhoneApi) -> None:
    paired.open(f"{api.url}/pair/{CODE}")
    paired.sees("This phone is paired already, as “my phone”.")


def test_it_shows_how_often_the_phone_was_heard_and_for_which_hours_and_ends_partner_time(
    phone: Phone, api: RunningPhoneApi, gateway: RecordingGateway
) -> None:
    now = datetime.now(UTC)
    hours = tuple((now + timedelta(days=day, hours=-1), now + timedelta(days=day, hours=1)) for day in range(3))
    gateway.told = PhoneOverview(heard_today=12, hours=hours)
    phone.open(f"{api.url}/pair/{CODE}")
    phone.tap(phone.find("pair-button"))
    phone.sees("Today it was heard 12 times.")
    phone.sees("Partner time is declared for:")
    assert len(phone.find("heard-hours").find_elements(By.TAG_NAME, "li")) == 3
    phone.sees("You did not set this up?")
    gateway.told = PhoneOverview(heard_today=12, hours=hours[1:])
    phone.tap(phone.find("end-button"))
    phone.sees("Partner time is over.")
    assert gateway.changes == [("stop", timedelta())]
    WebDriverWait(phone.driver, 10, 0.02).until(lambda _: not phone.find("end-button").is_displayed())
    assert len(phone.find("heard-hours").find_elements(By.TAG_NAME, "li")) == 2


def test_somebody_who_found_the_address_in_an_automation_is_told_what_it_is_and_can_end_it(
    phone: Phone, api: RunningPhoneApi, gateway: RecordingGateway
) -> None:
    gateway.use_pairing_code(digest(CODE), digest("the-token-in-the-automation"))
    gateway.told = PhoneOverview(heard_today=1, hours=((datetime.now(UTC), datetime.now(UTC) + timedelta(hours=9)),))
    phone.open(f"{api.url}/v1/phone")
    phone.sees("Did you find this address on your phone?")
    phone.sees("Turntoward is a program on a laptop in this network.")
    phone.find("found-token").send_keys("Authorization: x")
    phone.tap(phone.find("found-button"))
    phone.sees("This is not what stands after Bearer")
    phone.find("found-token").clear()
    phone.find("found-token").send_keys("Bearer the-token-in-the-automation ")
    phone.tap(phone.find("found-button"))
    phone.sees("Today it was heard once.")
    phone.tap(phone.find("end-button"))
    phone.sees("Partner time is over.")
    assert gateway.changes == [("stop", timedelta())]


def test_a_browser_without_storage_says_so_and_goes_on(
    phone: Phone, api: RunningPhoneApi, gateway: RecordingGateway
) -> None:
    script = phone.tell(
        "Page.addScriptToEvaluateOnNewDocument",
        source="Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})",
    )
    try:
        phone.open(f"{api.url}/pair/{CODE}")
        phone.tap(phone.find("pair-button"))
        phone.sees("This browser keeps nothing")
        phone.tap(phone.find("test-button"))
        phone.sees("It works")
        assert gateway.tests == 1
    finally:
        phone.tell("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])


def test_a_name_is_shown_as_text(phone: Phone) -> None:
    name = "<img src=x onerror=document.title=1>"
    with RunningPhoneApi(RecordingGateway(name), host=NAME) as api:
        phone.open(f"{api.url}/pair/{CODE}")
        phone.tap(phone.find("pair-button"))
        phone.sees(f"Your laptop calls it “{name}”.")
        assert phone.driver.title == "Turntoward"


def test_without_javascript_it_says_what_is_needed(phone: Phone, api: RunningPhoneApi) -> None:
    phone.tell("Emulation.setScriptExecutionDisabled", value=True)
    phone.open(f"{api.url}/pair/{CODE}")
    assert "This page needs JavaScript" in phone.text()
    assert "Pair this phone" not in phone.text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_a_finger_in_light_and_in_dark(paired: Phone, tmp_path: Path, scheme: str) -> None:
    paired.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    paired.open_all()
    wide = paired.run("return [innerWidth, document.documentElement.scrollWidth]")
    assert wide == [WIDTH, WIDTH]
    small = paired.run(
        "return [...document.querySelectorAll('button, select, summary, input')].filter((one) => one.checkVisibility())"
        ".map((one) => [one.textContent, one.getBoundingClientRect().height]).filter(([, height]) => height < arguments[0])",
        FINGER,
    )
    assert small == []
    faint = paired.run(CONTRAST)
    assert faint["measured"] > 100
    assert faint["faint"] == []
    paired.photograph(tmp_path / f"{scheme}.png")
    assert (tmp_path / f"{scheme}.png").stat().st_size > 20_000


def test_every_button_has_a_name_for_screen_readers(paired: Phone) -> None:
    paired.open_all()
    tree = paired.tell("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "combobox", "region", "heading"}
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node.get("ignored") and node.get("role", {}).get("value") in roles
    ]
    assert len([role for role, _ in named if role == "button"]) > 20
    assert [role for role, name in named if not name.strip()] == []
    assert paired.run("return document.documentElement.lang") == "en"


def test_the_page_has_no_exclamation_marks() -> None:
    page = Path(__file__).parents[2] / "detector" / "phone_api" / "page"
    words = re.sub(r"<!doctype html>", "", (page / "phone.html").read_text())
    assert "!" not in words
    output = re.findall(r'"([^"\n]*)"|`([^`\n]*)`', (page / "phone.js").read_text())
    assert [text for pair in output for text in pair if "!" in text] == []
    assert re.findall(r"https?://", words + (page / "phone.js").read_text() + (page / "phone.css").read_text()) == []


CONTRAST = """
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([red, green, blue]) => [red, green, blue]
  .map((one) => (one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
  .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
const behind = (one) => {
  for (; one; one = one.parentElement) {
    const colour = parse(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const faint = []; let measured = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const holder = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !holder.checkVisibility()) continue;
  measured += 1;
  const [a, b] = [light(parse(getComputedStyle(holder).color)), light(behind(holder))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) faint.push([walker.currentNode.textContent.trim(), (a + 0.05) / (b + 0.05)]);
}
return {faint, measured};
"""
