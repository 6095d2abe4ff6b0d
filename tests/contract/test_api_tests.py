"""Every operation of the API has a test that asks it; the table says which."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
E2E, UNIT = "e2e/control_api", "unit/control_api"
ROOMS, SIP = f"{E2E}/test_rooms.py", f"{E2E}/test_sip.py"
CALLS, MEDIA = f"{UNIT}/test_control_calls.py", f"{E2E}/test_media.py"
RECORDINGS, RELAY = f"{UNIT}/test_control_recordings.py", f"{UNIT}/test_control_relay.py"
TRANSCRIPTS, SPEECH = (
    f"{UNIT}/test_control_transcript_list.py",
    f"{UNIT}/test_control_speech.py",
)
LIVEKIT, ACCESS = f"{E2E}/test_health_of_livekit.py", f"{UNIT}/test_control_access.py"

TESTED = {
    "createToken": (f"{E2E}/test_join.py", "test_the_holder_joins_with_narrow_rights"),
    "listRooms": (ROOMS, "test_a_room_is_opened_read_listed_and_closed"),
    "createRoom": (ROOMS, "test_a_room_is_opened_read_listed_and_closed"),
    "getRoom": (ROOMS, "test_a_room_is_opened_read_listed_and_closed"),
    "deleteRoom": (ROOMS, "test_a_room_is_opened_read_listed_and_closed"),
    "sendData": (ROOMS, "test_data_reaches_those_it_is_for"),
    "listParticipants": (ROOMS, "test_somebody_is_invited_seen_and_sent_out"),
    "inviteParticipant": (ROOMS, "test_somebody_is_invited_seen_and_sent_out"),
    "getParticipant": (ROOMS, "test_somebody_is_invited_seen_and_sent_out"),
    "removeParticipant": (ROOMS, "test_somebody_is_invited_seen_and_sent_out"),
    "muteParticipant": (ROOMS, "test_a_participant_is_muted"),
    "listAgents": (ROOMS, "test_an_agent_that_is_asked_twice_comes_once"),
    "dispatchAgent": (ROOMS, "test_an_agent_that_is_asked_twice_comes_once"),
    "removeAgent": (ROOMS, "test_an_agent_that_is_asked_twice_comes_once"),
    "listTrunks": (SIP, "test_an_inbound_trunk_is_made_read_listed_and_deleted"),
    "createTrunk": (SIP, "test_an_inbound_trunk_is_made_read_listed_and_deleted"),
    "getTrunk": (SIP, "test_an_inbound_trunk_is_made_read_listed_and_deleted"),
    "deleteTrunk": (SIP, "test_an_inbound_trunk_is_made_read_listed_and_deleted"),
    "listDispatchRules": (SIP, "test_a_rule_is_made_read_listed_and_deleted"),
    "createDispatchRule": (SIP, "test_a_rule_is_made_read_listed_and_deleted"),
    "getDispatchRule": (SIP, "test_a_rule_is_made_read_listed_and_deleted"),
    "deleteDispatchRule": (SIP, "test_a_rule_is_made_read_listed_and_deleted"),
    "placeCall": (CALLS, "test_a_call_is_dialled_answered_and_hung_up"),
    "listCalls": (CALLS, "test_a_call_is_dialled_answered_and_hung_up"),
    "getCall": (CALLS, "test_why_a_call_failed_is_told"),
    "hangUp": (CALLS, "test_a_call_is_dialled_answered_and_hung_up"),
    "transferCall": (CALLS, "test_a_call_is_handed_on"),
    "sendTones": (CALLS, "test_keys_are_pressed_on_a_call_that_was_answered"),
    "startRecording": (RECORDINGS, "test_a_room_is_recorded_from_begin_to_end"),
    "listRecordings": (RECORDINGS, "test_a_room_is_recorded_from_begin_to_end"),
    "getRecording": (RECORDINGS, "test_a_room_is_recorded_from_begin_to_end"),
    "stopRecording": (RECORDINGS, "test_a_room_is_recorded_from_begin_to_end"),
    "createIngress": (MEDIA, "test_an_ingress_is_made_read_listed_and_deleted"),
    "listIngresses": (MEDIA, "test_an_ingress_is_made_read_listed_and_deleted"),
    "getIngress": (MEDIA, "test_an_ingress_is_made_read_listed_and_deleted"),
    "deleteIngress": (MEDIA, "test_an_ingress_is_made_read_listed_and_deleted"),
    "listTranscripts": (TRANSCRIPTS, "test_the_newest_come_first_in_pages"),
    "getTranscript": (f"{UNIT}/test_control_transcripts.py", "test_pages_join_to_the_whole"),
    "deleteTranscript": (TRANSCRIPTS, "test_a_deleted_transcript_is_gone"),
    "exportTranscript": (TRANSCRIPTS, "test_a_transcript_is_saved_as_a_file"),
    "listAssistants": (SPEECH, "test_the_assistants_are_those_of_the_folder"),
    "listVoices": ("e2e/test_api_of_the_stack.py", "test_what_can_be_chosen_is_what_runs"),
    "listModels": ("e2e/test_api_of_the_stack.py", "test_what_can_be_chosen_is_what_runs"),
    "streamEvents": (f"{E2E}/test_events.py", "test_a_call_is_streamed_as_it_happens"),
    "listWebhooks": (RELAY, "test_a_webhook_is_tried_listed_and_deleted"),
    "createWebhook": (RELAY, "test_events_are_sent_signed_and_in_order"),
    "getWebhook": (RELAY, "test_what_failed_is_sent_again_before_what_came_later"),
    "deleteWebhook": (RELAY, "test_a_webhook_is_tried_listed_and_deleted"),
    "testWebhook": (RELAY, "test_a_webhook_is_tried_listed_and_deleted"),
    "receiveWebhook": (f"{UNIT}/test_control_webhooks.py", "test_a_call_is_told_in_order"),
    "listAudit": (f"{UNIT}/test_control_limits.py", "test_the_audit_log_says_who_did_what"),
    "getHealth": (LIVEKIT, "test_keys_that_livekit_does_not_know_are_found"),
    "getLive": (ACCESS, "test_without_a_key_only_the_public_part_is_open"),
    "getReady": (LIVEKIT, "test_a_restart_of_livekit_is_noticed_both_ways"),
}
# These need livekit-sip and a softphone on PATH, and say so where there are none; those above run
# everywhere.
WITH_A_TELEPHONE = {
    "placeCall": "test_a_call_rings_is_answered_hears_keys_and_is_hung_up",
    "listCalls": "test_a_call_rings_is_answered_hears_keys_and_is_hung_up",
    "getCall": "test_who_is_busy_and_who_hangs_up_are_told_apart",
    "hangUp": "test_a_call_rings_is_answered_hears_keys_and_is_hung_up",
    "transferCall": "test_a_call_is_handed_on_and_stays_where_nobody_takes_it",
    "sendTones": "test_a_call_rings_is_answered_hears_keys_and_is_hung_up",
    "createTrunk": "test_who_knows_the_password_calls_from_anywhere_and_dials_keys",
    "createDispatchRule": "test_who_knows_the_password_calls_from_anywhere_and_dials_keys",
}


def operations() -> dict[str, str]:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return {
        operation["operationId"]: path
        for path, methods in document["paths"].items()
        for operation in methods.values()
    }


def test_no_operation_is_without_a_test() -> None:
    assert sorted(TESTED) == sorted(operations())


@pytest.mark.parametrize(
    ("operation", "file", "name"),
    [
        *((operation, *place) for operation, place in TESTED.items()),
        *(
            (operation, f"{E2E}/test_telephone_calls.py", name)
            for operation, name in WITH_A_TELEPHONE.items()
        ),
    ],
)
def test_the_test_is_there_and_asks_the_operation(operation: str, file: str, name: str) -> None:
    source = (TESTS / file).read_text()
    tests = {node.name for node in ast.walk(ast.parse(source)) if hasattr(node, "name")}
    assert name in tests
    if "tests.support.sse" in source:
        source += (TESTS / "support" / "sse.py").read_text()
    # The first parts of the path, up to a parameter, are somewhere in the file.
    fixed = re.split(r"\{", operations()[operation])[0].rstrip("/")
    assert fixed in source
