"""From a file to settings, or to every fault in it; all at once, or a step at a time for who must not wait for it."""

import itertools
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import cast

import msgspec.inspect
import yaml

from monitor.config import completion, document, rules
from monitor.config.faults import Faults
from monitor.config.reader import MAX_VALUES, Reader, TooManyValuesError
from monitor.config.settings import Settings
from monitor.config.wording import describe, is_null
from monitor.core.errors import ConfigError, Fault

# Each step takes milliseconds for a thousand targets; the settings are what it returns at its end.
Reading = Generator[None, None, Settings]


def load(path: str | Path, *, check_files: bool, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read a configuration file.

    ``check_files`` says whether the files that it names must be there as well. Raises ``ConfigError`` with every fault
    found, in the order of the file.
    """
    return at_once(reading(path, check_files=check_files, environ=environ))


def reading(path: str | Path, *, check_files: bool, environ: Mapping[str, str] = os.environ) -> Reading:
    """Do what ``load`` does a step at a time; nothing is read before the first one."""
    data = document.read_bytes(Path(path))
    return (yield from parsing(data, str(path), check_files=check_files, environ=environ))


def parse(data: bytes, file: str, *, check_files: bool = False, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read a configuration that is in memory; ``file`` is what faults call it. Raises as ``load`` does."""
    return at_once(parsing(data, file, check_files=check_files, environ=environ))


def at_once(steps: Reading) -> Settings:
    """Run all the steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Settings", end.value)


def parsing(data: bytes, file: str, *, check_files: bool = False, environ: Mapping[str, str] = os.environ) -> Reading:
    """Do what ``parse`` does a step at a time."""
    faults = Faults(file)
    node = document.compose(data, file)
    yield
    written = _read(node, faults, environ)
    yield
    settings = completion.complete(written, faults.places)
    for complaint in itertools.chain(
        rules.missing_service_keys(written),
        rules.complaints(settings),
        rules.missing_files(settings) if check_files else (),
    ):
        faults.complain(complaint)
    faults.raise_if_any()
    return settings


def load_yaml_mapping(path: str | Path) -> dict[str, object]:
    """Read a YAML file of somebody else's format as plain values, ``{}`` if empty; raises ``ConfigError``."""
    file = str(path)
    node = document.compose(document.read_bytes(Path(path)), file)
    if node is None or is_null(node):
        return {}
    try:
        content = yaml.constructor.SafeConstructor().construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(Fault(file, f"not YAML: {error.problem}")) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(Fault(file, f"not YAML: {error}")) from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(Fault(file, f"expected a mapping with texts as keys, got {describe(node)}"))
    return content


def _read(node: yaml.Node | None, faults: Faults, environ: Mapping[str, str]) -> Settings:
    if not isinstance(node, yaml.MappingNode):
        got = "an empty file" if node is None or is_null(node) else describe(node)
        raise ConfigError(Fault(faults.file, f"expected a mapping with the key paths, got {got}"))
    try:
        return cast("Settings", Reader(faults, environ).read(node, msgspec.inspect.type_info(Settings), ""))
    except TooManyValuesError as error:
        message = f"more than {MAX_VALUES} values, once its aliases are followed"
        raise ConfigError(Fault(faults.file, message)) from error
