"""What is sent of a store, a HAR file or a spool, and what is said of what is not."""

from __future__ import annotations

import base64
import dataclasses
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from servers import Answer, http_server
from store.samples import exchange

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.cli.har_file import NoHar, read
from wsgi_apimetrics.cli.passing import packed
from wsgi_apimetrics.cli.sending import NotSent, Sender, Tally
from wsgi_apimetrics.cli.sources import Place, of_exchanges, of_store
from wsgi_apimetrics.config import compose
from wsgi_apimetrics.delivery.policy import BatchLimits
from wsgi_apimetrics.delivery.retry import RetryTable
from wsgi_apimetrics.delivery.spool_files import spool_path
from wsgi_apimetrics.jsonline import StoredExchange
from wsgi_apimetrics.payload import Fragment
from wsgi_apimetrics.store import Filter, Store, Writer, default_path

from .test_commands import README, failed_well, readme, server, spool

__all__ = ["server", "spool"]


def parts(url="http://127.0.0.1:9", **changed):
    """Return ReadMe's parts, as the environment configures them."""
    environment = {**README, "WSGI_APIMETRICS_README_SERVER": url}
    (found,) = compose([], {}, environment).parts
    return dataclasses.replace(found, **changed)


def fragments(*contents):
    return [Fragment(str(number), content) for number, content in enumerate(contents)]


TWO = fragments(b"{}", b"{}")


@pytest.fixture
def sending():
    """Send fragments to a server that answers as it is told."""

    def sending(*answers, several=TWO, rate=0.0, url=None):
        refused = []
        with http_server(*answers) as server:
            quick = parts(url or server.url, retries=RetryTable(first_wait_seconds=0.001))
            transport = quick.open_transport()
            sender = Sender(quick, transport, rate, lambda *one: refused.append(one), Tally())
            try:
                sender.send(several)
            finally:
                transport.close()
            return sender.tally, refused, len(server.got)

    return sending


def test_what_passes_is_tried_again(sending):
    """503 twice, then taken."""
    tally, refused, times = sending(Answer(503), Answer(503), Answer(202))
    assert (tally, refused, times) == (Tally(sent=2), [], 3)


def test_patience_ends(sending):
    """After five times; the last answer is said."""
    with pytest.raises(NotSent, match="readme takes nothing now: 503 busy"):
        sending(lambda _: Answer(503, body=b"busy"))


def test_nobody_there_is_said(sending):
    """The network's own word."""
    with pytest.raises(NotSent, match=r"readme takes nothing now: .*refused"):
        sending(url="http://127.0.0.1:9")


def test_the_one_that_is_refused_is_found(sending):
    """Halves are sent until it is alone; the others arrive."""

    def answer(got):
        return Answer(400 if b"bad" in got.body else 202)

    tally, refused, _ = sending(answer, several=fragments(b"1", b"2", b'"bad"', b"4"))
    assert tally == Tally(sent=3, refused=1)
    [(fragment, outcome)] = refused
    assert (fragment.content, outcome.status_code) == (b'"bad"', 400)


def test_nothing_to_send_is_not_sent(sending):
    """No empty payload goes out."""
    assert sending(several=[]) == (Tally(), [], 0)


def test_a_rate_is_kept():
    """The second payload waits for the room that the first took."""
    with http_server() as server:
        ours = parts(server.url)
        transport = ours.open_transport()
        sender = Sender(ours, transport, 100.0, lambda *_: None, Tally())
        begin = time.monotonic()
        for _ in range(3):
            sender.send(fragments(b"{}", b"{}", b"{}"))
        took = time.monotonic() - begin
        transport.close()
    assert took >= 0.06
    assert sender.tally == Tally(sent=9)


SMALL = BatchLimits(max_exchanges=3, max_bytes=10)


@pytest.mark.parametrize(
    ("contents", "sizes"),
    [
        ([b"1234567"] * 3, [1, 1, 1]),
        ([b"1"] * 7, [3, 3, 1]),
        ([b"1234567", b"12", b"1", b"1"], [3, 1]),
        ([b"larger than the bound", b"1"], [1, 1]),
        ([], []),
    ],
)
def test_payloads_keep_to_the_bounds(contents, sizes):
    """Of bytes and of number; what is too large alone goes alone."""
    ours = parts(limits=SMALL)
    assert [len(one) for one in packed(ours, fragments(*contents))] == sizes


def as_is(stored):
    return Fragment(stored.exchange.id, stored.exchange.request.path.encode())


@pytest.fixture
def kept():
    """A store with a few exchanges."""
    writer = Writer(default_path())
    writer.append([jsonline.dumps(exchange(f"/{number:06}")) for number in range(5)])
    writer.close()
    with Store(default_path()) as store:
        yield store


def test_the_place_moves_on_only_with_the_last_part(kept):
    """A run that is stopped between two parts sends the first once more, and misses nothing."""
    ours, place = parts(limits=SMALL), Place("store", "readme")
    batches = of_store(kept, Filter(), as_is, ours, place)
    sizes = []
    for batch in batches:
        sizes.append(len(batch.fragments))
        batch.done()
        if len(sizes) == 2:
            assert place.read() == 0
    assert sizes == [1] * 5
    assert place.read() == kept.last_seq()
    assert list(of_store(kept, Filter(), as_is, ours, place)) == []


def test_the_place_outlives_what_was_there(kept):
    """Erased or pruned in the meantime, it still tells what was sent from what was not."""
    third = kept.newer(0, Filter(), 5)[2]
    place = Place("store", "readme")
    place.write(third.seq, third.id)
    with closing(sqlite3.connect(default_path())) as other, other:
        other.execute("DELETE FROM exchange WHERE seq = ?", (third.seq,))
        other.execute("DELETE FROM record WHERE seq = ?", (third.seq,))
    (rest,) = of_store(kept, Filter(), as_is, parts(), place)
    assert [one.content for one in rest.fragments] == [b"/000003", b"/000004"]


def test_what_the_filter_leaves_out_is_not_sent(kept):
    """And that it came to the end is known."""
    wanted = Filter(path="/nothing")
    assert list(of_store(kept, wanted, as_is, parts(), Place("store", "readme"))) == []


def test_a_file_goes_on_after_what_was_sent():
    """By the number of its entries."""
    stored = [StoredExchange(exchange(f"/{number}"), ()) for number in range(4)]
    place = Place("file", "readme")
    ours = parts(limits=BatchLimits(max_exchanges=3, max_bytes=1000))
    first = next(of_exchanges(stored, as_is, ours, place))
    first.done()
    (rest,) = of_exchanges(stored, as_is, ours, place)
    assert [one.content for one in rest.fragments] == [b"/3"]


# -- the commands -------------------------------------------------------------------------


def test_replay_tells_a_person_what_it_did(run, filled, server):
    """How many were sent, and before that how many would be."""
    said = run("replay", "--dry-run", **readme(server))
    assert "5 exchanges would be sent to readme" in said.stdout
    assert "nothing was sent" in said.stderr
    assert "5 exchanges sent to readme" in run("replay", **readme(server)).stdout


def test_replay_names_what_was_refused(run, filled, server):
    """Each with its id and the answer; the rest was sent."""
    server.status = 400
    said = run("replay", "--search", "Ada", **readme(server))
    assert f"refused: {filled['plain'].id}: 400" in said.stderr
    assert "0 exchanges sent to readme, 1 refused" in said.stdout


def test_replay_leaves_out_calls_that_a_backend_has_no_place_for(run, server):
    """ReadMe logs what was answered, not what was made; that is said once."""
    calls = [exchange(f"/{number}", kind="client", caller="ada") for number in range(2)]
    writer = Writer(default_path())
    writer.append([jsonline.dumps(one) for one in calls])
    writer.close()
    said = run("replay", **readme(server))
    assert "0 exchanges sent to readme, 2 left out" in said.stdout
    assert said.stderr.count("it was made by the app, not answered by it") == 1


def test_replay_of_a_file_begins_anew_if_told_to(run, filled, server, tmp_path):
    """``--restart``."""
    target = tmp_path / "out.har"
    run("export", "-o", target)
    for arguments, sent in (((), 5), ((), 0), (("--restart",), 5)):
        result = run("replay", "--har", target, "--json", *arguments, **readme(server))
        assert json.loads(result.stdout)["sent"] == sent


def test_replay_from_two_sources_is_a_mistake(run, filled, server, tmp_path):
    """Which one is meant?"""
    (tmp_path / "x").write_text("")
    failed_well(
        run("replay", "--har", "x", "--spool", "x", **readme(server)), 2, "can't be given together"
    )


@pytest.mark.parametrize("option", [("--method", "GET"), ("--caller", "ada"), ("--since", "2d")])
@pytest.mark.parametrize("source", ["--har", "--spool"])
def test_a_choice_that_would_not_be_kept_is_a_mistake(run, server, tmp_path, source, option):
    """Nothing is sent that was not asked for."""
    (tmp_path / "x").write_text('{"log": {"entries": []}}')
    (tmp_path / spool_of(server)).write_text("")
    name = "x" if source == "--har" else spool_of(server)
    failed_well(run("replay", source, name, *option, **readme(server)), 2, "go whole")


def spool_of(server):
    """Return the name of the file that ReadMe's spool would have."""
    return Path(spool_path("", "readme", parts(server.url).destination)).name


@pytest.mark.parametrize("source", [(), ("--har", "out.har")])
def test_what_one_server_got_another_has_not(run, filled, server, tmp_path, source):
    """Tried on one's own machine first, then sent where it belongs."""
    run("export", "-o", tmp_path / "out.har")
    with http_server() as rehearsal:
        for target, sent in ((rehearsal, 5), (server, 5), (server, 0)):
            result = run("replay", *source, "--json", **readme(target))
            assert json.loads(result.stdout)["sent"] == sent


def test_a_file_that_was_written_anew_is_another(run, filled, server, tmp_path):
    """Its path says nothing of what was sent."""
    for chosen, sent in ((("--status", "201"), 1), ((), 5)):
        run("export", "-o", tmp_path / "out.har", *chosen)
        result = run("replay", "--har", "out.har", "--json", **readme(server))
        assert json.loads(result.stdout)["sent"] == sent


@pytest.mark.parametrize("fewer", [0, 3])
def test_a_store_that_was_made_anew_is_another(run, filled, server, fewer):
    """As the demo's is at each run: the place in the old one says nothing of it."""
    assert json.loads(run("replay", "--json", **readme(server)).stdout)["sent"] == 5
    for file in default_path().parent.glob("exchanges.sqlite*"):
        file.unlink()
    writer = Writer(default_path())
    writer.append(
        [jsonline.dumps(exchange(f"/{number}", caller="ada")) for number in range(7 - fewer)]
    )
    writer.close()
    assert json.loads(run("replay", "--json", **readme(server)).stdout)["sent"] == 7 - fewer


def test_a_time_ago_is_the_same_question_each_time(run, filled, server):
    """The same command goes on where it was; another one has a place of its own."""
    for ago, sent in (("2d", 5), ("2d", 0), ("3d", 5)):
        result = run("replay", "--since", ago, "--json", **readme(server))
        assert json.loads(result.stdout)["sent"] == sent


def test_a_file_and_an_id_are_two_previews(run, server, tmp_path):
    """An id is the store's."""
    (tmp_path / "x.har").write_text('{"log": {"entries": []}}')
    failed_well(run("preview", "3f9a", "--har", "x.har", **readme(server)), 2, "goes whole")


def test_replay_of_a_store_to_itself_is_a_mistake(run, filled):
    """With nothing configured that is what would happen."""
    failed_well(run("replay"), 1, "can't be replayed to itself", "--backend")


def test_replay_to_a_store_that_can_not_be_used(run, filled, tmp_path):
    """The reason at once: no patience helps."""
    diary = tmp_path / "diary"
    diary.write_text("Dear diary,")
    har = tmp_path / "out.har"
    run("export", "-o", har)
    result = run(
        "replay", "--har", har, "--backend", "local", WSGI_APIMETRICS_LOCAL_PATH=str(diary)
    )
    failed_well(result, 1, "local refuses:", "is not a store", "0 exchanges were sent")
    result = run("check", WSGI_APIMETRICS_LOCAL_PATH=str(diary))
    assert result.returncode == 1
    assert "HTTP" not in result.stdout
    assert f"{diary} is not a store" in result.stdout


def test_what_is_no_spool_is_not_replayed_as_one(run, tmp_path):
    """It is not said to be another account's."""
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary,")
    failed_well(run("replay", "--spool", path), 1, "is no spool: their names end in")


def test_a_spool_can_be_looked_at_without_sending(run, spool, server):
    """It comes to an end, and what waits still waits."""
    path, environment = spool
    server.status = 200
    arguments = ("replay", "--spool", path, "--json")
    assert json.loads(run(*arguments, "--dry-run", **environment).stdout)["sent"] == 1
    assert json.loads(run(*arguments, **environment).stdout)["sent"] == 1


def test_a_spool_of_a_newer_version_is_left_alone(run, spool):
    """Neither read nor sent."""
    path, environment = spool
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    failed_well(run("replay", "--spool", path, **environment), 1, str(path))
    failed_well(run("spool", "verify", path), 1, "a newer wsgi-apimetrics (format 99)")


# -- HAR files ----------------------------------------------------------------------------


def har(tmp_path, **changed):
    """Read a HAR file with one entry, as it is changed."""
    request = {"method": "POST", "url": "https://a.example/x", **changed.pop("request", {})}
    response = {"status": 200, **changed.pop("response", {})}
    entry = {"startedDateTime": "2026-11-21T12:00:00.123456789Z", **changed}
    entry.update(request=request, response=response)
    path = tmp_path / "x.har"
    path.write_text(json.dumps({"log": {"entries": [entry]}}))
    (found,) = read(path)
    return found.exchange


@pytest.mark.parametrize(
    ("posted", "content", "media_type"),
    [
        ({"mimeType": "text/plain", "text": "a"}, b"a", "text/plain"),
        (
            {"mimeType": "x/y", "text": base64.b64encode(b"\xff").decode(), "encoding": "base64"},
            b"\xff",
            "x/y",
        ),
        (
            {
                "mimeType": "multipart/form-data; boundary=x",
                "params": [{"name": "a", "value": "1"}, {"name": "file"}],
            },
            b"a=1&file=",
            "application/x-www-form-urlencoded",
        ),
        (
            {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a"}]},
            b"a=",
            "application/x-www-form-urlencoded",
        ),
    ],
)
def test_har_post_data(tmp_path, posted, content, media_type):
    """As text, coded, or taken apart as a form."""
    body = har(tmp_path, request={"postData": posted}).request.body
    assert (body.content, body.media_type) == (content, media_type)


@pytest.mark.parametrize(
    ("given", "content", "size", "truncated"),
    [
        ({"size": 2, "text": "ok"}, b"ok", 2, False),
        ({"size": 100, "text": "ok"}, b"ok", 100, True),
        ({"size": 100}, None, 100, False),
        ({}, b"", 0, False),
    ],
)
def test_har_content(tmp_path, given, content, size, truncated):
    """Whole, cut off, left out, or none."""
    body = har(tmp_path, response={"content": given}).response.body
    assert (body.content, body.size, body.truncated) == (content, size, truncated)


@pytest.mark.parametrize(
    ("given", "total"),
    [({"time": 1500}, 1.5), ({"timings": {"wait": 20, "receive": 5, "send": -1}}, 0.025), ({}, 0)],
)
def test_har_timings(tmp_path, given, total):
    """In milliseconds."""
    assert har(tmp_path, **given).timings.total == pytest.approx(total)


def test_har_with_base64_that_is_none(tmp_path):
    """Said with the file and the entry."""
    with pytest.raises(NoHar, match=r"x\.har: entry 0: ValueError: base64"):
        har(tmp_path, response={"content": {"text": "%%%", "encoding": "base64"}})


def test_readmes_own_logs_are_read_too(run, filled, server, tmp_path):
    """What ``preview`` writes for ReadMe can be looked at with ``redact``."""
    log = tmp_path / "logs.json"
    log.write_text(run("preview", filled["plain"].id, **README).stdout)
    assert "nothing was taken out" in run("redact", log).stdout
