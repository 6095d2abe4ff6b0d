"""What the routes work with, opened and closed with the application."""

import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from control_api.attendance import Attendance
from control_api.calls import Calls
from control_api.feed import Feed
from control_api.health import HealthMonitor
from control_api.journal import Journal
from control_api.limits import Limits
from control_api.livekit import (
    Dialer,
    Dispatches,
    DispatchRules,
    Ingresses,
    LiveKitClient,
    Recordings,
    Rooms,
    TokenSigner,
    Tones,
    Trunks,
    WebhookVerifier,
)
from control_api.relay import Addresses, Relay, Sender
from control_api.retention import Retention
from control_api.settings import Settings
from control_api.speech import SpeechServer
from control_api.store import (
    ApiKeys,
    AuditLog,
    CallStore,
    Endpoints,
    EventLog,
    IdempotencyKeys,
    Presence,
    Rates,
    RedisStore,
    Transcripts,
)
from control_api.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything with a connection or a key, one of each an application.

    `stopping` is set when the process was told to end: streams that would last end then.
    """

    settings: Settings
    telemetry: Telemetry
    signer: TokenSigner
    livekit: LiveKitClient
    rooms: Rooms
    dispatches: Dispatches
    trunks: Trunks
    rules: DispatchRules
    recordings: Recordings
    ingresses: Ingresses
    store: RedisStore
    keys: ApiKeys
    limits: Limits
    idempotency: IdempotencyKeys
    audit: AuditLog
    transcripts: Transcripts
    webhooks: WebhookVerifier
    journal: Journal
    attendance: Attendance
    calls: Calls
    events: EventLog
    endpoints: Endpoints
    addresses: Addresses
    relay: Relay
    retention: Retention
    feed: Feed
    speech: SpeechServer
    health: HealthMonitor
    stopping: threading.Event


@asynccontextmanager
async def open_parts(settings: Settings, telemetry: Telemetry) -> AsyncIterator[Parts]:
    """Opens the clients (none of them connects before it is used) and closes them again."""
    async with AsyncExitStack() as stack:
        livekit = LiveKitClient(settings, telemetry)
        stack.push_async_callback(livekit.aclose)
        rooms = Rooms(livekit)
        dispatches = Dispatches(livekit, rooms)
        store = RedisStore.open(settings, telemetry)
        stack.push_async_callback(store.aclose)
        events = EventLog(store, settings.events_max)
        kept = CallStore(store, settings.calls_keep_s)
        calls = Calls(kept, events, Dialer(livekit), rooms, Tones(settings))
        stack.push_async_callback(calls.aclose)
        speech = SpeechServer(settings)
        stack.push_async_callback(speech.aclose)
        transcripts, audit = Transcripts(store, telemetry), AuditLog(store, settings.audit_max)
        addresses = Addresses(settings.webhook_networks)
        sender = Sender(addresses, settings.webhook_timeout_s)
        stack.push_async_callback(sender.aclose)
        endpoints, presence = Endpoints(store), Presence(store)
        yield Parts(
            settings=settings,
            telemetry=telemetry,
            signer=TokenSigner(settings),
            livekit=livekit,
            rooms=rooms,
            dispatches=dispatches,
            trunks=Trunks(livekit),
            rules=DispatchRules(livekit),
            recordings=Recordings(livekit, rooms),
            ingresses=Ingresses(livekit),
            store=store,
            keys=ApiKeys(store),
            limits=Limits(Rates(store), settings, telemetry),
            idempotency=IdempotencyKeys(store),
            audit=audit,
            transcripts=transcripts,
            webhooks=WebhookVerifier(settings),
            journal=Journal(events, presence, rooms, calls, telemetry),
            attendance=Attendance(presence, rooms, dispatches, telemetry),
            calls=calls,
            events=events,
            endpoints=endpoints,
            addresses=addresses,
            relay=Relay(
                store,
                endpoints,
                events,
                sender,
                telemetry,
                wait_s=settings.redis_timeout_s / 2,
                give_up_s=settings.webhook_give_up_s,
            ),
            retention=Retention(store, transcripts, events, audit, settings, telemetry),
            feed=Feed(events, settings.redis_timeout_s / 2),
            speech=speech,
            stopping=threading.Event(),
            health=HealthMonitor(
                {
                    "livekit": livekit.check,
                    "redis": store.check,
                    "speech_server": speech.check,
                },
                timeout_s=settings.health_timeout_s,
                telemetry=telemetry,
            ),
        )


async def _parts_of(request: Request) -> Parts:
    # Not `def`: FastAPI runs those in a thread, for every request.
    return cast("Parts", request.app.state.parts)


Wired = Annotated[Parts, Depends(_parts_of)]
