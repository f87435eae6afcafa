# ruff: noqa: INP001 - a script of the Dockerfile, and no package
"""Prints what is in the image as a CycloneDX document: ``bill_of_materials.py ROOT...``, in the build stage.

Python distributions are read from their metadata, the interpreter speaks for itself, and Debian names the packages
that the shared libraries come from. There is no time and no random number in it: the same image, the same document.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

LIBRARIES = "usr/lib/*-linux-gnu/*.so*"


def document(roots: list[Path]) -> dict[str, object]:
    """Give the bill of materials of these layers."""
    places = [str(place) for root in roots for place in root.glob("opt/mailpath/lib/python3*/site-packages")]
    found = {each.name: each for each in distributions(path=places)}
    mailpath = found.pop("mailpath")
    components = [
        *sorted(map(_distribution, found.values()), key=lambda each: str(each["name"])),
        _component(
            "application", "python", platform.python_version(), f"pkg:generic/python@{platform.python_version()}"
        ),
        *_debian_packages(roots),
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _distribution(mailpath) | {"type": "application"}},
        "components": components,
    }


def _distribution(found: Distribution) -> dict[str, object]:
    name, licence = found.name, found.metadata.get("License-Expression")
    component = _component("library", name, found.version, f"pkg:pypi/{name.lower().replace('_', '-')}@{found.version}")
    return component | ({"licenses": [{"expression": licence}]} if licence else {})


def _debian_packages(roots: list[Path]) -> Iterator[dict[str, object]]:
    files = sorted({file.name for root in roots for file in root.glob(LIBRARIES)})
    owners = subprocess.run(  # noqa: S603
        ["dpkg-query", "--search", *(f"*/{file}" for file in files)],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    packages = sorted(
        {line.partition(": ")[0] for line in owners.stdout.splitlines() if not line.startswith("diversion")}
    )
    if not packages:
        return
    listed = subprocess.run(  # noqa: S603
        ["dpkg-query", "--show", "--showformat=${Package} ${Version} ${Architecture}\n", *packages],  # noqa: S607
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for line in listed.stdout.splitlines():
        name, version, architecture = line.split()
        yield _component("library", name, version, f"pkg:deb/debian/{name}@{version}?arch={architecture}")


def _component(kind: str, name: str, version: str, purl: str) -> dict[str, object]:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    json.dump(document([Path(argument) for argument in sys.argv[1:]]), sys.stdout, indent=1)
