"""What holds for a backend of every kind."""

from __future__ import annotations

import pytest

from wsgi_apimetrics import OTLP, APIToolkit, ConfigurationError, Local, ReadMe
from wsgi_apimetrics.backends.table import backend_named
from wsgi_apimetrics.declared import declared


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


def test_an_entry_point_that_is_no_backend_is_told(tmp_path, monkeypatch):
    """By its name, with what it is."""
    info = tmp_path / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[wsgi_apimetrics.backends]\nodd = json:dumps\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match=r"'odd' is not a Backend but <function dumps"):
        backend_named("odd")


@pytest.mark.parametrize("said", [7, object()])
def test_backends_are_names_or_backends(said):
    """Where an integration is given something else, that is told."""
    with pytest.raises(ConfigurationError, match="shop: backends must be"):
        declared(lambda *_: [], {"backends": said}, "shop")
