"""The reply page in a real browser, on a screen as small as a phone's, by keyboard and by touch."""

import json
import shutil

import pytest
from reply_client import Endpoint

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.actions.action_builder import ActionBuilder  # noqa: E402
from selenium.webdriver.common.actions.pointer_input import PointerInput  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="needs chromium and chromedriver")

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--lang=ja"]
TOUCH_LEAST = 44  # CSS pixels, as the makers of phones ask for


@pytest.fixture
def endpoint(tenko):
    tenko.configure(tenko={"organisation": "株式会社サンプル"})
    endpoint = Endpoint(tenko)
    endpoint.add_people(2)
    endpoint.add_broadcast((1, 2), title="11月21日 4時5分ごろの地震について", title_en="Earthquake at 4:05",
                           body="強い地震がありました。\nあなたの今の状況を知らせてください。",
                           items=[{"ja": "今いる場所", "en": "Where are you?"}])
    endpoint.start()
    endpoint.url = f"http://127.0.0.1:{endpoint.port}{endpoint.link()}"
    return endpoint


def open_browser(folder, width=360, height=640):
    options = Options()
    options.binary_location = CHROMIUM
    for flag in FLAGS + [f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.add_experimental_option("mobileEmulation", {
        "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0, "touch": True}})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser = webdriver.Chrome(service=Service(DRIVER), options=options)
    browser.set_page_load_timeout(30)
    return browser


@pytest.fixture
def browser(bare):
    browser = open_browser(bare.root / "chromium")
    yield browser
    browser.quit()


def requests_of(browser):
    """The addresses that the browser asked the network for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages
            if m["method"] == "Network.requestWillBeSent"
            and m["params"]["request"]["url"].startswith("http")]


def touch(browser, element):
    """A finger on the middle of it, wherever it is on the page."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    finger = PointerInput("touch", "finger")
    actions = ActionBuilder(browser, mouse=finger)
    actions.pointer_action.move_to(element).pointer_down().pointer_up()
    actions.perform()


def heading(browser):
    return browser.find_element(By.TAG_NAME, "h1").text


def wait_for_record(browser):
    browser.implicitly_wait(10)
    return browser.find_element(By.CSS_SELECTOR, "div[role=status]").text


def test_answered_by_keyboard(endpoint, browser):
    browser.get(endpoint.url)
    assert heading(browser) == "11月21日 4時5分ごろの地震について"
    keys = webdriver.ActionChains(browser)
    keys.send_keys(Keys.TAB, Keys.TAB)  # past the way to the other language, to the choices
    keys.send_keys(Keys.SPACE, Keys.ARROW_DOWN)
    keys.send_keys(Keys.TAB, "駅", Keys.TAB, "足を切りました", Keys.TAB, Keys.ENTER)
    keys.perform()
    shown = wait_for_record(browser)
    assert "回答を受け付けました" in shown and "軽傷です" in shown and "足を切りました" in shown
    reply, = endpoint.replies()
    assert (reply["choice"], reply["items"], reply["comment"]) == ("slight", '["駅"]', "足を切りました")


def test_answered_by_touch_in_two_taps_and_changed(endpoint, browser):
    browser.get(endpoint.url)
    touch(browser, browser.find_elements(By.CSS_SELECTOR, "label.c")[0])
    send = browser.find_element(By.TAG_NAME, "button")
    box = browser.execute_script("return arguments[0].getBoundingClientRect().toJSON()", send)
    assert box["top"] >= 0 and box["bottom"] <= 640  # in sight without scrolling
    touch(browser, send)
    assert "無事です" in wait_for_record(browser)
    touch(browser, browser.find_element(By.LINK_TEXT, "回答を変える"))
    assert "に回答を受け付けました" in browser.find_element(By.CSS_SELECTOR, "p[role=status]").text
    checked = browser.find_element(By.CSS_SELECTOR, "input:checked")
    assert checked.get_attribute("value") == "safe"
    touch(browser, browser.find_elements(By.CSS_SELECTOR, "label.c")[2])
    touch(browser, browser.find_element(By.TAG_NAME, "button"))
    assert "重傷です" in wait_for_record(browser)
    assert [r["choice"] for r in endpoint.replies()] == ["safe", "severe"]


def test_nothing_chosen_is_caught_by_the_browser(endpoint, browser):
    browser.get(endpoint.url)
    touch(browser, browser.find_element(By.TAG_NAME, "button"))
    assert browser.find_elements(By.TAG_NAME, "form")
    assert endpoint.replies() == []


def test_the_page_is_all_there_is_to_load(endpoint, browser):
    requests_of(browser)
    browser.get(endpoint.url)
    assert requests_of(browser) == [endpoint.url]
    assert browser.execute_script("return document.scripts.length") == 0
    browser.find_element(By.CSS_SELECTOR, "label.c").click()
    browser.find_element(By.TAG_NAME, "textarea").send_keys("1行目\n2行目")
    browser.find_element(By.TAG_NAME, "button").click()
    wait_for_record(browser)
    assert endpoint.replies()[0]["comment"] == "1行目\n2行目"
    assert requests_of(browser) == [endpoint.url]
    assert browser.get_cookies() == []
    assert browser.get_log("browser") == []  # nothing that the content policy had to stop


def test_the_language_is_switched(endpoint, browser):
    browser.get(endpoint.url)
    touch(browser, browser.find_element(By.LINK_TEXT, "English"))
    assert heading(browser) == "Earthquake at 4:05"
    touch(browser, browser.find_elements(By.CSS_SELECTOR, "label.c")[3])
    touch(browser, browser.find_element(By.TAG_NAME, "button"))
    assert "Your answer is recorded" in wait_for_record(browser)
    touch(browser, browser.find_element(By.LINK_TEXT, "日本語"))
    assert heading(browser) == "11月21日 4時5分ごろの地震について"


@pytest.mark.parametrize("width, height", [(320, 480), (360, 640), (1280, 800)])
def test_the_page_suits_the_screen(endpoint, bare, width, height):
    browser = open_browser(bare.root / "chromium", width, height)
    try:
        browser.get(endpoint.url)
        measure = browser.execute_script("""
            const size = e => e.getBoundingClientRect();
            return {
                across: document.documentElement.scrollWidth - innerWidth,
                font: parseFloat(getComputedStyle(document.body).fontSize),
                targets: [...document.querySelectorAll('label.c, .t input, textarea, button, a')]
                    .map(e => Math.min(size(e).width, size(e).height)),
            }""")
        assert measure["across"] <= 0
        assert measure["font"] >= 18
        assert min(measure["targets"]) >= TOUCH_LEAST
    finally:
        browser.quit()


def test_it_is_dark_where_the_phone_is(endpoint, browser):
    def lightness():
        return browser.execute_script("""
            const context = document.createElement('canvas').getContext('2d');
            const light = colour => { context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
                const [r, g, b] = context.getImageData(0, 0, 1, 1).data; return (r + g + b) / 3; };
            return [light('Canvas'), light(getComputedStyle(document.body).color)].map(Math.round)""")

    browser.get(endpoint.url)
    assert lightness() == [255, 0]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    assert browser.execute_script("return getComputedStyle(document.body).color") == "rgb(255, 255, 255)"


def test_the_link_works_in_a_very_long_message(tenko, browser):
    endpoint = Endpoint(tenko)
    endpoint.add_people()
    endpoint.add_broadcast(title="長い題" * 60, body="改行の\nある本文。" * 3000)
    endpoint.start()
    browser.get(f"http://127.0.0.1:{endpoint.port}{endpoint.link()}")
    assert "続きはメールをご覧ください" in browser.find_element(By.CSS_SELECTOR, "p.b").text
    touch(browser, browser.find_element(By.CSS_SELECTOR, "label.c"))
    touch(browser, browser.find_element(By.TAG_NAME, "button"))
    assert "無事です" in wait_for_record(browser)
