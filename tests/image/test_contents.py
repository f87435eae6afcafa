"""What is in the image, and what is not."""

import json
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import __version__
from tests.image import container
from tests.image.container import IMAGE, USER, inspect, mounted, run

ROOT = Path(__file__).parents[2]
LARGEST_MB = 120
LARGEST_COMPRESSED_MB = 40


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """Give the image's root file system."""
    with mounted() as path:
        yield path


def test_labels_name_the_very_build() -> None:
    """Version and revision are those of the sources that it was built from."""
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    labels = inspect(".Labels")
    said = run("--version").stdout.strip()
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.revision"] == revision.strip()
    assert said == f"mailpath {__version__} ({revision.strip()})"


def test_nothing_runs_but_python(root: Path) -> None:
    """There is no shell, no package manager, no other program; nothing is set-uid."""
    programs = {file.name for place in ("bin", "sbin", "local/bin") for file in root.glob(f"usr/{place}/*")}
    assert {name.rstrip(".0123456789") for name in programs} == {"python"}
    special = [file for file in root.rglob("*") if file.lstat().st_mode & (stat.S_ISUID | stat.S_ISGID)]
    assert special == []
    shell = run("-c", "true", options=("--network=none", "--entrypoint=/bin/sh"))
    assert shell.returncode == 127


def test_the_user_owns_nothing_but_the_place_for_state(root: Path) -> None:
    """Whoever takes the daemon over cannot change it, even without ``--read-only``."""
    owned = [file.relative_to(root) for file in root.rglob("*") if file.lstat().st_uid == USER]
    open_to_all = [
        file.relative_to(root)
        for file in root.rglob("*")
        if not file.is_symlink() and file.stat().st_mode & stat.S_IWOTH
    ]
    assert owned == [Path("var/lib/mailpath")]
    assert open_to_all == [Path("tmp")]
    assert inspect(".Config.User") == f"{USER}:{USER}"


def test_everything_is_compiled(root: Path) -> None:
    """No module is compiled at each start: the image is read-only."""
    packages = next(root.glob("opt/mailpath/lib/python3*/site-packages"))
    sources = [file for name in ("monitor", "aiohttp", "asyncssh") for file in (packages / name).rglob("*.py")]
    assert sources
    assert [file for file in sources if not list((file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"))] == []


def test_bill_of_materials_names_what_is_locked(root: Path) -> None:
    """Every locked distribution is in it and nothing else is; so are Python and the libraries of Debian."""
    document = json.loads((root / "opt/mailpath/sbom.cdx.json").read_text())
    purls = [component["purl"] for component in document["components"]]
    listed = {purl.removeprefix("pkg:pypi/") for purl in purls if purl.startswith("pkg:pypi/")}
    locked = re.findall(r"^([a-z\d-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert listed == {f"{name}@{version}" for name, version in locked}
    assert document["metadata"]["component"]["version"] == __version__
    assert len(purls) == len(set(purls))
    for wanted in ("pkg:generic/python@3", "pkg:deb/debian/libssl3@", "pkg:deb/debian/libc6@"):
        assert any(purl.startswith(wanted) for purl in purls), wanted


def test_size(measured: dict[str, str]) -> None:
    """It stays as small as the dependencies allow; what is measured stands in the README."""
    size = inspect(".Size") / 1e6
    saved = f"podman image save {IMAGE} | gzip | wc -c"
    said = subprocess.run(
        ["sh", "-c", saved], env=container.ENVIRONMENT, capture_output=True, text=True, check=True, timeout=120
    )
    compressed = int(said.stdout) / 1e6
    measured["size"] = f"{size:.0f} MB, {compressed:.0f} MB compressed"
    assert size < LARGEST_MB
    assert compressed < LARGEST_COMPRESSED_MB
