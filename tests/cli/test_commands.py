"""Every command as a new user would try it, with wrong input too."""

from __future__ import annotations

import csv
import doctest
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from har_schema import HAR as SCHEMA
from servers import Answer, HttpServer
from store.samples import exchange, version_1

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.cli import export, terminal
from wsgi_apimetrics.cli.commands import COMMANDS
from wsgi_apimetrics.delivery.spool_files import SpoolFile
from wsgi_apimetrics.delivery.spool_schema import checksum
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.store import Store, default_path


def failed_well(result, code, *words):
    """It says what is wrong in a line on stderr, without a traceback."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    for word in words:
        assert word in result.stderr


# -- around all commands ------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    """``--help`` says what it does."""
    result = run(command, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "Usage: wsgi-apimetrics" in result.stdout


def test_the_help_lists_every_command(run):
    """In one screen."""
    result = run("--help")
    assert all(f"\n  {command} " in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", [[], ["spool"]])
def test_no_command_is_listed_by_half_a_sentence(run, command):
    """Click cuts what is too long for its line."""
    assert "..." not in run(*command, "--help").stdout.partition("Commands:")[2]


def test_a_mistyped_command_is_answered_with_the_nearest(run):
    """Exit code 2, as for every mistake of typing."""
    failed_well(run("stat"), 2, "no command 'stat'", "'stats'")


def test_an_unknown_option_is_exit_code_2(run):
    """Click's own words."""
    failed_well(run("tail", "--nonsense"), 2, "--nonsense")


@pytest.mark.parametrize("command", [["tail", "--no-follow"], ["stats"], ["show", "x"], ["export"]])
def test_without_a_store_there_is_a_clear_word(run, command):
    """And nothing is made."""
    failed_well(run(*command), 1, "there is no store at")
    assert not default_path().exists()


@pytest.mark.parametrize("command", [["tail", "--no-follow"], ["stats"], ["erase", "x"]])
def test_a_file_that_is_no_store_is_left_alone(run, tmp_path, command):
    """The text names the file."""
    diary = tmp_path / "diary"
    diary.write_text("Dear diary,")
    failed_well(run(*command, "--store", diary), 1, "is not a store", str(diary))
    assert diary.read_text() == "Dear diary,"


@pytest.mark.parametrize("command", [["tail", "--no-follow"], ["stats"], ["erase", "x", "--yes"]])
def test_a_store_of_an_older_version_is_brought_up_to_date(run, tmp_path, command):
    """The command that a reader names works, and so do the others; once it is said."""
    path = tmp_path / "old.sqlite"
    version_1(path, exchange("/of/old"))
    result = run(*command, "--store", path)
    assert result.returncode == 0, result.stderr
    assert f"Bringing {path} up to date" in result.stderr
    again = run("tail", "--no-follow", "--store", path)
    assert "/of/old" in again.stdout
    assert again.stderr == ""


def test_an_older_store_that_may_not_be_written_is_left_alone(run, tmp_path):
    """The text says why; no traceback."""
    path = tmp_path / "old.sqlite"
    version_1(path, exchange())
    locked = sqlite3.connect(path, isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    locked.execute("PRAGMA user_version = 1")
    failed_well(run("stats", "--store", path), 1, "locked")
    locked.close()


def test_the_store_may_come_from_the_environment(run, filled, tmp_path):
    """The same variable that the app reads."""
    elsewhere = tmp_path / "none.sqlite"
    failed_well(run("stats", WSGI_APIMETRICS_LOCAL_PATH=str(elsewhere)), 1, str(elsewhere))


def test_nothing_captured_acts_on_the_terminal(run, filled):
    """Escape sequences and bidirectional overrides are shown, not obeyed."""
    for command in (["tail", "--no-follow"], ["show", filled["hostile"].id], ["stats"]):
        result = run(*command, FORCE_COLOR="1", NO_COLOR="")
        assert "\x1b]" not in result.stdout
        assert "\x1b[2J" not in result.stdout
        assert "\u202e" not in result.stdout
    assert "\\x1b]0;owned" in result.stdout


def test_no_color_is_honoured(run, filled):
    """Not one escape sequence, whatever else asks for colours."""
    result = run("show", filled["plain"].id, NO_COLOR="1", FORCE_COLOR="1")
    assert "\x1b[3" not in result.stdout


def test_a_reader_that_goes_is_no_error(filled):
    """``wsgi-apimetrics export | head -c 1``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wsgi_apimetrics", "export", "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(30) in {0, 1}


def test_completion_is_there(run):
    """The shell is told the commands."""
    result = run(_WSGI_APIMETRICS_COMPLETE="bash_source")
    assert "complete" in result.stdout


def test_without_the_extra_it_names_the_extra():
    """No traceback for a missing click or rich."""
    source = "import sys; sys.modules['click'] = None; from wsgi_apimetrics.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=30
    )
    failed_well(result, 1, "pip install 'wsgi-apimetrics[cli]'")


def test_a_fault_of_ours_is_not_said_to_be_a_missing_extra():
    """Another import that fails keeps its traceback."""
    source = (
        "import sys; sys.modules['difflib'] = None; from wsgi_apimetrics.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=30
    )
    assert result.returncode == 1
    assert "import of difflib halted" in result.stderr


# -- looking ------------------------------------------------------------------------------


def test_show_has_everything(run, filled):
    """Request, response, error; the beginning of the id is enough."""
    result = run("show", filled["failed"].id[:13])
    assert result.returncode == 0
    for part in ("GET http://api.example.com/broken?draft=1", "500", "KeyError", "line 7"):
        assert part in result.stdout


def test_show_as_json_is_the_line(run, filled):
    """Lossless, for a script."""
    result = run("show", filled["binary"].id, "--json")
    assert jsonline.loads(result.stdout).exchange == filled["binary"]


def test_show_gives_binary_bodies_as_hex(run, filled):
    """With the letters beside it."""
    assert "89 50 4e 47 00 ff" in run("show", filled["binary"].id).stdout


def test_an_id_of_nothing_is_said_so(run, filled):
    """Exit code 1."""
    failed_well(run("show", "zzz"), 1, "no exchange 'zzz'")


def test_tail_prints_the_newest_last(run, filled):
    """One line each, oldest of them first."""
    result = run("tail", "-n", 3, "--no-follow")
    found = result.stdout.splitlines()
    assert len(found) == 3
    assert "/broken" in found[0]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--status", "5xx"], {"failed"}),
        (["--status", "201,5xx"], {"failed", "post"}),
        (["--method", "post"], {"post"}),
        (["--caller", "key-of-ada"], {"plain"}),
        (["--search", "Ada"], {"plain"}),
        (["--slower", "1"], {"post"}),
        (["--errors"], {"failed"}),
        (["--scheme", "http"], {"failed"}),
        (["--query", "aft="], {"failed"}),
        (["--request-type", "Text/Plain"], {"failed"}),
        (["--response-type", "image/png"], {"binary"}),
        (["--sent-larger", "1"], {"post"}),
        (["--sent-smaller", "14", "--method", "POST"], set()),
        (["--larger", "1", "--smaller", "6"], {"binary"}),
        (["--faster", "1", "--errors", "--redacted"], {"failed"}),
        (["--unredacted"], set()),
        (["--path", "/us*"], {"plain"}),
        (["--route", "/broken"], {"failed"}),
        (
            ["--since", "1h", "--host", "api.example.com", "--larger", "10"],
            {"plain"},
        ),
        (["--until", "2h"], set()),
        (["--since", "2020-01-01", "--until", "2020-01-02T10:00:00Z"], set()),
    ],
)
def test_filters(run, filled, arguments, names):
    """Each narrows what is printed."""
    result = run("tail", "--no-follow", "--json", *arguments)
    ids = {json.loads(line)["id"] for line in result.stdout.splitlines()}
    assert ids == {filled[name].id for name in names}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--since", "yesterday"], "is no time"),
        (["--status", "teapot"], "is no status"),
        (["--slower", "long"], "valid float"),
        (["--smaller", str(10**20)], "range"),
        (["--scheme", "ftp"], "https"),
        (["--kind", "both"], "server"),
    ],
)
def test_wrong_filters_are_explained(run, filled, arguments, word):
    """Exit code 2 and what is accepted."""
    failed_well(run("tail", "--no-follow", *arguments), 2, word)


def test_tail_follows_until_ctrl_c(filled, state_dir):
    """What comes is printed as it comes; Ctrl-C is no error message."""
    from store.samples import exchange, lines

    from wsgi_apimetrics.store import Writer

    process = subprocess.Popen(
        [sys.executable, "-m", "wsgi_apimetrics", "tail", "-n", "1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    process.stdout.readline()
    new = exchange("/new")
    writer = Writer(state_dir / "wsgi-apimetrics" / "exchanges.sqlite")
    writer.append(lines(new))
    writer.close()
    assert json.loads(process.stdout.readline())["id"] == new.id
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    watchdog.cancel()
    assert (process.returncode, said) == (130, "\n")


def test_stats(run, filled):
    """Figures for people, and for a script."""
    result = run("stats")
    assert "5 exchanges" in result.stdout
    plain = json.loads(run("stats", "--json").stdout)
    assert plain["now"]["totals"]["count"] == 5
    assert plain["now"]["totals"]["server_errors"] == 1


def test_stats_of_a_range_that_ends_before_it_begins(run, filled):
    """A mistake of typing."""
    failed_well(run("stats", "--since", "1h", "--until", "2h"), 2, "before")


# -- taking out ---------------------------------------------------------------------------


def test_export_har_is_har(run, filled, tmp_path):
    """Valid against the schema, private, and it can be read back."""
    import jsonschema

    target = tmp_path / "out.har"
    result = run("export", "-o", target)
    assert "5 exchanges written" in result.stderr
    document = json.loads(target.read_text())
    jsonschema.validate(document, SCHEMA)
    assert target.stat().st_mode & 0o777 == 0o600


def test_export_of_nothing_is_still_a_har(run, filled):
    """An empty list of entries."""
    assert json.loads(run("export", "--status", "418").stdout)["log"]["entries"] == []


def test_export_jsonl_is_lossless(run, filled):
    """Every exchange comes back as it was."""
    result = run("export", "--format", "jsonl")
    back = {jsonline.loads(line).exchange.id for line in result.stdout.splitlines()}
    assert back == {one.id for one in filled.values()}


def test_export_routes(run, filled):
    """A row for each route and method."""
    rows = list(csv.DictReader(io.StringIO(run("export", "--format", "routes").stdout)))
    by_path = {row["path"]: row for row in rows}
    assert by_path["/users/*"]["statuses"] == "200"
    assert by_path["/orders"]["method"] == "post"


def test_export_to_where_nobody_may_write(run, filled, tmp_path):
    """The system's word, without a traceback."""
    target = tmp_path / "no" / "out.har"
    failed_well(run("export", "-o", target), 1, f"Error: {target}: No such file or directory")


def test_erase_takes_out_one_caller(run, filled, state_dir):
    """By the key itself; nothing of it is left in the file."""
    failed_well(run("erase", "key-of-ada", stdin=""), 1, "Aborted")
    result = run("erase", "key-of-ada", "--yes", "--json")
    assert json.loads(result.stdout) == {"erased": 1}
    path = default_path()
    with Store(path) as store:
        assert store.extent().exchanges == 4
        assert store.get(filled["plain"].id) is None
    content = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert mask("key-of-ada").encode() not in content
    assert filled["plain"].id.encode() not in content


def test_erase_of_nobody(run, filled):
    """Nothing asked, nothing erased."""
    result = run("erase", "stranger")
    assert (result.returncode, result.stdout.startswith("0 exchanges")) == (0, True)


# -- what leaves --------------------------------------------------------------------------

README = {"WSGI_APIMETRICS_BACKENDS": "readme", "WSGI_APIMETRICS_README_API_KEY": "k"}


class Server(HttpServer):
    """A server whose answer can be changed while it runs."""

    def __init__(self):
        self.status = 200
        super().__init__(lambda got: Answer(self.status))


@pytest.fixture
def server():
    server = Server()
    server.start()
    yield server
    server.stop()


def readme(server):
    return {**README, "WSGI_APIMETRICS_README_SERVER": server.url}


def test_what_was_redacted_stays_as_it_is(run, filled, state_dir):
    """Neither a marker is redacted once more nor a mask masked, on whatever way."""
    from store.samples import exchange

    from wsgi_apimetrics.encoding.local import LocalEncoder
    from wsgi_apimetrics.redaction.policy import RedactionPolicy
    from wsgi_apimetrics.redaction.redactor import Redactor
    from wsgi_apimetrics.redaction.vocabulary import README as VOCABULARY
    from wsgi_apimetrics.store import Writer

    secret = (("Authorization", "Bearer abcdefgh"), ("X-Api-Key", "k" * 30))
    once = Redactor(RedactionPolicy(), VOCABULARY).redact(exchange(caller="key", headers=secret))
    line = LocalEncoder().encode(once).content
    writer = Writer(default_path())
    writer.append([line])
    writer.close()
    assert run("preview", once.id).stdout.strip().encode() == line
    har = run("export").stdout
    assert "[REDACTED 30]" in har
    assert once.request.headers[0][1] in har


def test_preview_gives_the_exact_bytes(run, filled):
    """ReadMe's array of one log; what it is on stderr."""
    result = run("preview", filled["plain"].id, **README)
    [log] = json.loads(result.stdout)
    assert log["_id"] == filled["plain"].id
    assert log["group"]["id"] == mask("key-of-ada")
    assert "readme" in result.stderr


def test_preview_of_nothing_and_of_a_file(run, filled, tmp_path):
    """An empty store is said to be; a HAR file needs none; two backends are a line each."""
    har = tmp_path / "out.har"
    run("export", "-o", har, "--status", "5xx")
    both = {**README, "WSGI_APIMETRICS_BACKENDS": "readme, local"}
    result = run("preview", "--har", har, WSGI_APIMETRICS_LOCAL_PATH="none.sqlite", **both)
    log, line = map(json.loads, result.stdout.splitlines())
    assert log[0]["request"]["log"]["entries"][0]["response"]["status"] == 500
    assert line["id"] == filled["failed"].id
    run("erase", "--yes", "key-of-ada")
    run("erase", "--yes", "key-of-bob")
    failed_well(run("preview", **README), 1, "is empty")


def test_preview_without_an_id_is_of_the_newest(run, filled):
    """What has just happened."""
    result = run("preview", "--backend", "local")
    assert json.loads(result.stdout)["id"] == filled["hostile"].id


def test_check_says_that_all_is_well(run, server):
    """Exit code 0."""
    result = run("check", **readme(server))
    assert (result.returncode, "✓ readme" in result.stdout) == (0, True)


def test_check_says_what_is_wrong(run, server):
    """A refused key is exit code 1, with what to do."""
    server.status = 401
    result = run("check", "--json", **readme(server))
    [finding] = json.loads(result.stdout)
    assert (result.returncode, finding["ok"]) == (1, False)
    assert "key" in finding["mend"]


@pytest.mark.parametrize(
    ("status", "word"), [(403, "may it write"), (404, "URL right"), (503, "try again later")]
)
def test_check_says_what_to_do_about_an_answer(run, server, status, word):
    """In words, below the answer itself."""
    server.status = status
    result = run("check", **readme(server))
    assert result.returncode == 1
    assert f"✗ readme  answers {status}" in result.stdout
    assert word in result.stdout


def test_check_of_an_answer_that_it_knows_no_mend_for(run, server):
    """The answer alone."""
    server.status = 418
    result = run("check", "--json", **readme(server))
    assert json.loads(result.stdout) == [
        {"backend": "readme", "ok": False, "answer": "answers 418: OK", "mend": ""}
    ]


def test_check_says_that_nobody_answers(run):
    """The network's word, and where to look."""
    result = run("check", **{**README, "WSGI_APIMETRICS_README_SERVER": "http://127.0.0.1:9"})
    assert result.returncode == 1
    assert "no answer: " in result.stdout
    assert "may this machine reach it" in result.stdout


def test_check_without_the_network_reaches_nothing(run, server):
    """It only reads the configuration."""
    result = run("check", "--no-network", **readme(server))
    assert (result.returncode, server.got) == (0, [])
    assert "not asked" in result.stdout


def test_check_of_one_backend(run):
    """By its name; another one is said not to be there."""
    assert "✓ local" in run("check", "--backend", "local").stdout
    failed_well(
        run("check", "--backend", "otlp", **README), 1, "no backend 'otlp'", "there is readme"
    )


def test_check_finds_the_app_from_the_installed_command_too(tmp_path):
    """As a server does: in the working directory."""
    (tmp_path / "theirs.py").write_text(APP)
    program = Path(sys.executable).with_name("wsgi-apimetrics")
    result = subprocess.run(
        [program, "check", "--app", "theirs:wrapped"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (result.returncode, "✓ local" in result.stdout) == (0, True)


def test_check_from_two_sources_is_a_mistake(run):
    """Which one holds?"""
    failed_well(run("check", "--app", "a:b", "--ini", "c"), 2, "can't be given together")


def test_check_of_a_file_that_is_no_ini(run, tmp_path):
    """Said with its name."""
    for content in ("no section\n", "\xff\xfe"):
        (tmp_path / "x.ini").write_text(content, encoding="latin-1")
        failed_well(run("check", "--ini", "x.ini"), 1, "x.ini is no ini file")


def test_check_explains_a_wrong_option(run):
    """The option, what came, what is accepted."""
    failed_well(run("check", WSGI_APIMETRICS_BUFFER_LENGTH="many"), 1, "BUFFER_LENGTH", "'many'")


def test_check_reads_an_ini_file(run, tmp_path):
    """As PasteDeploy does; a wrong name is explained with the file and the section."""
    ini = tmp_path / "app.ini"
    ini.write_text("[filter:metrics]\nuse = egg:wsgi_apimetrics\nbuffer_length = 5\n")
    assert run("check", "--ini", ini).returncode == 0
    ini.write_text("[filter:metrics]\nuse = egg:wsgi_apimetrics\nbufer_length = 5\n")
    failed_well(run("check", "--ini", ini), 1, "[filter:metrics]", "buffer_length")
    failed_well(run("check", "--ini", f"{ini}#filter:other"), 1, "filter:other")
    failed_well(run("check", "--ini", tmp_path / "none.ini"), 1, "can't be read")


APP = """
from wsgi_apimetrics import ApiMetricsMiddleware, Local
def app(environ, start_response): ...
wrapped = ApiMetricsMiddleware(app, Local(path="theirs.sqlite"))
def create_app(): return wrapped
def breaks(): raise RuntimeError("no database")
"""


@pytest.mark.parametrize("name", ["wrapped", "create_app"])
def test_check_reads_the_app_itself(run, tmp_path, name):
    """``module:object``, or a function that makes it, from the working directory."""
    (tmp_path / "theirs.py").write_text(APP)
    result = run("check", "--app", f"theirs:{name}")
    assert "✓ local" in result.stdout
    assert (tmp_path / "theirs.sqlite").exists()


@pytest.mark.parametrize(
    "name", ["theirs:missing", "nowhere:app", "theirs:app", "theirs", "theirs:breaks"]
)
def test_check_explains_an_app_that_is_none(run, tmp_path, name):
    """Whatever is wrong with the dotted path."""
    (tmp_path / "theirs.py").write_text(APP)
    failed_well(run("check", "--app", name), 1, f"--app {name}")


def test_replay_sends_the_store_once(run, filled, server):
    """Oldest first; a second run has nothing more to do, ``--restart`` sends all again."""
    environment = readme(server)
    dry = json.loads(run("replay", "--dry-run", "--json", **environment).stdout)
    assert (dry["sent"], len(server.got)) == (5, 0)
    assert json.loads(run("replay", "--json", **environment).stdout)["sent"] == 5
    ids = [log["_id"] for request in server.got for log in json.loads(request.body)]
    assert ids == [one.id for one in filled.values()]
    assert json.loads(run("replay", "--json", **environment).stdout)["sent"] == 0
    assert json.loads(run("replay", "--json", "--restart", **environment).stdout)["sent"] == 5


def test_replay_of_a_har_file_goes_on_where_it_stopped(run, filled, server, tmp_path):
    """A refused key ends it with a clear word; the same command sends the rest."""
    target = tmp_path / "out.har"
    run("export", "-o", target)
    server.status = 401
    failed_well(run("replay", "--har", target, **readme(server)), 1, "refuses: 401")
    server.status = 200
    result = run("replay", "--har", target, "--json", **readme(server))
    assert json.loads(result.stdout)["sent"] == 5


def test_replay_has_its_own_rate(run, filled, server):
    """A bound on exchanges a second is taken."""
    result = run("replay", "--rate", "1000", "--json", **readme(server))
    assert json.loads(result.stdout)["sent"] == 5


def test_replay_says_what_the_backend_has_no_place_for(run, server, tmp_path):
    """A HAR file of another tool names no caller, which ReadMe wants."""
    entry = {
        "startedDateTime": "2026-11-21T12:00:00.000Z",
        "time": 12,
        "request": {"method": "GET", "url": "https://example.com/x?y=1", "headers": []},
        "response": {"status": 200, "content": {"size": 2, "text": "ok", "mimeType": "text/plain"}},
    }
    file = tmp_path / "other.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}))
    result = run("replay", "--har", file, "--json", **readme(server))
    assert json.loads(result.stdout)["left_out"] == 1
    assert "no_group" in result.stderr
    local = run("replay", "--har", file, "--backend", "local", "--json")
    assert json.loads(local.stdout)["sent"] == 1
    with Store(default_path()) as store:
        [kept] = store.page().summaries
    assert kept.url == "https://example.com/x?y=1"


def test_replay_to_several_asks_which(run, filled):
    """Nothing is sent to a backend that was not meant."""
    both = {**README, "WSGI_APIMETRICS_BACKENDS": "readme, local"}
    failed_well(run("replay", **both), 1, "choose by --backend")


@pytest.mark.parametrize("content", ["nonsense", "{}", '{"log": {"entries": [{}]}}', "[1]"])
def test_a_file_that_is_no_har_is_explained(run, tmp_path, content):
    """With the file's name."""
    file = tmp_path / "x.har"
    file.write_text(content)
    failed_well(run("redact", file), 1, str(file))


def test_redact_shows_what_each_rule_takes_out(run):
    """Before in the lines that go, after in those that come, and rules that matched nothing."""
    body = '{"password": "hunter2", "name": "Ada"}'
    result = run("redact", "--denylist", "password", "--denylist", "nope", stdin=body)
    assert result.returncode == 0
    assert "nope  matched nothing" in result.stdout


def test_redact_of_a_har_file(run, filled, tmp_path):
    """Header rules, with the places."""
    target = tmp_path / "out.har"
    run("export", "-o", target)
    result = run("redact", target, "--denylist", "X-Odd")
    assert "request.headers.X-Odd" in result.stdout


def test_redact_says_no_more_than_a_screen_holds(run):
    """Of many places the first, and of a long difference the beginning."""
    body = json.dumps({f"key-{number}": {"password": "x"} for number in range(300)})
    result = run("redact", "--denylist", "$..password", stdin=body)
    assert "took out 300" in result.stdout
    assert "… and 280 more" in result.stdout
    assert re.search(r"… and \d+ more lines", result.stdout)


def test_redact_says_how_often(run, filled, tmp_path):
    """A place in several exchanges is one line; a body that is left out is said to be."""
    target = tmp_path / "out.har"
    run("export", "-o", target)
    result = run("redact", target, "--redact-response-body", "$.name")
    assert "mask  took out 5\n    group.id, 5 times\n" in result.stdout
    assert "+(left out: redaction: binary)" in result.stdout


@pytest.mark.parametrize("vocabulary", ["readme", "apitoolkit"])
def test_redact_as_a_script_wants_it(run, vocabulary):
    """Lines of JSON with what was taken out; with the marker of the vendor that is named."""
    result = run(
        "redact", "--denylist", "a", "--vocabulary", vocabulary, "--response", "--json",
        stdin='{"a": "secret"}',
    )  # fmt: skip
    line = jsonline.loads(result.stdout)
    assert b"secret" not in line.exchange.response.body.content
    assert (b"CLIENT_REDACTED" in line.exchange.response.body.content) is (
        vocabulary == "apitoolkit"
    )
    assert [one.place for one in line.redactions] == ["response.body.$.a"]


# -- spools -------------------------------------------------------------------------------


@pytest.fixture
def spool(run, filled, server, tmp_path):
    """A spool for ReadMe with one exchange that waits, as an app with a dead backend leaves it."""
    source = """
import os, sys
from werkzeug.test import Client
from wsgi_apimetrics import ApiMetricsMiddleware
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
middleware = ApiMetricsMiddleware(app)
Client(middleware).get("/waits")
middleware.shutdown(1)
"""
    directory = tmp_path / "spool"
    server.status = 503
    (tmp_path / "who.py").write_text("def who(request): return {'api_key': 'key-of-ada'}")
    environment = {**readme(server), "WSGI_APIMETRICS_SPOOL_DIR": str(directory)}
    environment["WSGI_APIMETRICS_GROUPING_FUNCTION"] = "who.who"
    subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, **environment},
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    server.status = 200
    [path] = directory.glob("*.spool")
    return path, environment


def test_a_spool_is_verified_and_exported(run, spool):
    """What waits in it, as JSON."""
    path, _ = spool
    result = run("spool", "verify", path.parent)
    assert (result.returncode, "1 exchanges wait" in result.stdout) == (0, True)
    [line] = run("spool", "export", path).stdout.splitlines()
    assert json.loads(line)["content"]["request"]["log"]["entries"][0]["request"]["url"].endswith(
        "/waits"
    )


def test_a_spool_is_replayed_to_its_own_backend(run, spool, server):
    """And is empty then; another account's backend does not get it."""
    path, environment = spool
    other = {**environment, "WSGI_APIMETRICS_README_API_KEY": "another"}
    failed_well(run("replay", "--spool", path, **other), 1, "another backend, account")
    before = len(server.got)
    result = run("replay", "--spool", path, "--json", **environment)
    assert json.loads(result.stdout)["sent"] == 1
    assert len(server.got) == before + 1
    assert "0 exchanges wait" in run("spool", "verify", path).stdout


def test_a_damaged_spool_is_repaired(run, spool):
    """What is intact is saved, and the old file kept."""
    path, _ = spool
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchange SET checksum = checksum + 1")
    connection.commit()
    connection.close()
    assert run("spool", "verify", path).returncode == 1
    result = run("spool", "repair", path)
    assert "0 exchanges saved, 1 lost" in result.stdout
    assert run("spool", "verify", path).returncode == 0


def test_a_spool_that_is_whole_is_left_as_it_is(run, spool):
    """Not a byte is changed."""
    path, _ = spool
    before = path.read_bytes()
    assert "whole, left as it is" in run("spool", "repair", path).stdout
    assert path.read_bytes() == before


def test_a_spool_that_an_app_has_open_is_not_repaired(run, spool):
    """What the app holds in it would be lost."""
    path, _ = spool
    file = SpoolFile(str(path), "normal")
    held, _ = file.open()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchange SET checksum = checksum + 1")
    connection.commit()
    connection.close()
    failed_well(run("spool", "repair", path), 1, str(path), "stop the app first")
    [report] = json.loads(run("spool", "verify", "--json", path).stdout)
    assert report["bad"] == 1
    held.close()
    file.let_go()
    assert "0 exchanges saved, 1 lost" in run("spool", "repair", path.parent).stdout


def test_a_spool_that_an_app_found_damaged_is_said_to_be(run, spool):
    """Though nothing is wrong with it that SQLite sees."""
    path, _ = spool
    path.with_name(f"{path.name}.damaged").write_text("1\n")
    result = run("spool", "verify", path)
    assert (result.returncode, "marked as damaged by an app" in result.stdout) == (1, True)


def test_a_spool_with_overwritten_pages_is_damaged(run, spool):
    """SQLite's word for it, and exit code 1."""
    path, _ = spool
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    result = run("spool", "verify", path)
    assert (result.returncode, "damaged: " in result.stdout) == (1, True)
    failed_well(run("spool", "export", path), 1, "is damaged: ", "repair it first")


def test_a_spool_that_ends_too_early_is_damaged(run, spool):
    """Though SQLite would read what is left of it."""
    path, _ = spool
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 4096)
    result = run("spool", "verify", path)
    assert (result.returncode, "the file is cut short" in result.stdout) == (1, True)


def test_dead_letters_are_counted_and_exported(run, spool):
    """What is damaged or no JSON is given too, and marked."""
    path, _ = spool
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO dead_letter (id, refused_at, answer, checksum, content) "
        "VALUES (?, 0, '', ?, ?)",
        [("a", checksum("a", b"\xff"), b"\xff"), ("b", 1, b"{}")],
    )
    connection.commit()
    connection.close()
    assert "1 exchanges wait, 2 dead letters" in run("spool", "verify", path).stdout
    _, a, b = map(json.loads, run("spool", "export", path).stdout.splitlines())
    assert a == {"spool": path.name, "id": "a", "dead_letter": True, "base64": "/w=="}
    assert (b["damaged"], b["content"]) == (True, {})


def test_another_programs_database_is_no_spool(run, tmp_path):
    """It is refused by its header."""
    path = tmp_path / "theirs.spool"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    failed_well(run("spool", "verify", path), 1, "is no spool of wsgi-apimetrics")
    (tmp_path / "empty").mkdir()
    failed_well(run("spool", "verify", tmp_path / "empty"), 1, "no spool in", "they end in .spool")


def test_a_file_that_is_no_spool_is_refused(run, tmp_path):
    """The text names it."""
    file = tmp_path / "x.spool"
    file.write_text("Dear diary,")
    for command in ("verify", "repair", "export"):
        failed_well(run("spool", command, file), 1, "is no spool")
    failed_well(run("spool", "verify", tmp_path / "none"), 2, "does not exist")


@pytest.mark.parametrize("module", [terminal, export])
def test_the_examples_in_the_docstrings_run(module):
    """The documentation's examples are true."""
    assert doctest.testmod(module).failed == 0
