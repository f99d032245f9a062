"""The live stream over real servers: what comes, where it goes on, and that it lets go."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
import urllib.parse

import pytest
from real_servers.runners import Server, available
from waiting import until

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.inspector import Inspector, streams
from wsgi_apimetrics.store import Writer

from .conftest import served
from .mounted import PATH
from .samples import exchange


class Reader:
    """A client of a stream, as a browser's EventSource is one."""

    def __init__(self, address, path="/exchanges/stream?seq=0", **headers):
        self._connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc)
        self._connection.timeout = 10
        self._connection.request(
            "GET", path, headers={n.replace("_", "-"): v for n, v in headers.items()}
        )
        self.answer = self._connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()
        self.answer.close()

    def event(self):
        """Return the next event's fields; none at the end."""
        fields = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                return fields
        return {}

    def rows(self):
        """Return the paths and the place of the next event that has rows."""
        while fields := self.event():
            self.news = json.loads(fields["data"])
            if self.news["rows"]:
                assert int(fields["id"]) == self.news["seq"]
                return [row["path"] for row in self.news["rows"]], fields["id"]
        raise AssertionError("the stream ended")


@pytest.fixture
def quick(monkeypatch):
    """Look and say so more often than a page needs."""
    monkeypatch.setattr(streams, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.02)


@pytest.fixture
def watched(fill, quick):
    """An inspector with one stream, over a store with one exchange; its address and a writer."""
    path = fill(exchange("/first", at=time.time()))
    app = Inspector(path, check=lambda _: True, streams=1)
    writer = Writer(path)
    with contextlib.closing(writer), contextlib.closing(app), served(app) as address:

        def write(*paths):
            writer.append([jsonline.dumps(exchange(one, at=time.time())) for one in paths])
            assert writer.index(5)

        yield address, write


def test_what_is_written_comes_down_the_stream(watched):
    """At first what there is after the place that was asked for, then each as it is written."""
    address, write = watched
    with Reader(address) as reader:
        assert reader.answer.headers["Content-Type"].startswith("text/event-stream")
        assert "no-transform" in reader.answer.headers["Cache-Control"]
        assert reader.rows()[0] == ["/first"]
        write("/second")
        assert reader.rows()[0] == ["/second"]


def opened(address, path="/exchanges/stream?seq=0", **headers):
    """Return a reader once there is a stream free."""

    def one():
        reader = Reader(address, path, **headers)
        if reader.answer.status == 200:
            return reader
        reader.__exit__()
        return None

    return until(one)


def status(address, path="/exchanges/stream?seq=0", **headers):
    with Reader(address, path, **headers) as reader:
        return reader.answer.status


def test_it_goes_on_where_it_broke_off(watched):
    """``Last-Event-ID`` holds before the address, which is the one of the first time."""
    address, write = watched
    with Reader(address) as reader:
        _, place = reader.rows()
    write("/missed-1", "/missed-2")
    with opened(address, Last_Event_ID=place) as reader:
        assert reader.rows()[0] == ["/missed-1", "/missed-2"]


def test_only_so_many_are_open_and_who_leaves_makes_room(watched):
    """204 tells EventSource to stay away; the thread of a client that has left is free soon."""
    address, _ = watched
    with Reader(address) as reader:
        assert reader.answer.status == 200
        assert status(address) == 204
        with Reader(address, "/exchanges/live?seq=0") as asking:
            assert [row["path"] for row in json.loads(asking.answer.read())["rows"]] == ["/first"]
    with opened(address) as reader:
        assert reader.rows()[0] == ["/first"]


def test_silence_is_not_long(watched):
    """A client hears something at once and then again and again, though nothing comes in."""
    address, _ = watched
    with Reader(address, "/exchanges/stream?seq=1") as reader:
        for _ in range(3):
            assert reader.event()["id"] == "1"


def test_it_ends_by_itself_and_makes_room(watched, monkeypatch):
    """So that who may no longer look is asked again, and no thread is kept for ever."""
    monkeypatch.setattr(streams, "LONGEST_SECONDS", 0.05)
    address, _ = watched
    for _ in range(2):
        with opened(address) as reader:
            assert reader.rows()[0] == ["/first"]
            while reader.event():
                pass


def test_it_ends_when_the_inspector_is_closed(fill, quick):
    """A server that wants to end does not wait for its clients."""
    app = Inspector(fill(exchange("/first", at=1.0)), check=lambda _: True, streams=1)
    with served(app) as address, Reader(address) as reader:
        assert reader.rows()[0] == ["/first"]
        app.close()
        while reader.event():
            pass


def test_it_ends_when_the_store_goes(fill, quick):
    """The browser comes back, and is told what is wrong; with a new store there it goes on."""
    path = fill(exchange("/first", at=1.0))
    with served(Inspector(path, check=lambda _: True, streams=1)) as address:
        with Reader(address) as reader:
            assert reader.rows()[0] == ["/first"]
            for one in path.parent.iterdir():
                one.unlink()
            while reader.event():
                pass
        assert until(lambda: status(address) == 503)


def test_a_store_made_anew_is_followed_too(watched):
    """The place of the old one is past the new one's end: what comes next is shown all the same."""
    address, write = watched
    with Reader(address, "/exchanges/stream?seq=1000") as reader:
        assert reader.event()["id"] == "1"
        write("/second")
        assert reader.rows()[0] == ["/second"]


@pytest.mark.parametrize("query", ["path=/lamps", "q=lamps", "status=2xx&method=get&path=/lam*"])
def test_filters_and_search_hold_in_it(watched, query):
    """What the list leaves out does not come down the stream either."""
    address, write = watched
    with Reader(address, f"/exchanges/stream?seq=0&{query}") as reader:
        write("/desks")
        write("/lamps")
        assert reader.rows()[0] == ["/lamps"]


def test_of_a_flood_the_newest_come_and_the_gap_is_said(watched):
    """A page that fell behind for ever would not be live."""
    address, write = watched
    write(*(f"/{number}" for number in range(250)))
    with Reader(address) as reader:
        news = json.loads(reader.event()["data"])
        assert news["gap"]
        assert [row["path"] for row in news["rows"]] == [f"/{number}" for number in range(150, 250)]
        write("/after")
        fields = reader.rows()
        assert fields[0] == ["/after"]


def test_head_takes_no_place(watched):
    """Who only asks what there is keeps nobody else out."""
    address, _ = watched
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=10)
    connection.request("HEAD", "/exchanges/stream")
    assert connection.getresponse().status == 200
    connection.close()
    with opened(address) as reader:
        assert reader.rows()[0] == ["/first"]


@pytest.mark.parametrize("place", ["x", "-1", "9" * 19, "1.5"])
def test_a_place_that_is_none_is_refused(watched, place):
    """By the address and by the header, of the stream and of asking."""
    address, _ = watched
    assert status(address, Last_Event_ID=place) == 400
    assert status(address, f"/exchanges/stream?seq={place}") == 400
    assert status(address, f"/exchanges/live?seq={place}") == 400


ADMIN = {"X_Admin": "yes"}
STREAM = f"{PATH}/exchanges/stream?seq=0"


def asked(server, path, **headers):
    with Reader(f"http://127.0.0.1:{server.port}", path, **headers) as reader:
        return reader.answer.status, reader.answer.read().decode()


@pytest.fixture
def mounted(request, tmp_path, monkeypatch):
    """A real server, of the kind that the test names, with the inspector in the user's own app."""
    available(request.param)
    monkeypatch.setenv("WSGI_APIMETRICS_LOCAL_PATH", str(tmp_path / "shop.sqlite"))
    with Server(request.param, "none", tmp_path / "log", "inspector.mounted:application") as server:
        until(lambda: asked(server, f"{PATH}/", **ADMIN)[0] == 200)
        yield server


@pytest.mark.parametrize(
    "mounted",
    ["gunicorn-gthread", pytest.param("gunicorn-gevent", marks=pytest.mark.slow)],
    indirect=True,
)
def test_mounted_on_a_server_with_threads_it_streams(mounted):
    """Rows lead to pages below the path; the inspector's own requests are not among them."""
    address = f"http://127.0.0.1:{mounted.port}"
    assert "data-stream=" in asked(mounted, f"{PATH}/exchanges", **ADMIN)[1]
    with opened(address, STREAM, **ADMIN) as reader:
        assert asked(mounted, "/lamps")[0] == 200
        seen = []
        while "/lamps" not in seen:
            seen += reader.rows()[0]
        assert not any(PATH in one for one in seen)
        assert reader.news["rows"][-1]["href"].startswith(f"{PATH}/exchanges/")
        assert asked(mounted, STREAM, **ADMIN)[0] == 204
    with opened(address, STREAM, **ADMIN) as reader:
        assert reader.event()


@pytest.mark.parametrize(
    "mounted",
    ["gunicorn-sync", pytest.param("wsgiref", marks=pytest.mark.slow)],
    indirect=True,
)
def test_mounted_on_a_server_with_one_thread_it_keeps_it_from_nobody(mounted):
    """Told to stream or not: the app's only worker answers the app's own clients."""
    assert asked(mounted, STREAM, **ADMIN) == (204, "")
    assert asked(mounted, "/lamps")[0] == 200
    page = asked(mounted, f"{PATH}/exchanges", **ADMIN)[1]
    assert "data-live=" in page
    assert "data-stream=" not in page
    assert asked(mounted, STREAM)[0] == 401
