"""The options of the daemon."""

import dataclasses

import pytest

from monitor.config.options import RunOptions


def test_options_are_frozen_and_shipped_on_the_exporter_s_port() -> None:
    """The shipped options listen on every address at 9641, change nothing over HTTP, and take the whole work."""
    options = RunOptions()
    assert (options.listen_addresses, options.enable_lifecycle) == ((":9641",), False)
    assert (options.shard, options.total_shards) == (0, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.shard = 1  # type: ignore[misc]
