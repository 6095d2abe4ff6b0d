"""Brings one file over HTTP: resumes by range, retries with back-off, checks size and digest."""

import contextlib
import random
import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from model_store.errors import DigestError, SourceError
from model_store.progress import Reporter
from model_store.settings import ModelStoreSettings
from model_store.store import sha256_of

_RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_BACKOFF_S = 30.0


class RefusedError(SourceError):
    """The server wants credentials or a certificate that only pip's own configuration knows."""


class _InterruptedError(Exception):
    """This attempt failed, another may not."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(reason)


@contextlib.contextmanager
def http_client(settings: ModelStoreSettings, certificate: str | None) -> Iterator[httpx.Client]:
    """A client that trusts the system's authorities and, when named, those of `certificate`."""
    context = ssl.create_default_context()
    if certificate:
        context.load_verify_locations(cafile=certificate)
    timeout = httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s)
    with httpx.Client(
        verify=context,
        timeout=timeout,
        follow_redirects=True,
        # A length and a range mean bytes of the file, not of a compressed body.
        headers={"Accept-Encoding": "identity"},
    ) as client:
        yield client


def download(
    client: httpx.Client,
    url: str,
    target: Path,
    *,
    size: int | None,
    sha256: str | None,
    settings: ModelStoreSettings,
    reporter: Reporter,
    what: str,
) -> None:
    """Brings `url` to `target`; what an earlier run left in `target.part` is continued.

    Args:
        client: From `http_client`.
        url: What to fetch; never shown, it may carry credentials.
        target: Appears only when it is complete and verified.
        size: Wanted bytes, None when no size is locked.
        sha256: Wanted digest in hex, None for an unverified file.
        settings: Attempts and pauses.
        reporter: Hears of the progress.
        what: The name for people.

    Raises:
        DigestError: the bytes are wrong; they have been removed.
        SourceError: the server does not have it or kept failing.
        RefusedError: the server refuses us.
    """
    part = target.with_name(target.name + ".part")
    resumed = part.exists() and part.stat().st_size > 0
    while True:
        _bring(client, url, part, size, settings, reporter, what)
        try:
            _check(part, size, sha256)
        except DigestError:
            part.unlink()
            if not resumed:
                raise
            # The old part may have been of another file: once more, whole.
            reporter.say(f"{what}: the continued download is not what is locked; starts over")
            resumed = False
            continue
        part.replace(target)
        return


def _check(part: Path, size: int | None, sha256: str | None) -> None:
    got_size = part.stat().st_size
    if size is not None and got_size != size:
        raise DigestError(part, f"{size} bytes", f"{got_size} bytes", "it has been removed")
    if sha256 is not None and (got := sha256_of(part)) != sha256:
        raise DigestError(part, f"sha256 {sha256}", f"sha256 {got}", "it has been removed")


def _bring(
    client: httpx.Client,
    url: str,
    part: Path,
    size: int | None,
    settings: ModelStoreSettings,
    reporter: Reporter,
    what: str,
) -> None:
    failures = 0
    best = part.stat().st_size if part.exists() else 0
    reporter.begin(what, size, best)
    try:
        while True:
            before = part.stat().st_size if part.exists() else 0
            if size is not None and before >= size:
                return
            try:
                _attempt(client, url, part, before, size, reporter, what)
                return
            except _InterruptedError as error:
                have = part.stat().st_size if part.exists() else 0
                # Only more than ever before is a gain: a server may start over for ever.
                failures = 1 if have > best else failures + 1
                best = max(best, have)
                if failures >= settings.attempts:
                    raise SourceError(
                        f"{what}: {error} ({failures} attempts without a byte); what is there "
                        "is kept, the next fetch continues"
                    ) from error
                pause_s = error.retry_after_s
                if pause_s is None:
                    pause_s = settings.backoff_s * 2 ** (failures - 1) * random.uniform(0.8, 1.2)
                pause_s = min(pause_s, _MAX_BACKOFF_S)
                reporter.say(f"{what}: {error}; tries again in {pause_s:.1f} s")
                time.sleep(pause_s)
    finally:
        reporter.end()


def _attempt(
    client: httpx.Client,
    url: str,
    part: Path,
    have: int,
    size: int | None,
    reporter: Reporter,
    what: str,
) -> None:
    """One request. A broken one leaves in `part` what has come."""
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        with client.stream("GET", url, headers=headers) as response:
            if response.status_code == 416 or (
                response.status_code == 206 and _range_start(response) != have
            ):
                part.unlink()
                reporter.advance(-have)
                raise _InterruptedError("the server cannot continue what is there")
            _require_success(response, what)
            if response.status_code == 200 and have:
                reporter.advance(-have)
                have = 0
            _receive(response, part, have, size, reporter, what)
    except httpx.ConnectError as error:
        if _is_certificate_error(error):
            raise RefusedError(f"{what}: the server's certificate is not trusted") from error
        raise _InterruptedError(_reason(error)) from error
    except httpx.TransportError as error:
        raise _InterruptedError(_reason(error)) from error


def _receive(
    response: httpx.Response,
    part: Path,
    have: int,
    size: int | None,
    reporter: Reporter,
    what: str,
) -> None:
    with part.open("r+b" if have else "wb") as stream:
        stream.seek(have)
        # As it comes: a chunk size would hold back, and lose, the end of what a cut leaves.
        for chunk in response.iter_raw():
            have += len(chunk)
            if size is not None and have > size:
                # Never fill a disk with what is wrong already.
                stream.close()
                part.unlink()
                raise DigestError(part, f"{size} bytes", f"more than {size} bytes")
            stream.write(chunk)
            reporter.advance(len(chunk))
    if size is not None and have < size and "Content-Length" not in response.headers:
        raise _InterruptedError("the connection was cut")


def _require_success(response: httpx.Response, what: str) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    if status in _RETRIED_STATUS:
        raise _InterruptedError(f"the server says {status}", _retry_after_s(response))
    if status in (401, 403, 407):
        raise RefusedError(f"{what}: the server refuses access ({status})")
    raise SourceError(f"{what}: the server says {status} {response.reason_phrase}")


def _range_start(response: httpx.Response) -> int | None:
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
