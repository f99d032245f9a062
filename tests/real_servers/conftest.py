"""One server of each kind with the bare zoo and one with the wrapped, for the whole room."""

from __future__ import annotations

import pytest

from real_servers.runners import MORE, SERVERS, Server, available


@pytest.fixture(
    scope="session",
    params=[*SERVERS, *(pytest.param(kind, marks=pytest.mark.slow) for kind in MORE)],
)
def pair(request, tmp_path_factory):
    """The bare server and the wrapped one."""
    available(request.param)
    logs = tmp_path_factory.mktemp(request.param)
    with (
        Server(request.param, "bare", logs / "bare.log") as bare,
        Server(request.param, "wrapped", logs / "wrapped.log") as wrapped,
    ):
        yield bare, wrapped
