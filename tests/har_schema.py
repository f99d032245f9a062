"""HAR 1.2 and ReadMe's log as JSON schemas, from the specification's and the vendor's pages."""

from __future__ import annotations

from jsonschema import Draft202012Validator

TEXT = {"type": "string"}
SIZE = {"type": "integer", "minimum": -1}
DURATION = {"type": "number", "minimum": 0}
OPTIONAL_DURATION = {"type": "number", "minimum": -1}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def record(required: dict, optional: dict | None = None) -> dict:
    """An object with these fields; only custom fields, ``_name``, may come beside them."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {}), "comment": TEXT},
        "required": list(required),
        "patternProperties": {"^_": True},
        "additionalProperties": False,
    }


def array(items: dict) -> dict:
    return {"type": "array", "items": items}


PAIR = record({"name": TEXT, "value": TEXT})
PARAM = record({"name": TEXT}, {"value": TEXT, "fileName": TEXT, "contentType": TEXT})
COOKIE = record(
    {"name": TEXT, "value": TEXT},
    {"path": TEXT, "domain": TEXT, "expires": TEXT, "httpOnly": {}, "secure": {}},
)
POST_DATA = {
    **record({"mimeType": TEXT}, {"params": array(PARAM), "text": TEXT}),
    "not": {"required": ["params", "text"]},
}
CONTENT = record(
    {"size": SIZE, "mimeType": TEXT},
    {"compression": {"type": "integer"}, "text": TEXT, "encoding": {"const": "base64"}},
)
REQUEST = record(
    {
        "method": TEXT,
        "url": {"type": "string", "pattern": "^https?://"},
        "httpVersion": TEXT,
        "cookies": array(COOKIE),
        "headers": array(PAIR),
        "queryString": array(PAIR),
        "headersSize": SIZE,
        "bodySize": SIZE,
    },
    {"postData": POST_DATA},
)
RESPONSE = record(
    {
        "status": {"type": "integer"},
        "statusText": TEXT,
        "httpVersion": TEXT,
        "cookies": array(COOKIE),
        "headers": array(PAIR),
        "content": CONTENT,
        "redirectURL": TEXT,
        "headersSize": SIZE,
        "bodySize": SIZE,
    }
)
TIMINGS = record(
    {"send": DURATION, "wait": DURATION, "receive": DURATION},
    dict.fromkeys(("blocked", "dns", "connect", "ssl"), OPTIONAL_DURATION),
)
ENTRY = record(
    {
        "startedDateTime": MOMENT,
        "time": DURATION,
        "request": REQUEST,
        "response": RESPONSE,
        "cache": record({}, {"beforeRequest": {}, "afterRequest": {}}),
        "timings": TIMINGS,
    },
    {"pageref": TEXT, "serverIPAddress": TEXT, "connection": TEXT},
)
LOG = record(
    {"version": {"const": "1.2"}, "creator": record({"name": TEXT, "version": TEXT})}
    | {"entries": array(ENTRY)},
    {"browser": {}, "pages": {}},
)
HAR = record({"log": LOG})

UUID4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$"

README_LOG = {
    "type": "object",
    "required": ["_id", "_version", "group", "clientIPAddress", "development", "request"],
    "additionalProperties": False,
    "properties": {
        "_id": {"type": "string", "pattern": UUID4},
        "_version": {"const": 3},
        "group": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {"id": TEXT, "label": TEXT, "email": TEXT},
        },
        "clientIPAddress": TEXT,
        "development": {"type": "boolean"},
        "request": HAR,
    },
}
"""The vendor's field table; "time" is a whole number and there is one entry."""

har_validator = Draft202012Validator(HAR)
readme_validator = Draft202012Validator(README_LOG)


def check_log(log: object) -> None:
    """Fail unless ``log`` is what HAR 1.2 and ReadMe's table ask for."""
    readme_validator.validate(log)
    (entry,) = log["request"]["log"]["entries"]
    har_validator.validate(log["request"])
    assert isinstance(entry["time"], int)
    assert entry["time"] == sum(entry["timings"].values())
    assert log["request"]["log"]["creator"]["version"]
    assert "comment" in log["request"]["log"]["creator"]
