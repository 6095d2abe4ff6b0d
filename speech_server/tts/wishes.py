"""What a client's options mean for the voice that it chose."""

from collections.abc import Iterator

from speech_server.engines.piper import PiperVoice
from speech_server.errors import FieldNotServed, InvalidRequest
from speech_server.tts.normalizer import has_rules
from speech_server.tts.options import SpeechOptions
from speech_server.tts.segmenter import Segmenter
from speech_server.tts.utterance import Manner
from speech_server.tts.voices import LoadedVoice

WHOLE_SENTENCES_FROM_MS = 1000
"""A client that would wait so long for more text gets whole sentences from the first on."""


def check_text_options(options: SpeechOptions, loaded: LoadedVoice) -> None:
    """See that the voice can do what is asked of its text.

    Raises:
        FieldNotServed: There are no rules for the voice's language.
        InvalidRequest: The voice does not know a phoneme; names the field.
    """
    config = loaded.source.config
    if options.normalization == "on" and not has_rules(config.language_code):
        raise FieldNotServed(
            "there are no rules for the voice's language", field="config.text_normalization"
        )
    for number, (_, ipa) in enumerate(options.pronunciations):
        if any(symbol not in config.phoneme_ids for symbol in ipa):
            raise InvalidRequest(
                "the voice does not know all of these phonemes",
                field=f"config.custom_pronunciations[{number}].ipa",
            )


def manner_of(options: SpeechOptions, loaded: LoadedVoice) -> Manner:
    """Give how the voice is to speak.

    Raises:
        InvalidRequest: It has no such speaker.
    """
    config = loaded.source.config
    speaker = config.default_speaker
    if options.speaker:
        if options.speaker in config.speakers:
            speaker = config.speakers[options.speaker]
        elif options.speaker.isdecimal() and int(options.speaker) < config.speaker_count:
            speaker = int(options.speaker)
        else:
            raise InvalidRequest("the voice has no such speaker", field="config.speaker")
    noise = options.noise_scale
    rhythm = options.noise_w_scale
    return Manner(
        length_scale=config.length_scale * options.length_factor,
        noise_scale=config.noise_scale if noise is None else noise,
        noise_w_scale=config.noise_w_scale if rhythm is None else rhythm,
        speaker=speaker,
    )


def open_segmenter(
    options: SpeechOptions, loaded: LoadedVoice, *, first_clause: int, opening: int
) -> Segmenter:
    """Make the segmenter of a context, by how early the client and the voice let it cut.

    A clause is not begun before its end where the same seed must give the same sound, whenever
    the text comes, nor where a phrase of several words has a pronunciation of its own, whose end
    may not be there yet.
    """
    delay_ms = options.buffer_delay_ms
    if delay_ms is not None and delay_ms >= WHOLE_SENTENCES_FROM_MS:
        return Segmenter(0)
    voice = loaded.voice
    staged = isinstance(voice, PiperVoice) and voice.stages == 3
    phrases = any(len(phrase.split()) > 1 for phrase, _ in options.pronunciations)
    may_open = staged and not phrases and options.seed is None
    return Segmenter(first_clause, opening if may_open else 0)


def warnings_of(options: SpeechOptions, loaded: LoadedVoice) -> Iterator[tuple[str, str]]:
    """Give reason and message of each wish that the voice cannot fulfil."""
    if isinstance(loaded.voice, PiperVoice):
        return
    if options.seed is not None:
        yield (
            "SEED_NOT_SERVED",
            "this voice draws its noise inside its graph; a seed does not repeat it",
        )
    if options.word_times or options.phoneme_times:
        yield "TIMES_NOT_SERVED", "this voice does not tell the lengths of its phonemes"
