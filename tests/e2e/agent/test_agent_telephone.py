"""A telephone, as LiveKit's SIP service would bring it: keys, silence, an answering machine."""

import asyncio

from bench.agent.scene import Guest, Scene, said
from bench.scripted_ollama import Reply

NUMBER = "+4930987654321"
PHONE = {"sip.phoneNumber": NUMBER, "sip.callID": "SCL_test", "sip.trunkPhoneNumber": "+49301"}


async def test_keys_are_answered_and_silence_ends_the_call(scene: Scene) -> None:
    scene.ollama.answer = lambda body: Reply(f"You pressed {said(body)[-4:]}.", rate=60)
    scene.write(
        "line",
        "[patience]\nstill_there_seconds = 3\nhang_up_seconds = 2\n"
        '[phrases]\nstill_there = "Are you there?"\ngoodbye = "Goodbye now."\n',
    )
    log = scene.stack.log_path("agent")
    begin = log.stat().st_size
    phone = {**PHONE, "sip.callStatus": "active"}
    async with scene.call("line", kind="sip", identity=f"sip_{NUMBER}", attributes=phone) as guest:
        await guest.hear(1)
        await guest.participant.press("4711#")
        assert await guest.hear(2) == "You pressed 4711."
        assert guest.texts("user") == ["(on the keypad) 4711"]
        assert await guest.hear(3) == "Are you there?"
        await guest.until(lambda: "Goodbye now." in guest.texts("agent"), "a goodbye")
        # Then it hangs up, which closes the room.
        await guest.until_closed()
    with log.open("rb") as file:
        file.seek(begin)
        written = file.read().decode()
    assert "Call started" in written
    assert NUMBER not in written and NUMBER[1:] not in written


async def test_a_telephone_is_greeted_when_it_is_answered(scene: Scene) -> None:
    scene.write("dialler")
    phone = {**PHONE, "sip.callStatus": "ringing"}
    async with scene.call("dialler", kind="sip", attributes=phone) as guest:
        await guest.until(lambda: guest.participant.agent is not None, "the agent")
        await asyncio.sleep(2)
        assert guest.texts("agent") == []
        await set_status(guest, "active")
        await guest.participant.microphone.play(await scene.say("Hello?"))
        assert await guest.hear(1) == "Hello, this is a test."
        await asyncio.sleep(1)
        assert guest.texts("agent") == ["Hello, this is a test."]  # picking up is no turn


async def test_an_answering_machine_gets_a_message(scene: Scene) -> None:
    scene.write("dialler", '[phrases]\nvoicemail = "Please call us back."\n')
    phone = {**PHONE, "sip.callStatus": "ringing"}
    async with scene.call("dialler", kind="sip", attributes=phone) as guest:
        await guest.until(lambda: guest.participant.agent is not None, "the agent")
        await asyncio.sleep(0.5)
        await set_status(guest, "active")
        machine = await scene.say("We are not available. Please leave a message after the tone.")
        spoken = await guest.participant.microphone.play(machine)
        await guest.voice_within(spoken.end_s, 20, "the message")
        await guest.until(lambda: "Please call us back." in guest.texts("agent"), "the message")
        await guest.until_closed()


async def set_status(guest: Guest, status: str) -> None:
    room = guest.participant.room
    assert room is not None
    await room.local_participant.set_attributes({"sip.callStatus": status})
