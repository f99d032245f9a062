"""What holds for a backend of every kind."""

from __future__ import annotations

import pytest

from wsgi_apimetrics import OTLP, APIToolkit, ConfigurationError, Local, ReadMe


@pytest.mark.parametrize("kind", [APIToolkit, Local, OTLP, ReadMe])
def test_one_whose_constructor_raised_can_be_shown(kind):
    """Debuggers and error reporters show what is in the frames of a traceback."""
    with pytest.raises(ConfigurationError) as raised:
        kind(buffer_length="many")
    frames = [entry.frame.f_locals for entry in raised.traceback]
    (half_made,) = {
        id(names["self"]): names["self"] for names in frames if "self" in names
    }.values()
    assert repr(half_made) == f"{kind.__name__}()"
