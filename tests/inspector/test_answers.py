"""What each address answers: pages, forms for other programs, files, and what is not there."""

from __future__ import annotations

import doctest
import html
import json
import re
import sqlite3
import time

import pytest
from werkzeug.test import Client

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.exchange import Group
from wsgi_apimetrics.inspector import Inspector, app, curl
from wsgi_apimetrics.inspector.views import exchanges
from wsgi_apimetrics.inspector.views.overview import with_gaps
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.redactor import Redactor
from wsgi_apimetrics.redaction.vocabulary import README
from wsgi_apimetrics.store import Store, Writer, hunting
from wsgi_apimetrics.store.schema import APPLICATION_ID, VERSION

from .samples import PNG, body, exchange

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def client(fill):
    """Make a client of an inspector that shows these exchanges."""

    def client(*exchanges, redactions=()):
        shown = Inspector(fill(*exchanges, redactions=redactions), check=lambda _: True)
        return Client(shown)

    return client


def get(client, path):
    return client.get(path, base_url=BASE)


@pytest.mark.parametrize("module", [app, curl])
def test_the_examples_in_the_docstrings_run(module):
    """The documentation's examples are true."""
    found = doctest.testmod(module)
    assert (found.attempted > 0, found.failed) == (True, 0)


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/exchanges/nothing",
        "/exchanges/nothing/as/curl",
        "/exchanges/nothing/request/body",
        "/exchanges/nothing/response/image",
        "/compare?a=nothing&b=nothing",
        "/callers/one?id=nobody",
        "/static/nothing.js",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/vendor",
    ],
)
def test_what_is_not_there_is_not_found(client, path):
    """404, whatever is asked for; nothing of the disk can be named."""
    assert get(client(exchange(at=time.time())), path).status_code == 404


def test_what_is_not_there_of_an_exchange_that_is(client):
    """An unknown form, an unknown side, a picture of what is none."""
    one = exchange(at=time.time(), got=body(b"text", "text/plain"))
    inspector = client(one)
    for rest in ("as/nothing", "nothing/body", "nothing/image", "response/image"):
        assert get(inspector, f"/exchanges/{one.id}/{rest}").status_code == 404


@pytest.mark.parametrize("path", ["/exchanges?after=nonsense", "/exchanges?after=bnVsbA=="])
def test_a_place_that_is_none_in_a_list_is_explained(client, path):
    """An address that was cut off is no failure of ours."""
    answer = get(client(exchange(at=time.time())), path)
    assert answer.status_code == 400
    assert "begin at its first page" in answer.text


def test_a_page_leads_to_the_next_and_back(client):
    """By a place that stays when more comes in; the pages together are the list."""
    now = time.time()
    inspector = client(*(exchange(f"/page/{number}", at=now - number) for number in range(60)))
    first = get(inspector, "/exchanges?path=/page/*").text
    rest = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = get(inspector, rest).text
    seen = [[n for n in range(60) if f">/page/{n}</a>" in text] for text in (first, second)]
    assert seen == [list(range(50)), list(range(50, 60))]
    assert "data-live" not in second
    assert ">Newest</a>" in second


@pytest.mark.parametrize(
    ("form", "ending", "part"),
    [
        ("curl", "sh", "curl --globoff"),
        ("har", "har", '"version": "1.2"'),
        ("json", "json", '"started_at"'),
    ],
)
def test_a_form_to_look_at_and_to_download(client, form, ending, part):
    """Text in a sandbox; asked for as a file, an attachment with a harmless name."""
    one = exchange(at=time.time())
    path = f"/exchanges/{one.id}/as/{form}"
    answer = get(client(one), path)
    assert part in answer.text
    assert answer.mimetype == "text/plain"
    assert "Content-Disposition" not in answer.headers
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    saved = get(client(one), f"{path}?download=1")
    assert saved.headers["Content-Disposition"] == f'attachment; filename="{one.id}.{ending}"'
    assert saved.data == answer.data


def test_the_readme_log_is_what_would_be_sent_and_needs_a_caller(client):
    """With one it is ReadMe's JSON; without it is said why there is none."""
    known, unknown = (exchange(at=time.time(), group=who) for who in (Group("ada"), None))
    inspector = client(known, unknown)
    log = json.loads(get(inspector, f"/exchanges/{known.id}/as/readme").text)
    assert log["_id"] == known.id
    said = get(inspector, f"/exchanges/{unknown.id}/as/readme").text
    assert "takes no log\nwithout a caller" in said


def test_what_a_caller_did_leads_to_the_list_of_it(client):
    """Each count's link opens a list of as many, of this caller alone, in the same time."""
    ada, now = Group("key & Ada", "Ada"), time.time() - 60
    rounds = [
        ("GET", "/users/<id>", 200, ada),
        ("GET", "/users/<id>", 200, ada),
        ("GET", "/users/<id>", 404, ada),
        ("POST", "/users/<id>", 200, ada),
        ("GET", "/a route/b", 200, ada),
        ("GET", "/users/<id>", 404, Group("Grace", "Grace")),
    ]
    ones = [
        exchange(at=now, method=method, route=route, status=status, group=group)
        for method, route, status, group in rounds
    ]
    asked = client(*ones)
    text = get(asked, "/callers/one?id=key+%26+Ada&last=1h").text
    tops = text.partition('<div class="tops">')[2].partition("<h2>Newest")[0]
    found = re.findall(r'<a href="([^"]+)">(.*?)</a></td><td class="n">(\d+)</td>', tops)
    counts = {html.unescape(re.sub(r"<.*?>", "", words)): int(n) for _, words, n in found}
    assert counts == {
        "GET /users/<id>": 3,
        "POST /users/<id>": 1,
        "GET /a route/b": 1,
        "404 GET /users/<id>": 1,
        "200 OK": 4,
        "404 Not Found": 1,
        "203.0.113.9": 5,
    }
    for href, _, count in found:
        address = html.unescape(href)
        assert "last=1h" in address
        listed = get(asked, address).text
        assert f"<strong>{count}</strong>" in listed
        assert listed.count("<tr data-id=") == int(count) + 1  # and the template of a row


def test_a_body_as_a_file(client):
    """The recorded bytes, of a type that no browser runs."""
    one = exchange(at=time.time(), got=body(b"<script>x()</script>", "text/html"))
    answer = get(client(one), f"/exchanges/{one.id}/response/body")
    assert answer.data == b"<script>x()</script>"
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert get(client(one), f"/exchanges/{one.id}/request/body").data == b""


def test_a_picture_as_one(client):
    """By its own type, in a sandbox."""
    one = exchange(at=time.time(), got=body(PNG, "text/html"))
    answer = get(client(one), f"/exchanges/{one.id}/response/image")
    assert (answer.data, answer.mimetype) == (PNG, "image/png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_file_of_ours_is_fetched_once(client):
    """With its hash as the ETag: a newer package is seen at once, the same one costs nothing."""
    inspector = client()
    answer = get(inspector, "/static/page.js")
    again = inspector.get(
        "/static/page.js", base_url=BASE, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (answer.status_code, again.status_code, again.data) == (200, 304, b"")


@pytest.mark.parametrize(
    ("ages", "begun"), [((600, 0), False), ((0,), True)], ids=["and before", "only now"]
)
def test_a_minute_that_has_only_begun_is_no_break_down(fill, ages, begun):
    """Its few exchanges would look like one in a plot of requests a minute."""
    minute, now = 1_800_000_000, 1_800_000_020.0
    with Store(fill(*(exchange(at=now - age) for age in ages))) as store:
        points = with_gaps(store.overview(now - 3600, now), now)
    assert (points[-1].start == minute) is begun
    assert [one.start for one in points[:60]] == list(range(minute - 3600, minute, 60))


def test_tops_say_what_changed_against_the_period_before(client):
    """How many, and how many of them failed; what was not there before is new."""
    at = 1_800_000_000.0
    ada, bob, eve = (Group(name.lower(), name, "") for name in ("Ada", "Bob", "Eve"))
    before = [
        *(
            exchange("/a", at=at - 60, route="/a", group=ada, status=status)
            for status in (404, 500)
        ),
        *(exchange("/b", at=at - 60, route="/b", group=ada) for _ in range(2)),
        *(exchange("/d", at=at - 60, group=eve, status=status) for status in (400, 200)),
    ]
    now = [
        *(exchange("/a", at=at, route="/a", group=ada, status=500) for _ in range(6)),
        *(exchange("/b", at=at, route="/b", group=bob, status=500) for _ in range(2)),
        exchange("/c", at=at, route="/c", group=ada),
        *(exchange("/d", at=at, group=eve, status=status) for status in (400, 400, 200, 200, 200)),
    ]
    answer = get(client(*before, *now), f"/?since={at - 1}&until={at + 60}")
    assert changes(answer.text) == {}
    answer = get(client(*before, *now), f"/?since={at}&until={at + 120}")
    assert changes(answer.text) == {
        "GET /a": ["+200 %", "+100 % worse"],
        "GET /b": ["±0 %", "new worse"],
        "GET /c": ["new"],
        "Ada": ["+75 %", "+200 % worse"],
        "GET /d": ["+150 %"],
        "Bob": ["new"],
        "Eve": ["+150 %", "+100 %"],
        "400 Bad Request": ["+100 %"],
        "500 Internal Server Error": ["+700 %"],
        "200 OK": ["+33 %"],
    }


def changes(text):
    """What the overview's tables say of changes, by what is in the row's first cell."""
    found = {}
    for row in re.findall(r"<tr><td class=\"p\">.*?</tr>", text, re.DOTALL):
        name = " ".join(re.sub(r"<[^>]*>", " ", row.partition("</td>")[0]).split())
        said = re.findall(r'<span class="change( worse)?"[^>]*>([^<]*)<', row)
        if said:
            found[name] = [word + worse for worse, word in said]
    return found


def test_rows_say_what_is_particular(client):
    """Made by the app, failed, ended early, never answered, redacted: in words."""
    now = time.time()
    note = Redactor(RedactionPolicy(denylist=("x",)), README)
    secret = note.redact(exchange("/secret", at=now, query="x=1"))
    inspector = client(
        exchange("/call", at=now, kind="client", status=0), exchange(at=now, aborted=True)
    )
    path = inspector.application._captured.path
    writer = Writer(path)
    writer.append([jsonline.dumps(secret, secret.redactions)])
    writer.close()
    rows = get(inspector, "/exchanges/live?seq=0").json["rows"]
    assert [(row["notes"], row["status"], row["path"]) for row in rows] == [
        ("outgoing", "-", "api.example.com/call"),
        ("ended early", "200", "/users/7"),
        ("1 redacted", "200", "/secret?x=[REDACTED 1]"),
    ]


def test_cookies_one_by_one(client):
    """A part without a name is not one."""
    one = exchange(at=time.time(), headers=(("Cookie", "a=1; ; =x; b"),))
    text = get(client(one), f"/exchanges/{one.id}").text
    cookies = text.partition("<h3>Cookies</h3>")[2].partition("</table>")[0]
    assert cookies.count("<tr>") == 2


RULE = '<span class="rule" title="Redacted by this rule">{}</span>'


def of_response(page):
    """Return a page's part on the response: what is above its body, and the tree."""
    response = page.partition("<h2>Response")[2].partition("</section>")[0]
    head, _, body = response.partition("<h3>Body")[2].partition("</h3>")
    return head, body.partition('<details class="raw"')[0]


def test_what_a_pattern_took_out_is_marked_in_its_place(client):
    """Each marker in the tree has its rule beside it."""
    policy = RedactionPolicy(redact_patterns=("card", "email"))
    got = {"note": "card 4242424242424242", "list": [{"to": "ada@example.com"}], "kept": "yes"}
    one = Redactor(policy, README).redact(exchange(at=time.time(), got=got))
    text = get(client(one, redactions=one.redactions), f"/exchanges/{one.id}").text
    assert "4242" not in text
    assert "ada@example.com" not in text
    head, tree = of_response(text)
    assert "rule" not in head
    assert f"card <mark>[REDACTED 16]</mark></span> {RULE.format('card')}" in tree
    assert f"<mark>[REDACTED 15]</mark></span> {RULE.format('email')}" in tree
    assert tree.count('class="rule') == 2


def test_what_a_pattern_took_out_of_a_text_is_said_above_it(client):
    """A text has no places; the markers are in it."""
    policy = RedactionPolicy(redact_patterns=("card", "email"))
    got = body(b"4242424242424242 is of ada@example.com", "text/plain")
    one = Redactor(policy, README).redact(exchange(at=time.time(), got=got))
    head, shown = of_response(
        get(client(one, redactions=one.redactions), f"/exchanges/{one.id}").text
    )
    assert '<span class="rule inside" title="Redacted by this rule">card, email</span>' in head
    assert shown.count("<mark>[REDACTED") == 2


def damaged(path):
    """A store whose pages were overwritten, past the header."""
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))


def newer(path):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()


def foreign(path):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID + 1}")
    connection.close()


def no_database(path):
    path.write_text("Dear diary,")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damaged, "is damaged"),
        (newer, "was written by a newer wsgi-apimetrics"),
        (foreign, "belongs to another program"),
        (no_database, "is not a store of wsgi-apimetrics"),
    ],
)
@pytest.mark.parametrize("page", ["/", "/exchanges", "/exchanges/live", "/exchanges/x", "/callers"])
def test_a_store_that_is_refused_is_said_to_be_and_left_alone(fill, spoil, words, page):
    """Every page names the file and what is wrong with it; not a byte of it changes."""
    path = fill(exchange(at=time.time()))
    spoil(path)
    before = path.read_bytes()
    answer = get(Client(Inspector(path, check=lambda _: True)), page)
    assert answer.status_code == 503
    for part in ("This store can&#39;t be shown", str(path), words):
        assert part in answer.text
    assert "Wrap an app" not in answer.text
    assert path.read_bytes() == before
    assert {one.name for one in path.parent.iterdir()} <= {
        path.name, f"{path.name}-wal", f"{path.name}-shm",
    }  # fmt: skip


def test_where_nothing_was_captured_yet_it_is_said_how_to(tmp_path):
    """No file, or an empty one: what to do, and nothing is made."""
    path = tmp_path / "none.sqlite"
    inspector = Client(Inspector(path, check=lambda _: True))
    for _ in range(2):
        answer = get(inspector, "/")
        assert answer.status_code == 503
        assert "Nothing to show yet" in answer.text
        assert "Wrap an app" in answer.text
        assert path.exists() is False or path.stat().st_size == 0
        path.touch()


def test_by_default_it_shows_what_local_writes(tmp_path, monkeypatch, state_dir):
    """The variable that the backend reads holds here too; without it, the default place."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("WSGI_APIMETRICS_LOCAL_PATH", "~/shop.sqlite")
    assert repr(Inspector(check=bool)) == f"Inspector({str(home / 'shop.sqlite')!r})"
    assert repr(Inspector("~/x", check=bool)) == f"Inspector({str(home / 'x')!r})"
    monkeypatch.delenv("WSGI_APIMETRICS_LOCAL_PATH")
    assert str(state_dir) in repr(Inspector(check=bool))


def test_a_search_that_takes_long_is_stopped_and_goes_on_when_asked_to(client, monkeypatch):
    """The page says so, and does not say that there is nothing; its link waits."""
    shown = client(*(exchange(f"/orders/{number}", at=time.time()) for number in range(3)))
    whole = get(shown, "/exchanges?q=orders").text
    assert "was stopped" not in whole
    assert '>3</strong><span id="more" hidden>' in whole
    monkeypatch.setattr(hunting, "_STEPS", 1)
    monkeypatch.setattr(exchanges, "SOON", -1)
    stopped = get(shown, "/exchanges?q=orders").text
    assert "was stopped" in stopped
    assert "Nothing found so far." in stopped
    assert '>0</strong><span id="more"> or more' in stopped
    further = re.findall(r'<a rel="next" href="([^"]+)"', stopped)
    assert len(further) == 1
    page = get(shown, html.unescape(further[0])).text
    assert "was stopped" not in page
    assert page.count("/orders/") >= 3
    assert '>3</strong><span id="more"> or more' in page
