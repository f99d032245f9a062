"""The options of capture: what they are without a word, and what they may be."""

from __future__ import annotations

import pytest

from wsgi_apimetrics import options
from wsgi_apimetrics.capture.policy import CapturePolicy
from wsgi_apimetrics.exceptions import ConfigurationError


def test_without_a_word_bodies_are_kept_and_nobody_is_believed():
    """256 KiB of each, 200 headers of 64 KiB together, 16 KiB of a URL."""
    policy = CapturePolicy()
    assert (policy.enabled, policy.capture_request_body, policy.capture_response_body) == (
        True, True, True,
    )  # fmt: skip
    assert (policy.max_body_bytes, policy.max_headers) == (262_144, 200)
    assert (policy.max_header_bytes, policy.max_url_bytes) == (65_536, 16_384)
    assert policy.trusted_proxies == 0
    assert (policy.exclude_content_types, policy.exclude_paths, policy.route_resolver) == (
        None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("max_body_bytes", 0),
        ("max_headers", 1),
        ("max_header_bytes", 1024),
        ("max_url_bytes", 1024),
        ("trusted_proxies", 0),
    ],
)
def test_a_bound_has_a_least_value(name, least):
    """With less nothing would be told of a request."""
    kind = options.kinds(CapturePolicy)[name]
    assert options.checked(name, least, kind) == least
    with pytest.raises(ConfigurationError, match=name):
        options.checked(name, least - 1, kind)
