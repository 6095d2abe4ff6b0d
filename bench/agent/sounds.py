"""Sounds that a listener makes and that are no words: coughs, keys, and short signs of listening.

No recordings of coughs and keyboards come with the project, so these two are shaped noise: bursts
of a breath for a cough, clicks with a short ring for keys. Signs of listening are synthesised
words in another person's voice, and a hum made of harmonics.
"""

import numpy as np

from caller.recorder import Samples

SIGNS = ("Yeah.", "Okay.", "Right.", "I see.", "Mm-hmm.", "Uh-huh.", "Hmm.")
"""What a listener says; `hum` makes the same without words."""


def cough(rng: np.random.Generator, rate_hz: int) -> Samples:
    """One or two bursts of noise, low and breathy, of 0.15 to 0.35 s."""
    parts = []
    for _ in range(int(rng.integers(1, 3))):
        length = int(rate_hz * rng.uniform(0.15, 0.35))
        noise = rng.normal(0, 1, length)
        width = max(1, rate_hz // 1500)
        low = np.convolve(noise, np.ones(width) / width, mode="same")
        shape = np.minimum(1, np.arange(length) / (0.02 * rate_hz)) * np.exp(
            -np.arange(length) / (0.08 * rate_hz)
        )
        parts += [low * shape, np.zeros(int(rate_hz * 0.08))]
    return _level(np.concatenate(parts), 0.25)


def keyboard(rng: np.random.Generator, rate_hz: int) -> Samples:
    """A second of typing: six to ten clicks."""
    sound = np.zeros(rate_hz)
    for at in np.sort(rng.uniform(0, 0.9, int(rng.integers(6, 11)))):
        begin, length = int(at * rate_hz), int(0.03 * rate_hz)
        times = np.arange(length) / rate_hz
        click = np.exp(-times / 0.004) * (
            rng.normal(0, 1, length) + np.sin(2 * np.pi * rng.uniform(1500, 3500) * times)
        )
        sound[begin : begin + length] += click * rng.uniform(0.5, 1)
    return _level(sound, 0.12)


def hum(rng: np.random.Generator, rate_hz: int) -> Samples:
    """A hummed "mm-hm": two nasal sounds, the second higher, with a breath between them."""
    pitch = rng.uniform(95, 190)
    parts = []
    for height, length_s in ((1.0, rng.uniform(0.14, 0.2)), (1.25, rng.uniform(0.2, 0.3))):
        length = int(rate_hz * length_s)
        times = np.arange(length) / rate_hz
        phase = 2 * np.pi * pitch * height * times
        sound = np.zeros(length)
        for harmonic in range(1, 25):
            tone_hz = pitch * height * harmonic
            # A closed mouth: a strong resonance near 250 Hz, weak ones above.
            weight = 1 / (1 + ((tone_hz - 250) / 120) ** 2)
            weight += 0.06 / (1 + ((tone_hz - 1050) / 150) ** 2)
            weight += 0.03 / (1 + ((tone_hz - 2200) / 200) ** 2)
            sound += weight * np.sin(harmonic * phase)
        edge = np.minimum(1, np.minimum(times, times[::-1]) / 0.03)
        parts += [sound * edge, 0.02 * rng.normal(0, 1, int(0.05 * rate_hz))]
    return _level(np.concatenate(parts), 0.25)


def _level(sound: np.ndarray, peak: float) -> Samples:
    loud: Samples = (sound / np.abs(sound).max() * peak * 32767).astype(np.int16)
    return loud
