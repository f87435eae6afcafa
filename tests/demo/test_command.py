"""``mailpath demo`` as a function; what the whole of it shows is tested end to end."""

import socket

import pytest

from monitor.config.options import RunOptions
from monitor.core.errors import ConfigError
from monitor.demo import main
from monitor.demo.command import at_home
from monitor.demo.faults import described


def test_list_names_the_faults_and_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """``--fault list`` is answered at once."""
    assert main(["list"], RunOptions()) == 0
    assert capsys.readouterr().out == described()


def test_an_unknown_fault_is_the_operators() -> None:
    """It ends the command as any faulty flag does."""
    with pytest.raises(ConfigError):
        main(["nonsense"], RunOptions())


def test_the_demo_answers_on_loopback_with_lifecycle_on() -> None:
    """Unless a flag says otherwise, nobody else on the network sees it."""
    options = at_home(RunOptions())
    assert options.listen_addresses[0].startswith("127.0.0.1:")
    assert options.enable_lifecycle
    assert at_home(RunOptions(listen_addresses=("[::1]:9",))).listen_addresses == ("[::1]:9",)


def test_a_taken_port_is_no_obstacle() -> None:
    """Where somebody has the default port, any free one will do."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9641))
            taken.listen()
        except OSError:
            pass  # somebody has it already: just as well
        assert at_home(RunOptions()).listen_addresses == ("127.0.0.1:0",)
