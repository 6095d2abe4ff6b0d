"""The parts that are seen through HTTP: control API, LiveKit, Redis, agent, language model."""

from collections.abc import Iterator

import httpx

from trinity_cli.control_api import ControlApi
from trinity_cli.doctor.finding import Finding, fault, off, ok, skipped, warning
from trinity_cli.errors import CliError, NotAllowed
from trinity_cli.settings import CliSettings

_LOGS = "`python -m stack status` names its log; in containers: docker compose logs"
REMEDIES = {
    "livekit": f"Is LiveKit up, and are LIVEKIT_URL and its keys the API's? {_LOGS} livekit",
    "redis": f"Is Redis up, and is REDIS_URL right? {_LOGS} redis",
    "speech_server": "Is it up, and is CONTROL_SPEECH_ADDRESS right? It is ready when its models "
    f"are loaded. {_LOGS} speech_server",
}


def api_parts(api: ControlApi, settings: CliSettings) -> Iterator[Finding]:
    """The control API, its page, its key, and what it says of its neighbours."""
    try:
        health = api.get("/health")
    except CliError as error:
        yield fault("control_api", error.message, error.remedy or _LOGS)
        for part in (*REMEDIES, "web_page", "join"):
            yield skipped(part, "the control API tells it, and is away")
        return
    yield _key(api, settings)
    for part, state in health.get("parts", {}).items():
        took = f"{state.get('latency_ms', 0):.0f} ms"
        if state.get("status") == "ok":
            yield ok(part, f"answers the control API in {took}")
        else:
            seen = str(state.get("detail") or state.get("status"))
            yield fault(part, f"the control API sees: {seen}", REMEDIES.get(part, _LOGS))
    yield _page(settings)
    yield _join(api)


def _key(api: ControlApi, settings: CliSettings) -> Finding:
    try:
        api.get("/api/rooms")
    except NotAllowed as error:
        return fault("control_api", error.message, error.remedy)
    except CliError:
        return ok("control_api", f"answers at {settings.api_url}")
    return ok("control_api", f"answers at {settings.api_url}, and may be used")


def _page(settings: CliSettings) -> Finding:
    part = "web_page"
    try:
        reply = httpx.get(settings.api_url, timeout=settings.timeout_s, trust_env=False)
    except httpx.HTTPError as error:
        return fault(part, str(error) or type(error).__name__, _LOGS)
    if reply.is_success and "html" in reply.headers.get("Content-Type", ""):
        return ok(part, f"is at {settings.api_url}")
    return warning(
        part,
        f"{settings.api_url} answers {reply.status_code}",
        "Build it: make web (CONTROL_WEB_DIST)",
    )


def _join(api: ControlApi) -> Finding:
    """Whether a caller's client would get a token and reach LiveKit by the address in it."""
    part = "join"
    try:
        url = str(api.post("/api/token")["server_url"])
    except CliError as error:
        return fault(part, f"no join token: {error.message}", error.remedy or _LOGS)
    scheme, _, rest = url.partition("://")
    address = f"{'https' if scheme in ('wss', 'https') else 'http'}://{rest}"
    try:
        status = httpx.get(address, timeout=5.0, trust_env=False).status_code
    except httpx.HTTPError as error:
        return fault(
            part,
            f"callers are sent to {url}, which does not answer here: {error}",
            "Is it LiveKit's address as callers reach it? CONTROL_LIVEKIT_PUBLIC_URL says it",
        )
    # 406: the node's figures are old, as on a busy machine; it serves all the same.
    if status not in (httpx.codes.OK, httpx.codes.NOT_ACCEPTABLE):
        return fault(part, f"callers are sent to {url}, which answers {status}", "Is it LiveKit?")
    return ok(part, f"callers get a token, and reach LiveKit at {url}")


def agent(settings: CliSettings) -> Finding:
    """The agent, asked where its metrics are."""
    part = "agent"
    if not settings.agent_url:
        return off(part, "TRINITY_AGENT_URL is empty")
    url = f"{settings.agent_url.rstrip('/')}/readyz"
    remedy = f"It starts without its neighbours and logs what it waits for. {_LOGS} agent"
    try:
        reply = httpx.get(url, timeout=settings.timeout_s, trust_env=False)
    except httpx.HTTPError as error:
        return fault(part, f"{url}: {error}", f"Is it up, and TRINITY_AGENT_URL right? {remedy}")
    if reply.is_success:
        return ok(part, "is registered with LiveKit and takes calls")
    return fault(part, f"is not ready: {reply.text.strip()[:200] or reply.status_code}", remedy)


def language_model(settings: CliSettings) -> Finding:
    """Ollama, and whether it has the model."""
    part = "language_model"
    if not settings.ollama_host:
        return off(part, "OLLAMA_HOST is empty")
    host = settings.ollama_host.rstrip("/")
    host = host if "://" in host else f"http://{host}"
    try:
        reply = httpx.get(f"{host}/api/tags", timeout=settings.timeout_s, trust_env=False)
        names = [str(each["name"]) for each in reply.json()["models"]]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return fault(
            part, f"no Ollama at {host}: {error}", f"Start it, or set OLLAMA_HOST. {_LOGS} ollama"
        )
    wanted = settings.llm_model
    if wanted in names or f"{wanted}:latest" in names:
        return ok(part, f"Ollama at {host} has {wanted}")
    return fault(
        part,
        f"Ollama at {host} does not have {wanted} (AGENT_LLM_MODEL)",
        f"Fetch it: ollama pull {wanted}",
    )
