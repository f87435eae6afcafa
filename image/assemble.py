# ruff: noqa: INP001 - a script of the Dockerfile, and no package
"""Gathers what a Python environment needs to run, and nothing else: a root file system without a shell.

``assemble.py ENVIRONMENT ROOT``, in the Dockerfile's build stage. It takes the virtual environment, its interpreter
with the standard library, the shared libraries that these are linked to, the trusted roots, and the few files of /etc
without which names cannot be resolved. Bytecode is compiled here, since the image is read-only when it runs.
"""

import compileall
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

# Of the standard library: what installs, draws, edits or tests, and the databases.
STDLIB_LEFT_OUT = (
    "__pycache__", "config-*", "curses", "dbm", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages",
    "dist-packages", "sqlite3", "test", "tests", "tkinter", "turtle.py", "turtledemo", "venv", "_curses*", "_dbm*",
    "_gdbm*", "_sqlite3*", "_tkinter*", "_test*", "_xxtestfuzz*", "ossaudiodev*", "readline*", "xxlimited*",
)  # fmt: skip
# Of packages: what compilers and type checkers read, and tests.
PACKAGES_LEFT_OUT = (
    "__pycache__",
    "[Aa]ctivate*",
    "*.c",
    "*.h",
    "*.pxd",
    "*.pxi",
    "*.pyi",
    "*.pyx",
    "test",
    "tests",
    "docs",
)
# Of kubernetes-asyncio only its client is entered (monitor/links/kube_library.py): 850 modules are never loaded.
NEVER_LOADED = ("kubernetes_asyncio/client/api/*.py", "kubernetes_asyncio/client/models/*.py")

ETC = {
    "passwd": "root:x:0:0:root:/:/nologin\nmailpath:x:65532:65532:mailpath:/var/lib/mailpath:/nologin\n",
    "group": "root:x:0:\nmailpath:x:65532:\n",
    "nsswitch.conf": "hosts: files dns\n",
}
TRUSTED_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
LOADER_CACHE = Path("/etc/ld.so.cache")
USER = 65532


def main(environment: Path, root: Path) -> None:
    """Build the root file system."""
    root.mkdir()
    interpreter = Path(sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib"))
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if (link := Path("/", name)).is_symlink():  # merged /usr: the loader is known by the old name
            _copy_link(link, root)
    _copy(interpreter, root)
    if (name := Path(sys.executable)) != interpreter:  # by which the environment knows it
        (root / name.relative_to("/")).symlink_to(interpreter)
    shutil.copytree(stdlib, _inside(root, stdlib), ignore=shutil.ignore_patterns(*STDLIB_LEFT_OUT))
    shutil.copytree(
        environment, _inside(root, environment), symlinks=True, ignore=shutil.ignore_patterns(*PACKAGES_LEFT_OUT)
    )
    for pattern in NEVER_LOADED:
        for module in root.rglob(f"site-packages/{pattern}"):
            if module.name != "__init__.py":
                module.unlink()
    linked = {library for binary in (interpreter, *root.rglob("*.so*")) for library in _libraries(binary)}
    for library in linked:
        _copy(library, root)
    for file in (TRUSTED_ROOTS, LOADER_CACHE):
        _copy(file, root)
    for name, text in ETC.items():
        (root / "etc" / name).write_text(text)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)  # mkdir(2) heeds the umask
    state = root / "var/lib/mailpath"
    state.mkdir(parents=True)
    shutil.chown(state, USER, USER)
    compileall.compile_dir(root, quiet=1, force=True, stripdir=str(root), prependdir="/",
                           invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, workers=0)  # fmt: skip


def _inside(root: Path, path: Path) -> Path:
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _copy(file: Path, root: Path) -> None:
    """Copy a file under the name by which it is asked for; its directory is the real one."""
    target = _inside(root, file.parent.resolve() / file.name)
    if not target.exists():
        shutil.copy2(file, target)


def _copy_link(link: Path, root: Path) -> None:
    (root / link.name).symlink_to(link.readlink())
    (root / link.resolve().relative_to("/")).mkdir(parents=True, exist_ok=True)


def _libraries(binary: Path) -> Iterator[Path]:
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607
    for path in re.findall(r"^\s(?:\S+ => )?(/\S+) \(0x", linked, re.MULTILINE):
        yield Path(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
