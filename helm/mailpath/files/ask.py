# ruff: noqa: INP001 - a program of the chart's, and no package
"""Asks a daemon whether it is ready, then whether the mail path is healthy: the Pod of `helm test`.

Usage: ask.py ADDRESS SECONDS [HEADER: VALUE]... Exits 1 where one of them has not answered 200 within so many seconds.
"""

import ssl
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus


def ask(url: str, headers: dict[str, str]) -> tuple[int, str]:
    """Give the status, 0 where nobody answers, and what was said."""
    # the certificate is for the name that people use, and not for the Service's
    trust = ssl._create_unverified_context()  # noqa: S323, SLF001
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the chart's own address
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def main(address: str, seconds: str, *headers: str) -> int:
    """Ask until both say yes, or time is up: what is not known yet is not healthy."""
    known = dict(header.split(": ", 1) for header in headers)
    deadline = time.monotonic() + float(seconds)
    for path in ("/readyz", "/healthz"):
        status, said = ask(address + path, known)
        while status != HTTPStatus.OK and time.monotonic() < deadline:
            time.sleep(1)
            status, said = ask(address + path, known)
        sys.stdout.write(f"{path} {status} {said.strip()}\n")
        if status != HTTPStatus.OK:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
