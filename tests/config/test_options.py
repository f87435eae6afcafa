"""The options of the daemon."""

import dataclasses

import pytest

from monitor.config.options import RunOptions, shard_of_pod


def test_options_are_frozen_and_shipped_on_the_exporter_s_port() -> None:
    """The shipped options listen on every address at 9641, change nothing over HTTP, and take the whole work."""
    options = RunOptions()
    assert (options.listen_addresses, options.enable_lifecycle) == ((":9641",), False)
    assert (options.shard, options.total_shards) == (0, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.shard = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("pod", "shard"),
    [
        ("mailpath-0", 0),
        ("my-mailpath-12", 12),
        ("mailpath", None),
        ("mailpath-", None),
        ("-1", None),
        ("mailpath-01", None),
        ("mailpath-5d8f7c9b6-x2v4q", None),
        ("mailpath-\u0661", None),
        ("", None),
    ],
)
def test_a_statefulsets_pod_tells_its_shard(pod: str, shard: int | None) -> None:
    """The number at the end of the name is the ordinal; other names have none."""
    assert shard_of_pod(pod) == shard
