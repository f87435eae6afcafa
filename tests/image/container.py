"""The image as it is run: read-only, without capabilities, as nobody, in 128 MiB; on a laboratory's network."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import Any, BinaryIO

import yaml

from tests.lab.daemon import Daemon
from tests.lab.lab import Lab

IMAGE = os.environ.get("MAILPATH_IMAGE", "")
USER = 65532
MEMORY_MIB = 128
DIRECTORY = "/etc/mailpath"
ENVIRONMENT = {"STORAGE_DRIVER": "overlay", **os.environ}
PODMAN = ["podman", "--cgroup-manager", "cgroupfs", "--runtime", "runc"]
LOCKED_UP = [
    "--rm",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    f"--memory={MEMORY_MIB}m",
    "--ulimit=nofile=1024:4096",
    "--ulimit=nproc=1024:4096",
]


def podman(*arguments: str) -> str:
    """Run podman and give what it printed. Raises CalledProcessError."""
    return subprocess.run(
        [*PODMAN, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True, timeout=120
    ).stdout


def run(*arguments: str, options: tuple[str, ...] = ("--network=none",)) -> subprocess.CompletedProcess[str]:
    """Run the image once with these arguments (those of ``mailpath``), and give its status and output."""
    command = [*PODMAN, "run", *LOCKED_UP, *options, IMAGE, *arguments]
    # Where a container runs out of memory, podman's monitor leaves a note in its working directory.
    return subprocess.run(
        command, env=ENVIRONMENT, cwd=gettempdir(), capture_output=True, text=True, check=False, timeout=120
    )


def inspect(format_: str) -> Any:  # noqa: ANN401 - a document
    """Give a part of the image's description, by podman's template."""
    return json.loads(podman("image", "inspect", f"--format={{{{json {format_}}}}}", IMAGE))


@contextmanager
def mounted() -> Iterator[Path]:
    """Give the image's root file system."""
    root = Path(podman("image", "mount", IMAGE).strip())
    try:
        yield root
    finally:
        podman("image", "umount", IMAGE)


def network_of(lab: Lab) -> str:
    """Give the option that puts a container onto the client's host."""
    return f"--network=ns:/proc/{lab.client.pid}/ns/net"


def settings(lab: Lab, directory: Path, maillog: dict[str, object] | None = None) -> str:
    """Lay a configuration and its files ready, as a Secret and a ConfigMap would be; gives the option that mounts them.

    The log's own file belongs to another mount namespace, so that a container can have it from standard input alone.
    """
    files = {
        "ca.pem": lab.ca_file,
        "id_ed25519": lab.sshd.key_file,
        "known_hosts": lab.sshd.known_hosts_file,
    }
    document: Any = yaml.safe_load(lab.configuration())
    del document["paths"][0]["maillog"]
    document["paths"][0] |= {"maillog": maillog} if maillog is not None else {}
    written = yaml.safe_dump(document, sort_keys=False)
    for name, file in files.items():
        shutil.copy(file, directory / name)
        written = written.replace(str(file), f"{DIRECTORY}/{name}")
    (directory / "mailpath.yml").write_text(written)
    for file in directory.iterdir():
        file.chmod(0o400)
        shutil.chown(file, USER, USER)
    shutil.chown(directory, USER, USER)
    return f"--volume={directory}:{DIRECTORY}:ro"


class Container(Daemon):
    """The daemon in its container, which reads the mail log from standard input; ended with the context."""

    name = "mailpath-under-test"

    def __init__(self, lab: Lab, directory: Path) -> None:
        """Lay the configuration ready."""
        super().__init__(lab, directory, "")
        self._network = network_of(lab)
        self._maillog = str(lab.maillog.path)
        (directory / "etc").mkdir()
        self._files = settings(lab, directory / "etc", maillog={"stdin": {}})

    def spawn(self, log: BinaryIO, *flags: str) -> subprocess.Popen[bytes]:
        """Start the container."""
        podman("rm", "--force", "--ignore", self.name)
        options = ["--interactive", f"--name={self.name}", self._network, self._files]
        arguments = ["run", f"--config.file={DIRECTORY}/mailpath.yml", *flags]
        self._tail = subprocess.Popen(["tail", "-n", "0", "-F", self._maillog], stdout=subprocess.PIPE)
        command = [*PODMAN, "run", *LOCKED_UP, *options, IMAGE, *arguments]
        return subprocess.Popen(command, env=ENVIRONMENT, stdin=self._tail.stdout, stdout=log, stderr=log)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it, and what feeds it."""
        super().__exit__(kind, error, traceback)
        self._tail.terminate()
        self._tail.communicate()

    def kill(self) -> None:
        """End it at once: podman's own end would not end the container."""
        podman("rm", "--force", "--ignore", self.name)
        self.process.wait()

    def peak_memory(self) -> float:
        """Give the most that its cgroup has held, in MiB, the files that it read included."""
        paths = podman("inspect", "--format={{.State.CgroupPath}}", self.name).strip()
        version_1 = Path(f"/sys/fs/cgroup/memory{paths}/memory.max_usage_in_bytes")
        version_2 = Path(f"/sys/fs/cgroup{paths}/memory.peak")
        return int((version_1 if version_1.exists() else version_2).read_text()) / 2**20
