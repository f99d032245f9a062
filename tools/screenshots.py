"""Takes the pictures of the inspector in docs/screenshots anew: `make screenshots`.

The exchanges are those of the demo's API under gunicorn. A picture wants more than the half a
minute that they take, so they are spread over two hours; and as that API calls nobody, two calls
are made up for each order.
"""

import dataclasses
import random
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path

from inspector.conftest import browser, served  # the tests': the Makefile has them in the path
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.demo.server import Server
from wsgi_apimetrics.demo.traffic import calls, drive
from wsgi_apimetrics.exchange import Body, Exchange, Request, Response, Timings
from wsgi_apimetrics.inspector import Inspector
from wsgi_apimetrics.store import Store, Writer

PICTURES = Path(__file__).parents[1] / "docs" / "screenshots"
SHOP = "shop.example.com"
REQUESTS = 2500
SECONDS = 7200


def recorded(path):
    """Let the demo's traffic come in, and return what was recorded."""
    with Server(path) as server:
        drive(server.url, calls(REQUESTS), lambda: None)
    with Store(path) as store:
        return [jsonline.loads(line) for line in store.lines()]


def spread(stored):
    """Yield the exchanges over the last two hours, busier towards the end, and orders' calls."""
    chance = random.Random(7)
    now = time.time() - 1
    for one in stored:
        exchange = moved(one.exchange, now - SECONDS * chance.random() ** 1.5)
        if not is_order(exchange):
            yield exchange, one.redactions
            continue
        stock, pay = chance.uniform(0.03, 0.06), chance.uniform(0.06, 0.12)
        first = exchange.started_at + 0.01
        yield called(exchange, first, stock, "stock.example.net", "/reserve"), ()
        yield called(exchange, first + stock + 0.005, pay, "pay.example.net", "/v1/charges"), ()
        wait = exchange.timings.wait + stock + pay
        timings = dataclasses.replace(exchange.timings, wait=wait)
        yield dataclasses.replace(exchange, timings=timings), one.redactions


def is_order(exchange):
    """Whether this is an order that was taken."""
    return exchange.request.path == "/orders" and exchange.response.status_code == 201


def moved(exchange, at):
    """Return the exchange at another time, and at a host that is nobody's."""
    headers = tuple(
        (name, SHOP if name == "Host" else value) for name, value in exchange.request.headers
    )
    request = dataclasses.replace(
        exchange.request, scheme="https", host=SHOP, headers=headers, client_address="203.0.113.5"
    )
    return dataclasses.replace(exchange, started_at=at, request=request)


def called(order, at, seconds, host, path):
    """Return a call that ``order`` made."""
    content = b'{"ok": true}'
    body = Body(content, len(content), len(content), "application/json")
    return Exchange(
        id=str(uuid.uuid4()),
        started_at=at,
        request=Request("POST", "https", host, path),
        response=Response(200, "OK", (("Content-Type", "application/json"),), body),
        timings=Timings(seconds, 0.0),
        kind="client",
        parent_id=order.id,
        trace_id=order.trace_id,
    )


def filled(path, stored):
    """Write them in their order, and return the newest order."""
    lines = sorted(spread(stored), key=lambda line: line[0].started_at)
    writer = Writer(path)
    writer.append([jsonline.dumps(exchange, redactions) for exchange, redactions in lines])
    assert writer.index(60)
    writer.close()
    return [exchange.id for exchange, _ in lines if is_order(exchange)][-1]


def take(driver, address, name, *, scheme="light", drawn="main"):
    """Take one picture, once what is ``drawn`` is there."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get(address)
    WebDriverWait(driver, 20, 0.05).until(lambda _: driver.find_elements(By.CSS_SELECTOR, drawn))
    driver.save_screenshot(str(PICTURES / f"{name}.png"))
    print(PICTURES / f"{name}.png")


def main():
    """Take them all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "pictures.sqlite"
        order = filled(path, recorded(folder / "demo.sqlite"))
        app = Inspector(path, check=lambda _: True, streams=2)
        with (
            closing(app),
            served(app) as address,
            browser(folder / "chromium", "hide-scrollbars") as driver,
        ):
            take(driver, f"{address}/?last=1h", "overview", drawn=".plot:last-child canvas")
            take(driver, f"{address}/exchanges?last=1h", "exchanges", drawn=".list tbody a")
            take(driver, f"{address}/exchanges/{order}", "exchange")
            take(driver, f"{address}/exchanges/{order}", "exchange-dark", scheme="dark")


if __name__ == "__main__":
    main()
