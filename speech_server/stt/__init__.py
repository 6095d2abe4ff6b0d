"""Recognition: from a stream of audio to utterances with their text."""
