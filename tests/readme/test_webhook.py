"""VerifyWebhook: only ReadMe's own requests pass, and every other gets its reason."""

from __future__ import annotations

import doctest
import hmac
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readme_metrics.VerifyWebhook import VerifyWebhook as TheirVerifyWebhook
from strategies import any_text, json_values

from wsgi_apimetrics import ApiMetricsError, ConfigurationError, webhook
from wsgi_apimetrics.readme import VerificationError, VerifyWebhook

SECRET = "docs_secret"
BODY = b'{"email":"owlbert@readme.io"}'


def signed(body=BODY, secret=SECRET, age=0.0):
    """Return the header that ReadMe would send ``age`` seconds ago."""
    moment = str(int((time.time() - age) * 1000))
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, "sha256").hexdigest()
    return f"t={moment},v0={digest}"


@pytest.mark.parametrize("body", [BODY, bytearray(BODY), memoryview(BODY), BODY.decode()])
def test_a_right_signature_passes(body):
    """The raw body, as bytes or as text."""
    VerifyWebhook(body, signed(), SECRET)


def test_the_very_bytes_count():
    """A body that other software wrote, with spaces and escapes, is compared as it came."""
    body = b'{ "email" : "\\u00e9@x" }'
    VerifyWebhook(body, signed(body), SECRET)
    with pytest.raises(VerificationError, match="Invalid Signature"):
        VerifyWebhook(body.replace(b" ", b""), signed(body), SECRET)


@pytest.mark.parametrize("text", ["owlbert", "é€😀", '"\\/'])
def test_a_parsed_body_passes_too(text):
    """Code for ReadMe's own package passes what get_json() gave; ReadMe writes it compactly."""
    body = json.dumps({"email": text}, separators=(",", ":"), ensure_ascii=False).encode()
    VerifyWebhook(json.loads(body), signed(body), SECRET)


def test_the_vendors_package_agrees():
    """What the vendor's package accepts and refuses, ours does."""
    parsed = json.loads(BODY)
    for verify in (TheirVerifyWebhook, VerifyWebhook):
        verify(parsed, signed(), SECRET)
        for header, text in [(None, "Missing"), (signed(age=1801), "Expired")]:
            with pytest.raises(Exception, match=f"{text} Signature"):
                verify(parsed, header, SECRET)
        with pytest.raises(Exception, match="Invalid Signature"):
            verify(parsed, signed(secret="other"), SECRET)


def test_a_signature_holds_for_half_an_hour():
    """And spaces around its parts do not matter."""
    VerifyWebhook(BODY, signed(age=1790).replace(",", " , "), SECRET)
    with pytest.raises(VerificationError, match="Expired Signature"):
        VerifyWebhook(BODY, signed(age=1801), SECRET)


@given(any_text | st.text("tv0=, 123é", max_size=30), json_values | st.binary())
def test_whatever_else_comes_is_refused(signature, body):
    """No header and no body makes it fail in any other way, or pass."""
    with pytest.raises(VerificationError):
        VerifyWebhook(body, signature, SECRET)


def test_an_empty_secret_is_refused():
    """With an empty secret anybody could sign."""
    with pytest.raises(ConfigurationError, match="secret is empty"):
        VerifyWebhook(BODY, signed(secret=""), "")


def test_the_error_is_of_the_packages_tree():
    """One except clause catches whatever this package raises."""
    assert issubclass(VerificationError, ApiMetricsError)


def test_the_example_in_the_docstring_runs():
    """The documentation's example is true."""
    assert doctest.testmod(webhook).failed == 0
