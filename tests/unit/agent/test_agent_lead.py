"""The silence at the beginning of a voice."""

from array import array

from agent.speech.lead import LeadTrimmer

RATE_HZ = 1000
KEPT = 12


def pcm(*parts: tuple[int, int]) -> bytes:
    return b"".join(array("h", [value] * count).tobytes() for value, count in parts)


def test_silence_before_the_first_sound_is_left_out() -> None:
    lead = LeadTrimmer(RATE_HZ)
    assert lead.feed(pcm((3, 30))) == b"" and not lead.begun
    assert lead.feed(pcm((3, 20), (900, 5))) == pcm((3, KEPT), (900, 5))
    assert lead.begun and lead.offset_s == 0.038
    assert lead.feed(pcm((0, 50))) == pcm((0, 50))  # pauses later are the voice's own


def test_a_voice_that_begins_at_once_is_whole() -> None:
    lead = LeadTrimmer(RATE_HZ)
    assert lead.feed(pcm((0, 5), (900, 5))) == pcm((0, 5), (900, 5))
    assert lead.offset_s == 0


def test_a_long_silence_is_meant() -> None:
    lead = LeadTrimmer(RATE_HZ)
    assert lead.feed(pcm((0, 1499))) == b""
    assert lead.feed(pcm((0, 100))) == pcm((0, 1599))
    assert lead.offset_s == 0


def test_what_is_held_at_the_end_is_given() -> None:
    lead = LeadTrimmer(RATE_HZ)
    lead.feed(pcm((0, 40)))
    assert lead.finish() == pcm((0, 40))
    assert lead.finish() == b""
