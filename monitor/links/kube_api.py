"""The Kubernetes API as far as mailpath needs it: read or write a document, read a stream; every wait bounded.

kubernetes-asyncio finds the cluster, the certificates and the token (and renews it); its generated methods are passed
by, as they have no timeout of their own, no ``sinceTime`` for logs, and do not look at the status of a stream.
"""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_library import kube_library
from monitor.links.tcp import reason_of, words

if TYPE_CHECKING:
    import aiohttp
    from kubernetes_asyncio.client import ApiClient

DOCUMENT_LIMIT = 16 * 1024 * 1024
WORDS_LIMIT = 16 * 1024

Query = Sequence[tuple[str, str]]

_STATUSES = {401: Reason.AUTH_FAILED, 403: Reason.PERMISSION_DENIED, 404: Reason.NOT_FOUND}


class StatusError(LinkError):
    """The API refuses, with this HTTP status; some mean more than their reason (409 Conflict, 410 Gone)."""

    def __init__(self, status: int, detail: str) -> None:
        """Keep the status beside its reason."""
        super().__init__(_STATUSES.get(status, Reason.API_ERROR), detail)
        self.status = status


class KubeStream:
    """A response that goes on for as long as the server likes."""

    def __init__(self, response: "aiohttp.ClientResponse") -> None:
        """Take over a response whose status is 200."""
        self._response = response

    async def read(self, limit: int) -> bytes:
        """Return the next bytes, at most ``limit``; ``b""`` at the end. May be cancelled without loss.

        Raises:
            LinkError: the connection broke.

        """
        try:
            return await self._response.content.read(limit)
        except Exception as e:  # noqa: BLE001 - see raise_translated
            raise_translated(e)

    def close(self) -> None:
        """Hang up."""
        self._response.close()


class KubeApi:
    """A client of one cluster, for one task at a time; connects when it is first used."""

    def __init__(self, kubeconfig: Path | None, *, timeout: float) -> None:
        """Use this kubeconfig; ``None``: the Pod's own account, else ``~/.kube/config``. ``timeout`` is seconds."""
        self._kubeconfig = kubeconfig
        self._timeout = timeout
        self._client: ApiClient | None = None

    async def get(self, path: str, query: Query = ()) -> Mapping[str, Any]:
        """Return a document of the API.

        Raises:
            StatusError: NOT_FOUND, PERMISSION_DENIED, AUTH_FAILED, API_ERROR, by the status, in the server's words.
            LinkError: REFUSED, UNREACHABLE, TIMEOUT, RESET, CLOSED, TLS_ERROR by the network; TOO_LARGE, API_ERROR.

        """
        return await self._document("GET", path, query)

    async def create(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add a document to a collection; return it as the API keeps it.

        Raises:
            LinkError: as ``get``; a ``StatusError`` of 409 where there is one of that name.

        """
        return await self._document("POST", path, body=document)

    async def replace(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write a document over the one with its ``resourceVersion``; return it as the API keeps it.

        Raises:
            LinkError: as ``get``; a ``StatusError`` of 409 where somebody else has written since.

        """
        return await self._document("PUT", path, body=document)

    async def _document(
        self, method: str, path: str, query: Query = (), body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        await self._prepare()
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._request(method, path, query, body)
                try:
                    answer = await _read_all(response, DOCUMENT_LIMIT)
                finally:
                    response.close()
            document = json.loads(answer)
        except Exception as e:  # noqa: BLE001 - see raise_translated
            raise_translated(e)
        if not isinstance(document, dict):
            raise LinkError(Reason.API_ERROR, f"{path}: not a document of the Kubernetes API")
        return document

    async def stream(self, path: str, query: Query = ()) -> KubeStream:
        """Open a response that has no end of its own; the timeout covers its beginning only.

        Raises:
            LinkError: as ``get``.

        """
        await self._prepare()
        try:
            async with asyncio.timeout(self._timeout):
                return KubeStream(await self._request("GET", path, query))
        except Exception as e:  # noqa: BLE001 - see raise_translated
            raise_translated(e)

    async def close(self) -> None:
        """Let go of all connections; the next request makes new ones, and reads token and certificates anew."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _prepare(self) -> None:
        # Only where a path names a cluster, and in a thread, so that the loop goes on.
        if self._client is None:
            await asyncio.to_thread(kube_library)

    async def _request(
        self, method: str, path: str, query: Query, body: Mapping[str, Any] | None = None
    ) -> "aiohttp.ClientResponse":
        import aiohttp  # noqa: PLC0415 - see _prepare

        if self._client is None:
            self._client = await self._connect()
        response: aiohttp.ClientResponse = await self._client.call_api(
            path,
            method,
            query_params=list(query),
            body=body,
            header_params={"Accept": "*/*"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout),
        )
        if response.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            try:
                refusal = await response.content.read(WORDS_LIMIT)
            finally:
                response.close()
            raise StatusError(response.status, _message(response.status, refusal))
        return response

    async def _connect(self) -> "ApiClient":
        library = kube_library()
        configuration = library.Configuration()
        # the rule of monitor.links.trust: as kubectl, which is Go, on every Python
        configuration.disable_strict_ssl_verification = True
        if self._kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            library.config.load_incluster_config(client_configuration=configuration)
        else:
            path = (self._kubeconfig or Path("~/.kube/config")).expanduser()
            await _load_kubeconfig(path, configuration)
        return library.ApiClient(configuration)


async def _load_kubeconfig(path: Path, configuration: object) -> None:
    try:
        path.open("rb").close()
    except OSError as e:
        reason = Reason.NOT_FOUND if isinstance(e, FileNotFoundError) else Reason.PERMISSION_DENIED
        raise LinkError(reason, f"kubeconfig {path}: {words(e)}") from e
    try:
        # persist_config would write renewed tokens into the operator's file
        await kube_library().config.load_kube_config(
            str(path), client_configuration=configuration, persist_config=False
        )
    except Exception as e:
        # YAML, certificates, exec plugins: whatever may be wrong in there
        raise LinkError(Reason.LOCAL_ERROR, f"kubeconfig {path}: {type(e).__name__}: {e}") from e


async def _read_all(response: "aiohttp.ClientResponse", limit: int) -> bytes:
    body = bytearray()
    while chunk := await response.content.read(64 * 1024):
        body += chunk
        if len(body) > limit:
            raise LinkError(Reason.TOO_LARGE, f"more than {limit} bytes of answer")
    return bytes(body)


def _message(status: int, body: bytes) -> str:
    text = body.decode(errors="replace")
    with suppress(ValueError, TypeError, KeyError):
        text = str(json.loads(text)["message"])
    return f"HTTP {status}: {text[:512]}"


def raise_translated(error: Exception) -> NoReturn:
    """Raise our own error instead: aiohttp, ssl, the token's file and the kubeconfig each have theirs."""
    import aiohttp  # noqa: PLC0415 - see _prepare

    match error:
        case LinkError():
            raise error
        case TimeoutError():
            reason, detail = Reason.TIMEOUT, "the Kubernetes API does not answer"
        case aiohttp.ClientSSLError():
            reason, detail = Reason.TLS_ERROR, str(error)
        case aiohttp.ClientConnectorDNSError():
            reason, detail = Reason.UNREACHABLE, f"cannot resolve the Kubernetes API's name: {words(error)}"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientConnectionResetError():
            reason, detail = Reason.CLOSED, "the Kubernetes API broke off its answer"
        case OSError():
            reason, detail = reason_of(error), f"Kubernetes API: {words(error)}"
        case _:
            reason, detail = Reason.API_ERROR, f"Kubernetes API: {type(error).__name__}: {error}"
    raise LinkError(reason, detail) from error
