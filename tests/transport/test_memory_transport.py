"""MemoryTransport keeps what it is given and answers as told."""

from __future__ import annotations

import doctest
import threading

from wsgi_apimetrics.payload import Outcome, Payload, Transport
from wsgi_apimetrics.transport import memory
from wsgi_apimetrics.transport.memory import MemoryTransport


def payload(*ids):
    return Payload(b"x", "text/plain", ids)


def test_it_accepts_and_keeps_everything_in_order():
    """Untold, it answers 200 and keeps the payloads in the order in which they came."""
    transport: Transport = MemoryTransport()
    outcomes = [transport.send(payload("a", "b")), transport.send(payload("c"))]
    assert [outcome.status_code for outcome in outcomes] == [200, 200]
    assert transport.ids == ("a", "b", "c")


def test_a_refused_payload_is_an_attempt_but_is_not_kept():
    """What was answered by anything but 2xx is in ``attempts`` only."""
    transport = MemoryTransport([Outcome(error="down"), Outcome(status_code=429)])
    for _ in range(3):
        transport.send(payload("a"))
    assert (len(transport.attempts), transport.ids) == (3, ("a",))


def test_it_can_refuse_for_ever():
    """``afterwards`` is the answer once the scripted ones are used up."""
    transport = MemoryTransport(afterwards=Outcome(status_code=401))
    assert not transport.send(payload("a")).accepted
    assert transport.ids == ()


def test_waiting_ends_when_the_exchanges_have_come():
    """``wait_for`` sees payloads that another thread sends."""
    transport = MemoryTransport()
    sender = threading.Thread(target=lambda: [transport.send(payload(id_)) for id_ in "abc"])
    sender.start()
    assert transport.wait_for(3)
    sender.join()


def test_waiting_gives_up_at_its_timeout():
    """``wait_for`` says so if the exchanges did not come."""
    assert not MemoryTransport().wait_for(1, timeout=0.01)


def test_closing_is_noted_and_keeps_the_payloads():
    """After ``close`` the payloads can still be read."""
    transport = MemoryTransport()
    transport.send(payload("a"))
    transport.close()
    assert (transport.closed, transport.ids) == (True, ("a",))


def test_the_example_in_the_docstring_runs():
    """The documentation's example is true."""
    assert doctest.testmod(memory).failed == 0
