"""The scripts of the reply page in a real browser: the offer, the subscription, the notification that
the service worker shows, and what a tap on it opens.

The one thing that is not the browser's own is its push service, which is on the Internet: the
subscription is one of our double's, and what the double decrypts is put into the browser by the
DevTools."""

import json

import pytest
from crowd import token
from devtools import CHROMIUM, Chromium
from harness import wait_for
from push_double import PushDouble
from test_push import BY_PUSH, Town, contact_row

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium")

SUBSCRIBE = """
    PushManager.prototype.subscribe = async function (wanted) {
        window.wanted = {visible: wanted.userVisibleOnly, key: wanted.applicationServerKey};
        return {toJSON: () => (%s)};
    }"""
NOTIFICATIONS = """navigator.serviceWorker.ready.then(r => r.getNotifications()).then(list =>
    list.map(n => ({title: n.title, body: n.body, tag: n.tag, lang: n.lang, url: n.data.url})))"""
# A tap: openWindow() itself is for the browser's own events only.
TAP = """(async () => {
    const opened = [];
    self.clients.openWindow = async url => opened.push(url);
    const [notification] = await self.registration.getNotifications();
    const event = new NotificationEvent('notificationclick', {notification});
    const done = [];
    event.waitUntil = promise => done.push(promise);
    self.dispatchEvent(event);
    await Promise.all(done);
    return opened;
})()"""


@pytest.fixture
def town(tenko):
    with PushDouble() as service:
        town = Town(tenko, service)
        town.people(contact_row(1, "", 1))
        town.start("tenko-reply")
        town.origin = f"http://127.0.0.1:{tenko.reply_port()}"
        tenko.configure(reply={"base_url": town.origin})
        town.start("tenko-scheduler", "tenko-push")
        town.invite()
        yield town
        town.sink.stop()
        assert service.faults == []


@pytest.fixture
def browser(bare):
    with Chromium(bare.root / "chromium") as browser:
        yield browser


def open_page(browser, town, permission="granted", script=None):
    page = browser.page()
    browser.call("Browser.setPermission", permission={"name": "notifications"}, setting=permission,
                 origin=town.origin)
    page.call("Page.enable")
    if script:
        page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
    page.call("Page.navigate", url=f"{town.origin}/r/{token(town.tenko, town.invitation, 1)}")
    wait_for(lambda: page.evaluate("document.readyState") == "complete")
    return page


def is_offered(page):
    return page.evaluate("!document.getElementById('push').hidden")


def test_from_the_offer_to_the_tap(town, browser):
    phone = town.service.subscribe()
    page = open_page(browser, town, script=SUBSCRIBE % json.dumps(phone.subscription))
    assert is_offered(page)
    page.call("ServiceWorker.enable")
    page.evaluate("document.querySelector('#push button').click()", gesture=True)
    said = wait_for(lambda: page.evaluate("document.querySelector('#push [role=status]').textContent"))
    assert said == "次からこの電話に通知が届きます。"
    wanted = page.evaluate("window.wanted")
    device, = town.devices(1)
    assert device["kind"] == "webpush" and wanted["visible"]

    number = town.ask(title="地震 <&> 𠮷")
    message, = wait_for(phone.messages)
    assert town.service.public_key == wanted["key"]
    registration = next(r["registrationId"] for event in browser.events
                        if event["method"] == "ServiceWorker.workerRegistrationUpdated"
                        for r in event["params"]["registrations"])

    def deliver():
        page.call("ServiceWorker.deliverPushMessage", origin=town.origin,
                  registrationId=registration, data=json.dumps(message))
        return page.evaluate(NOTIFICATIONS)

    wait_for(deliver)  # again and again, as the tool tells nobody that no worker was ready
    shown = deliver()  # what comes later takes the place of what came before
    link = f"{town.origin}/r/{token(town.tenko, number, 1)}?by=push"
    assert shown == [{"title": "地震 <&> 𠮷", "body": "揺れました。 無事ですか。", "tag": message["tag"],
                      "lang": "ja", "url": link}]

    worker = browser.attach(browser.targets("service_worker")[0])
    assert worker.evaluate(TAP) == [link]
    assert page.evaluate(NOTIFICATIONS) == []
    page.call("Page.navigate", url=link)
    wait_for(lambda: page.evaluate("document.querySelector('h1')?.textContent") == "地震 <&> 𠮷")
    page.evaluate("document.querySelector('[name=status][value=slight]').click();"
                  "document.querySelector('form').requestSubmit()")
    answered = "SELECT choice, way FROM reply WHERE broadcast_id = ?"
    assert wait_for(lambda: town.tenko.sql(answered, number)) == [("slight", BY_PUSH)]


def test_nothing_is_offered_where_it_was_forbidden(town, browser):
    page = open_page(browser, town, "denied")
    assert not is_offered(page)
    assert page.evaluate("document.querySelectorAll('form button').length") == 1


def test_a_failure_is_told_and_can_be_tried_again(town, browser):
    # The browser has no push service here: it refuses by itself.
    page = open_page(browser, town, script="PushManager.prototype.subscribe = async () => {"
                                           " throw new DOMException('no service', 'AbortError') }")
    page.evaluate("document.querySelector('#push button').click()", gesture=True)
    said = wait_for(lambda: page.evaluate("document.querySelector('#push [role=status]').textContent"))
    assert "設定できませんでした" in said
    assert not page.evaluate("document.querySelector('#push button').disabled")
    assert town.devices(1) == []
