"""What the API says of the real stack: its voices and models, and what LiveKit told it."""

import re

import httpx

from caller import Report
from stack import Stack


def test_what_can_be_chosen_is_what_runs(stack: Stack) -> None:
    with httpx.Client(base_url=stack.addresses.api_url, trust_env=False) as client:
        voices = client.get("/api/voices").json()["voices"]
        assert voices[0]["is_default"] and voices[0]["loaded"]
        assert voices[0]["language"].startswith("en")
        models = client.get("/api/models").json()["models"]
        assert models[0]["is_default"] and "en" in models[0]["languages"]
        assistants = client.get("/api/assistants").json()
        assert assistants["agent_name"] == "trinity"
        assert assistants["assistants"][0]["name"] == "trinity"


def test_livekit_told_the_api_of_the_conversation(stack: Stack, report: Report) -> None:
    metrics = httpx.get(f"{stack.addresses.api_url}/metrics", trust_env=False).text
    new = re.search(
        r'control_webhook_events_total\{event="participant_joined",result="new"\} (\d+)', metrics
    )
    assert new is not None and int(new[1]) >= 2


def test_the_conversation_is_listed_and_found(stack: Stack, report: Report) -> None:
    with httpx.Client(base_url=stack.addresses.api_url, trust_env=False) as client:
        listed = client.get("/api/transcripts").json()["transcripts"]
        assert report.room in [each["room"] for each in listed]
        said = next(m.text for m in report.messages if m.final and m.speaker == "agent")
        word = max(said.split(), key=len)
        found = client.get("/api/transcripts", params={"q": word}).json()["transcripts"]
        assert report.room in [each["room"] for each in found]
        vtt = client.get(f"/api/transcripts/{report.room}/export", params={"format": "vtt"})
        assert vtt.text.startswith("WEBVTT") and "-->" in vtt.text
