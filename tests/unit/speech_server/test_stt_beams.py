import numpy as np

from speech_server.engines.whisper.beams import Beam, Beams

END = 9


def extend(beams: Beams, at: int, *rows: dict[int, float]) -> list[int]:
    """Offer each hypothesis tokens with their probabilities."""
    log_probs = np.log([[*row.values()] for row in rows]).astype(np.float32)
    return beams.extend(at, log_probs, np.array([[*row] for row in rows]))


def made(beams: Beams) -> list[tuple[tuple[int, ...], float]]:
    return [(beam.tokens[1:], round(float(np.exp(beam.log_prob)), 3)) for beam in beams.beams]


def one(width: int, *, longest: int = 5, prompt: tuple[int, ...] = (0,)) -> Beams:
    return Beams(prompt, 1, end=END, width=width, longest=longest)


def test_a_width_of_one_takes_the_likeliest_each_time():
    beams = one(1)
    assert extend(beams, 1, {1: 0.6, 2: 0.4}) == [0]
    assert extend(beams, 2, {3: 0.55, END: 0.45}) == [0]
    assert extend(beams, 3, {END: 0.9, 3: 0.1}) == []
    assert beams.best.tokens == (0, 1, 3)
    assert np.isclose(beams.best.log_prob, np.log(0.6 * 0.55 * 0.9))


def test_what_seemed_less_likely_may_win():
    beams = one(2)
    assert extend(beams, 1, {1: 0.6, 2: 0.4, 3: 0.0001}) == [0, 0]
    # Nothing follows the first well, and one token the second.
    assert extend(beams, 2, {3: 0.3, 4: 0.3, 5: 0.2}, {6: 0.9, 3: 0.05, 4: 0.01}) == [1, 0]
    assert made(beams) == [((2, 6), 0.36), ((1, 3), 0.18)]
    assert extend(beams, 3, {END: 0.8, 3: 0.1, 4: 0.1}, {END: 0.5, 4: 0.3, 3: 0.1}) == []
    assert beams.best.tokens == (0, 2, 6)


def test_a_hypothesis_that_ended_waits_for_those_that_may_be_better():
    beams = one(2)
    extend(beams, 1, {1: 0.5, 2: 0.45, 3: 0.01})
    assert extend(beams, 2, {END: 0.4, 3: 0.3, 4: 0.1}, {5: 0.96, 6: 0.01, 7: 0.01}) == [1]
    assert made(beams) == [((2, 5), 0.432)]
    assert extend(beams, 3, {END: 0.9, 6: 0.05, 7: 0.01}) == []
    assert beams.best.tokens == (0, 2, 5)


def test_an_end_below_the_likeliest_does_not_count():
    beams = one(2)
    extend(beams, 1, {1: 0.4, 2: 0.35, END: 0.25})
    assert beams.best.tokens == (0, 1)
    assert extend(beams, 2, {3: 0.1, 4: 0.1, 5: 0.1}, {3: 0.1, 4: 0.1, 5: 0.1}) == [0, 0]


def test_the_longer_of_two_is_not_preferred_for_its_mean():
    beams = one(2)
    extend(beams, 1, {1: 0.9, 2: 0.01, 3: 0.01})
    extend(beams, 2, {4: 0.5, END: 0.48, 5: 0.01}, {4: 0.1, 5: 0.1, 6: 0.1})
    # A loop is sure of each of its tokens, and less likely as a whole.
    assert extend(beams, 3, {1: 0.95, 5: 0.01, 6: 0.01}) == []
    assert beams.best.tokens == (0, 1)


def test_what_the_prompt_has_is_kept_and_costs_nothing():
    beams = one(2, prompt=(0, 7, 8))
    assert extend(beams, 1, {1: 0.6, 2: 0.4, END: 0.01}) == [0]
    assert extend(beams, 2, {1: 0.6, 2: 0.4, END: 0.01}) == [0]
    assert beams.beams == [Beam((0, 7, 8), 0.0)]
    assert extend(beams, 3, {1: 0.6, 2: 0.3, END: 0.01}) == [0, 0]


def test_text_without_an_end_stops_at_the_longest():
    beams = one(2, longest=2)
    assert extend(beams, 1, {1: 0.6, 2: 0.3, 3: 0.1}) == [0, 0]
    assert extend(beams, 2, {1: 0.6, 2: 0.3, 3: 0.1}, {1: 0.5, 2: 0.3, 3: 0.1}) == []
    assert beams.best.tokens == (0, 1, 1)
    ended = one(2, longest=3)
    extend(ended, 1, {1: 0.5, END: 0.3, 2: 0.2})
    extend(ended, 2, {1: 0.9, 2: 0.05, 3: 0.01})
    assert extend(ended, 3, {1: 0.9, 2: 0.05, 3: 0.01}) == []
    # One that ended before is no loop.
    assert ended.best.tokens == (0,)


def test_impossible_tokens_are_not_taken():
    beams = one(3)
    log_probs = np.array([[-0.1, -np.inf, -np.inf, -np.inf]], np.float32)
    assert beams.extend(1, log_probs, np.array([[1, 2, 3, 4]])) == [0]
    assert [beam.tokens for beam in beams.beams] == [(0, 1)]
