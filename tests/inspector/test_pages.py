"""The pages in a real Chromium: what they show, live, by keyboard, on a phone, in the dark.

The fixture ``page`` fails each of these tests if the browser has anything to say: a violation of
the policy, an error of a script, a file that was not found.
"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest
import werkzeug.test
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.test import create_environ

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.inspector import Inspector
from wsgi_apimetrics.store import Store, Writer

from .conftest import served
from .samples import CORPUS, exchange, hostile

pytestmark = pytest.mark.slow

HOST = "http://127.0.0.1:8000"
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
ROWS = "table.list tbody tr"


def until(driver, condition, seconds=10):
    """Wait for ``condition()``."""
    return WebDriverWait(driver, seconds, 0.05).until(lambda _: condition())


def texts(driver, selector):
    return [element.text for element in driver.find_elements(By.CSS_SELECTOR, selector)]


def test_the_overview_draws_what_its_tables_say(page, inspector):
    """Three plots, each with its table; figures, and tops that lead to their lists."""
    driver = page("/")
    until(driver, lambda: len(driver.find_elements(By.CSS_SELECTOR, ".canvas canvas")) == 3)
    with Store(inspector.path) as store:
        assert texts(driver, ".figure dd")[0].split()[0] == str(store.count())
    rows = driver.find_elements(By.CSS_SELECTOR, '[data-plot="rate"] tbody tr')
    assert len(rows) >= 15
    top = driver.find_element(By.CSS_SELECTOR, 'a[href*="route="]')
    wanted = top.get_attribute("href")
    top.click()
    assert driver.current_url == wanted
    assert driver.title.startswith("Exchanges")


def test_a_time_range_filters_everything(page, inspector):
    """What is chosen on one page holds on the others."""
    driver = page("/?since=1&until=100")
    assert texts(driver, ".figure dd")[0] == "0"
    driver.find_element(By.LINK_TEXT, "Exchanges").click()
    assert "since=1" in driver.current_url
    assert texts(driver, "#count") == ["0 exchanges"]


def test_the_list_finds_and_filters(page, inspector):
    """Full text, and fields; the address is the state."""
    driver = page("/exchanges")
    driver.find_element(By.ID, "q").send_keys("lamp", Keys.ENTER)
    until(driver, lambda: "q=lamp" in driver.current_url)
    assert [
        row.get_attribute("data-id") for row in driver.find_elements(By.CSS_SELECTOR, ROWS)
    ] == [inspector.ids["redacted"]]
    driver = page("/exchanges?status=5xx&failed=yes&route=&slower=1000")
    assert len(texts(driver, ROWS)) == 1
    assert "KeyError" in texts(driver, ROWS)[0]
    driver = page("/exchanges?status=nonsense")
    assert "status" in driver.find_element(By.CSS_SELECTOR, "[role=alert]").text


def followed_by(driver, how):
    """Wait until the page says how it follows the store."""
    button = driver.find_element(By.ID, "live")
    until(driver, lambda: button.get_attribute("data-by") == how)


def test_the_list_is_live(page, inspector):
    """What is written while one looks comes in on top, without a reload, down the stream."""
    driver = page("/exchanges")
    driver.execute_script("window.stayed = true")
    followed_by(driver, "stream")
    before = int(texts(driver, "#count strong")[0])
    new = exchange("/just-now", at=time.time())
    inspector.writer.append([jsonline.dumps(new)])
    until(driver, lambda: texts(driver, ROWS)[0].find("/just-now") > 0)
    assert driver.find_element(By.CSS_SELECTOR, f'tr[data-id="{new.id}"] .status.s2')
    assert texts(driver, "#count strong") == [str(before + 1)]
    assert driver.execute_script("return window.stayed")


def test_paused_it_stands_still_and_then_catches_up(page, inspector):
    """The button stops it; what came meanwhile is there after it is pressed again."""
    driver = page("/exchanges")
    followed_by(driver, "stream")
    button = driver.find_element(By.ID, "live")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    new = exchange("/meanwhile", at=time.time())
    inspector.writer.append([jsonline.dumps(new)])
    # A page that follows is told of it; the paused one is not.
    driver.switch_to.new_window("tab")
    page("/exchanges")
    assert "/meanwhile" in texts(driver, ROWS)[0]
    driver.close()
    driver.switch_to.window(driver.window_handles[0])
    assert "/meanwhile" not in texts(driver, ROWS)[0]
    driver.find_element(By.ID, "live").click()
    until(driver, lambda: "/meanwhile" in texts(driver, ROWS)[0])


def held_back(app):
    """Return the app behind a proxy that passes nothing of a stream on before its end."""

    def proxy(environ, start_response):
        chunks = app(environ, start_response)
        if not environ["PATH_INFO"].endswith("/stream"):
            return chunks
        try:
            return [b"".join(chunks)]
        finally:
            chunks.close()

    return proxy


def taken(app):
    """Return the app with its only stream open already."""
    answer = werkzeug.test.run_wsgi_app(
        app, {**create_environ("/exchanges/stream", HOST), "wsgi.multithread": True}
    )
    assert answer[1].startswith("200")
    return app


@pytest.mark.parametrize(
    ("streams", "around"), [(0, None), (1, taken), (1, held_back)], ids=["none", "taken", "held"]
)
def test_without_a_stream_the_page_asks(chromium, fill, streams, around):
    """None allowed, none free, or a proxy that holds it back: the list is live all the same."""
    path = fill(exchange("/first", at=time.time()))
    app = Inspector(path, check=lambda _: True, streams=streams)
    with served(around(app) if around else app) as address, closing(app):
        chromium.get_log("browser")
        chromium.get(f"{address}/exchanges")
        followed_by(chromium, "asking")
        with closing(Writer(path)) as writer:
            writer.append([jsonline.dumps(exchange("/second", at=time.time()))])
        until(chromium, lambda: len(texts(chromium, ROWS)) == 2)
        assert "/second" in texts(chromium, ROWS)[0]
        assert chromium.get_log("browser") == []
        chromium.get("about:blank")


def test_that_it_is_not_reached_is_said_until_it_is(chromium, fill):
    """A server that has gone is not silence; when it is back the list goes on by itself."""
    path = fill(exchange("/first", at=time.time()))
    with served(Inspector(path, check=lambda _: True, streams=1)) as address:
        chromium.get(f"{address}/exchanges")
        followed_by(chromium, "stream")
        path.rename(path.with_suffix(".away"))
        until(chromium, lambda: "Not reached" in chromium.find_element(By.ID, "reached").text)
        path.with_suffix(".away").rename(path)
        with closing(Writer(path)) as writer:
            writer.append([jsonline.dumps(exchange("/second", at=time.time()))])
        until(chromium, lambda: "/second" in texts(chromium, ROWS)[0])
        assert chromium.find_element(By.ID, "reached").text == ""
        chromium.get("about:blank")
    chromium.get_log("browser")


def test_a_stream_that_ends_in_time_is_no_failure(chromium, fill, monkeypatch):
    """The browser comes back again and again; the page says nothing of it, and misses nothing."""
    monkeypatch.setattr("wsgi_apimetrics.inspector.streams.LONGEST_SECONDS", 0.1)
    path = fill(exchange("/first", at=time.time()))
    app = Inspector(path, check=lambda _: True, streams=2)
    places = []

    def noted(environ, start_response):
        if environ["PATH_INFO"].endswith("/stream"):
            places.append(environ.get("HTTP_LAST_EVENT_ID"))
        return app(environ, start_response)

    with served(noted) as address, closing(Writer(path)) as writer:
        chromium.get(f"{address}/exchanges")
        chromium.execute_script(
            "window.said = []; new MutationObserver((them) => window.said.push(...them))"
            ".observe(document.getElementById('reached'), {childList: true})"
        )
        followed_by(chromium, "stream")
        writer.append([jsonline.dumps(exchange("/between", at=time.time()))])
        until(chromium, lambda: places[-1] == "2")
        assert places[0] is None
        assert len(texts(chromium, ROWS)) == 2
        said = chromium.execute_script("return window.said.map((one) => one.target.textContent)")
        assert not any(said)
        chromium.get("about:blank")
    assert chromium.get_log("browser") == []


def test_a_flood_shows_the_newest_and_says_that_there_is_more(page, inspector):
    """A page can follow only so much; where rows are left out there is a line."""
    driver = page("/exchanges")
    followed_by(driver, "stream")
    now = time.time()
    inspector.writer.append(
        jsonline.dumps(exchange(f"/flood/{number}", at=now + number / 1000))
        for number in range(300)
    )
    until(driver, lambda: "/flood/299" in texts(driver, ROWS)[0])
    assert "More came in here" in driver.find_element(By.CSS_SELECTOR, "tr.gap").text
    assert driver.find_element(By.ID, "more").is_displayed()
    assert len(texts(driver, ROWS)) <= 200


def test_the_keyboard_reaches_everything(page, inspector):
    """/ searches, j and k move, Enter opens, x marks, g and a letter goes."""
    driver = page("/exchanges")
    body = driver.find_element(By.TAG_NAME, "body")
    body.send_keys("j")
    body.send_keys("j")
    second = driver.find_elements(By.CSS_SELECTOR, ROWS)[1]
    until(driver, lambda: "at" in second.get_attribute("class"))
    driver.switch_to.active_element.send_keys("x")
    driver.switch_to.active_element.send_keys("k")
    driver.switch_to.active_element.send_keys("x")
    assert driver.find_element(By.ID, "marked").text == "2"
    driver.find_element(By.ID, "compare").click()
    assert "compare?a=" in driver.current_url
    driver.find_element(By.TAG_NAME, "body").send_keys("gc")
    until(driver, lambda: driver.current_url.endswith("/callers"))
    driver.find_element(By.TAG_NAME, "body").send_keys("ge")
    until(driver, lambda: "/exchanges" in driver.current_url)
    driver.find_element(By.TAG_NAME, "body").send_keys("/")
    assert driver.switch_to.active_element.get_attribute("id") == "q"


def test_what_to_compare_is_said_where_two_are_not_marked(page):
    """A button that does nothing would be a riddle."""
    driver = page("/exchanges")
    driver.find_element(By.ID, "compare").click()
    assert "Mark two rows first" in driver.find_element(By.ID, "hint").text


def test_a_redacted_query_is_read_as_such(page, inspector):
    """Not as the percent signs that stand for the marker's brackets."""
    secret = exchange("/search", at=time.time(), query="token=%5BREDACTED%2022%5D&x=%41")
    inspector.writer.append([jsonline.dumps(secret)])
    assert "/search?token=[REDACTED 22]&x=%41" in texts(page("/exchanges"), ROWS)[0]
    title = texts(page(f"/exchanges/{secret.id}"), "h1 mark")
    assert title == ["[REDACTED 22]"]


def test_one_exchange_side_by_side(page, inspector):
    """Headers, query, cookies and JSON; what was redacted names its rule; numbers keep digits."""
    driver = page(f"/exchanges/{inspector.ids['redacted']}")
    request, response = driver.find_elements(By.CSS_SELECTOR, ".sides > .card")
    assert request.location["y"] == response.location["y"]
    for text in ("sensitive header", "denylist: number", "sort", "2.5", "[REDACTED 16]"):
        assert text in request.text
    assert "12345678901234567890" in response.text
    assert "/charge" in driver.find_element(By.CSS_SELECTOR, ".waterfall").text
    driver.find_element(By.CSS_SELECTOR, ".node summary").click()
    assert not driver.find_element(By.CSS_SELECTOR, ".node").get_attribute("open")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("curl", "curl --globoff"),
        ("HAR", '"version": "1.2"'),
        ("ReadMe log", '"group"'),
        ("APIToolkit message", '"msg_id"'),
        ("JSON line", '"started_at"'),
    ],
)
def test_one_exchange_as_others_take_it(page, inspector, name, expected):
    """Each form opens in the page, to copy or to download."""
    driver = page(f"/exchanges/{inspector.ids['redacted']}")
    driver.find_element(By.LINK_TEXT, name).click()
    until(driver, lambda: expected in driver.find_element(By.CSS_SELECTOR, "dialog pre").text)


def test_bodies_by_what_they_are(page, inspector):
    """A picture by its bytes though its type lies; binary as hex; a form as fields; an error."""
    driver = page(f"/exchanges/{inspector.ids['image']}")
    picture = driver.find_element(By.CSS_SELECTOR, "img.picture")
    until(driver, lambda: picture.get_property("naturalWidth") == 8)
    assert "00 01 02 ff" in page(f"/exchanges/{inspector.ids['binary']}").page_source
    assert "ada" in texts(page(f"/exchanges/{inspector.ids['form']}"), ".pairs td")
    assert "Traceback: line 1" in texts(page(f"/exchanges/{inspector.ids['error']}"), ".errors pre")


def test_two_exchanges_compared(page, inspector):
    """JSON by path, headers by name."""
    ids = inspector.ids
    driver = page(f"/compare?a={ids['redacted']}&b={ids['json']}")
    assert "authorization" in driver.find_element(By.CSS_SELECTOR, ".diff").text or any(
        "authorization" in text for text in texts(driver, ".diff .removed")
    )
    assert any(text.startswith("$.tree.leaf") for text in texts(driver, ".diff .removed"))
    assert any(text.startswith("$.name") for text in texts(driver, ".diff .added"))


def test_callers(page):
    """Who calls, and with what."""
    driver = page("/callers")
    driver.find_element(By.LINK_TEXT, "Ada's Analytics").click()
    assert len(texts(driver, ROWS)) == 2
    # Not only there: nothing lies over it.
    assert driver.execute_script(
        "const one = document.querySelector('.top-list .p a');"
        "const { left, top, height } = one.getBoundingClientRect();"
        "return document.elementFromPoint(left + 4, top + height / 2) === one"
    )
    driver.find_element(By.LINK_TEXT, "POST /orders").click()
    assert driver.title.startswith("Exchanges")
    assert len(texts(driver, ROWS)) == 1


def test_light_and_dark(page):
    """As the system says, until the user says otherwise; and that is kept."""
    driver = page("/")
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def paper():
        return driver.execute_script(
            "return getComputedStyle(document.documentElement).backgroundColor"
        )

    assert paper() == "rgb(20, 21, 23)"
    driver.find_element(By.ID, "theme").click()
    assert paper() == "rgb(251, 251, 250)"
    driver.get(driver.current_url)
    assert paper() == "rgb(251, 251, 250)"
    driver.execute_script("localStorage.clear()")


PATHS = (
    "/",
    "/exchanges",
    "/exchanges?status=4xx",
    "{redacted}",
    "{image}",
    "{error}",
    "{binary}",
    "/compare?a={0}&b={1}",
    "/callers",
    "/callers/one?id=sha512-abc",
    "/ingested/",
)


def addresses(ids):
    """Return the address of each page."""
    for path in PATHS:
        if path.startswith("{"):
            yield f"/exchanges/{ids[path[1:-1]]}"
        else:
            yield path.format(ids["redacted"], ids["json"])


def test_a_phone_shows_every_page(page, inspector):
    """Nothing is wider than the screen."""
    driver = page("/")
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for address in addresses(inspector.ids):
        page(address)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 390, address
        if address == "/ingested/":
            driver.get_log("browser")  # there is no such store yet: the browser notes the 503


OUTSIDE = """
return [...document.querySelectorAll(".top-list th, .top-list td.n")].filter((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  const [text, box] = [range.getBoundingClientRect(), cell.getBoundingClientRect()];
  return text.width && (text.left < box.left || text.right > box.right + 1);
}).map((cell) => cell.innerText);
"""


@pytest.mark.parametrize("width", [390, 1101, 1280, 1600])
def test_no_number_leaves_its_column(page, width):
    """Nor does a heading run into the next one, at any width."""
    driver = page("/?last=all")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert driver.execute_script("return innerWidth") == width
    assert texts(driver, ".top-list th")
    assert driver.execute_script(OUTSIDE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, inspector, scheme):
    """Contrast, names, roles, order: every page, light and dark."""
    driver = page("/")
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    script = AXE.read_text(encoding="utf-8")
    found = []
    for address in addresses(inspector.ids):
        page(address)
        driver.execute_script(script)
        result = driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((r) => done(r.violations))"
        )
        found += [
            (address, one["id"], one["nodes"][0]["html"][:200])
            for one in result
            if one["impact"] in {"serious", "critical"}
        ]
        driver.get_log("browser")
    assert not found


def test_no_captured_byte_is_ever_run(page, inspector):
    """The corpus in every field: no script runs, nothing loads, the policy has nothing to stop.

    ``page`` checks that the browser reported no violation.
    """
    now = time.time()
    ids = []
    for text in CORPUS:
        for one, notes in hostile(text, now):
            inspector.writer.append([jsonline.dumps(one, notes)])
            ids.append(one.id)
    assert inspector.writer.index(5)
    driver = page("/")
    driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": "window.hits = 0; window.hacked = window.alert = () => { window.hits += 1; };"},
    )
    paths = [f"/exchanges/{id_}" for id_ in ids]
    paths += ["/", "/exchanges?q=hacked", "/exchanges", "/callers"]
    paths += [f"/compare?a={ids[0]}&b={id_}" for id_ in ids[1:12:5]]
    own = f"{inspector.address}/"
    for path in paths:
        page(path)
        assert driver.execute_script("return window.hits") == 0, path
        loaded = driver.execute_script(
            "return performance.getEntriesByType('resource').map((one) => one.name)"
        )
        assert all(name.startswith(own) for name in loaded), path
        assert driver.current_url.startswith(own)
        stray = driver.execute_script(
            "return document.querySelectorAll('iframe, math, base, form[action*=evil], "
            "script:not([src]), [onload], [onerror], [onfocus], style').length"
        )
        assert stray == 0, path
