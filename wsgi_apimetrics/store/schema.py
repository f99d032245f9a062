"""The tables, and how an older store becomes a current one.

``exchange`` is narrow, for lists and filters; its one index gives the order of a list, and knows
an exchange that comes twice. ``mark`` says for each block of exchanges which of them have which
value (:mod:`.marks`), and ``block`` which blocks it knows; the rest is looked at row by row.
``record`` holds each exchange whole, compressed. ``words`` is the full-text index over what
:mod:`.searchable` makes of a record; it holds no copy of the text, and may follow behind:
``state.indexed`` is the last exchange that it knows, and ``state.erasing`` is there while words of
what was erased may be in it. ``tally`` counts by minute and by hour, so
that an overview reads hundreds of rows, not millions; ``arrival`` says which ``seq`` each minute's
exchanges have, to bound a search in time.

``application_id`` says that a file is ours and ``user_version`` which schema it has. A change to
the tables is a new entry in ``MIGRATIONS``; entries that were released are never edited.
"""

from __future__ import annotations

APPLICATION_ID = 0x57414D31
"""``WAM1``, in the header of every store."""

_V1 = """
CREATE TABLE exchange (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    started_at REAL NOT NULL,
    kind TEXT NOT NULL,
    method TEXT NOT NULL,
    scheme TEXT NOT NULL,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    route TEXT,
    endpoint TEXT NOT NULL,
    status INTEGER NOT NULL,
    status_class INTEGER NOT NULL,
    duration REAL NOT NULL,
    request_size INTEGER,
    response_size INTEGER,
    request_type TEXT NOT NULL,
    response_type TEXT NOT NULL,
    caller TEXT,
    caller_label TEXT,
    client_address TEXT NOT NULL,
    framework TEXT,
    error_type TEXT,
    aborted INTEGER NOT NULL,
    parent_id TEXT,
    trace_id TEXT,
    tags TEXT,
    redactions INTEGER NOT NULL
);
CREATE UNIQUE INDEX exchange_id ON exchange (id);
CREATE INDEX exchange_started_at ON exchange (started_at);
CREATE INDEX exchange_kind ON exchange (kind, started_at);
CREATE INDEX exchange_method ON exchange (method, started_at);
CREATE INDEX exchange_host ON exchange (host, started_at);
CREATE INDEX exchange_path ON exchange (path, started_at);
CREATE INDEX exchange_endpoint ON exchange (endpoint, started_at);
CREATE INDEX exchange_status ON exchange (status, started_at);
CREATE INDEX exchange_status_class ON exchange (status_class, started_at);
CREATE INDEX exchange_duration ON exchange (duration, started_at);
CREATE INDEX exchange_request_size ON exchange (request_size, started_at);
CREATE INDEX exchange_response_size ON exchange (response_size, started_at);
CREATE INDEX exchange_response_type ON exchange (response_type, started_at);
CREATE INDEX exchange_client_address ON exchange (client_address, started_at);
CREATE INDEX exchange_caller ON exchange (caller, started_at) WHERE caller IS NOT NULL;
CREATE INDEX exchange_error_type ON exchange (error_type, started_at) WHERE error_type IS NOT NULL;
CREATE INDEX exchange_aborted ON exchange (aborted, started_at) WHERE aborted = 1;
CREATE INDEX exchange_framework ON exchange (framework, started_at) WHERE framework IS NOT NULL;
CREATE INDEX exchange_parent_id ON exchange (parent_id, started_at) WHERE parent_id IS NOT NULL;
CREATE INDEX exchange_trace_id ON exchange (trace_id, started_at) WHERE trace_id IS NOT NULL;

CREATE TABLE record (seq INTEGER PRIMARY KEY, line BLOB NOT NULL);

CREATE VIRTUAL TABLE words USING fts5 (
    path, headers, bodies, content='', tokenize='unicode61', prefix='3'
);

CREATE TABLE tally (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    facet TEXT NOT NULL,
    value TEXT NOT NULL,
    count INTEGER NOT NULL,
    client_errors INTEGER NOT NULL,
    server_errors INTEGER NOT NULL,
    duration REAL NOT NULL,
    longest REAL NOT NULL,
    request_bytes INTEGER NOT NULL,
    response_bytes INTEGER NOT NULL,
    PRIMARY KEY (span, facet, start, value)
) WITHOUT ROWID;

CREATE TABLE latency (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    slot INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (span, endpoint, start, slot)
) WITHOUT ROWID;

CREATE TABLE arrival (
    start INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL
);

CREATE TABLE caller (
    id TEXT PRIMARY KEY,
    label TEXT,
    email TEXT,
    first_seen REAL NOT NULL,
    last_seen REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO state VALUES ('indexed', 0), ('label', NULL);
"""

_V2 = """
DROP INDEX exchange_id;
DROP INDEX exchange_started_at;
DROP INDEX exchange_kind;
DROP INDEX exchange_method;
DROP INDEX exchange_host;
DROP INDEX exchange_path;
DROP INDEX exchange_endpoint;
DROP INDEX exchange_status;
DROP INDEX exchange_status_class;
DROP INDEX exchange_duration;
DROP INDEX exchange_request_size;
DROP INDEX exchange_response_size;
DROP INDEX exchange_response_type;
DROP INDEX exchange_client_address;
DROP INDEX exchange_caller;
DROP INDEX exchange_error_type;
DROP INDEX exchange_aborted;
DROP INDEX exchange_framework;
DROP INDEX exchange_parent_id;
DROP INDEX exchange_trace_id;
CREATE UNIQUE INDEX exchange_started_at ON exchange (started_at, id);

CREATE TABLE block (number INTEGER PRIMARY KEY, since REAL NOT NULL, until REAL NOT NULL);

CREATE TABLE mark (
    block INTEGER NOT NULL,
    field TEXT NOT NULL,
    value NOT NULL,
    places BLOB NOT NULL,
    PRIMARY KEY (block, field, value)
) WITHOUT ROWID;

ALTER TABLE tally ADD COLUMN slots BLOB NOT NULL DEFAULT x'';
UPDATE tally SET slots = (
    SELECT packed_slots(slot, count) FROM latency
    WHERE latency.span = tally.span AND latency.start = tally.start
        AND latency.endpoint = tally.value
) WHERE facet IN ('all', 'endpoint');
DROP TABLE latency;
INSERT INTO words (words, rank) VALUES ('automerge', 0);
"""

MIGRATIONS: tuple[str, ...] = (_V1, _V2)
"""What leads from each version to the next; the first from an empty file to version 1.

They may use the functions of :func:`.slots.register`.
"""

VERSION = len(MIGRATIONS)
