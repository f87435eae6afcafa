"""HAProxy's view of a server against our own handshake."""

from dataclasses import replace

import pytest

from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.verdicts import Agreement
from monitor.verdict.agreement import agreement_with, pool_of, server_of, worst
from tests.verdict.build import (
    IMAPS,
    NODES,
    SMTP,
    handshake,
    handshake_of,
    haproxy,
    mute,
    seen,
    server,
    status_of,
    well,
)


@pytest.mark.parametrize(
    ("shown", "up", "expected"),
    [
        (server(SMTP, NODES[0]), True, Agreement.AGREE),
        (server(SMTP, NODES[0]), False, Agreement.LB_UP_PATH_DOWN),
        (server(SMTP, NODES[0], ServerState.STOPPED), True, Agreement.LB_DOWN_PATH_UP),
        (server(SMTP, NODES[0], ServerState.STOPPED), False, Agreement.AGREE),
        (server(SMTP, NODES[0], admin=AdminState.FMAINT), True, Agreement.LB_ADMIN),
        (server(SMTP, NODES[0], admin=AdminState.FDRAIN), True, Agreement.LB_ADMIN),
        (replace(server(SMTP, NODES[0]), weight=0), True, Agreement.LB_ADMIN),
        (replace(server(SMTP, NODES[0]), check_status=1), True, Agreement.UNKNOWN),
        (replace(server(SMTP, NODES[0]), check_state=2), True, Agreement.UNKNOWN),
    ],
)
def test_agreement(shown: object, up: bool, expected: Agreement) -> None:  # noqa: FBT001 - a table's column
    """HAProxy's state against our own handshake, row by row."""
    book = well()
    book.record(haproxy(shown))  # type: ignore[arg-type]
    for _ in range(2):
        book.record(seen(handshake(SMTP)) if up else mute(handshake(SMTP)))
    assert handshake_of(status_of(book), handshake(SMTP)).agreement is expected


UP = server(SMTP, NODES[0])


def test_what_was_never_compared_is_unknown() -> None:
    """No such server in HAProxy, or no handshake yet."""
    assert agreement_with(None, handshake_up=True) is Agreement.UNKNOWN
    assert agreement_with(UP, handshake_up=None) is Agreement.UNKNOWN


def test_a_starting_server_takes_clients_and_a_stopping_one_does_not() -> None:
    """As HAProxy sends new connections."""
    starting, stopping = (replace(UP, state=state) for state in (ServerState.STARTING, ServerState.STOPPING))
    assert agreement_with(starting, handshake_up=True) is Agreement.AGREE
    assert agreement_with(stopping, handshake_up=True) is Agreement.LB_DOWN_PATH_UP


def test_a_server_is_found_by_its_backend_and_address() -> None:
    """Names are HAProxy's own, and one node has a server in each service's backend."""
    renamed = replace(UP, name="srv1")
    other = server(IMAPS, NODES[0])
    assert server_of([other, renamed], SMTP, NODES[0].address) is renamed
    assert server_of([other, renamed], SMTP, NODES[1].address) is None


@pytest.mark.parametrize(
    "left_out",
    [
        replace(UP, state=ServerState.STOPPED),
        replace(UP, weight=0),
        replace(UP, admin=AdminState.FDRAIN),
        server(IMAPS, NODES[0]),
    ],
)
def test_a_pool_is_what_new_clients_are_sent_to(left_out: HaproxyServer) -> None:
    """Servers that are down, without weight, taken out by hand or another service's are no part of it."""
    assert pool_of([UP, left_out], SMTP) == (UP,)


def test_of_several_edges_the_worst_view_counts() -> None:
    """Of none it is unknown."""
    assert worst([Agreement.AGREE, Agreement.UNKNOWN, Agreement.LB_ADMIN]) is Agreement.LB_ADMIN
    assert worst([]) is Agreement.UNKNOWN
