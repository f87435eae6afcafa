"""What all tests share: deadlines, workers, and hypothesis that judges by results, never by a busy machine's clock."""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

pytest_plugins = ("tests.deadline", "tests.side_by_side")
