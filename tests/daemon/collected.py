"""A scheduler that starts nothing, for tests that look at what is scheduled and when."""

from monitor.engine.scheduler import Job, Scheduler, Telemetry


class Collected(Scheduler):
    """A scheduler that keeps what it is given, and starts nothing."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Begin without jobs."""
        super().__init__(telemetry)
        self.jobs: dict[str, Job] = {}
        self.hastened: list[str] = []

    def add(self, job: Job) -> None:
        """Keep the job."""
        self.jobs[job.key] = job

    def remove(self, key: str) -> None:
        """Drop the job."""
        del self.jobs[key]

    def hasten(self, key: str, _at: float) -> None:
        """Remember whom."""
        self.hastened.append(key)
