"""What the scripted model says at length, and what is heard of it."""

import re
from collections.abc import Sequence

STORIES = (
    "There was a gardener who lived beside the sea in a small white house. Every morning she "
    "carried water to her roses and talked with the birds that sat on the wall. One day a ship "
    "came into the harbor with blue sails and nobody on deck. The gardener put down her basket "
    "and walked along the beach to look at it. She found a letter on the table of the captain "
    "and a warm cup of tea beside it. The letter asked for somebody who could make flowers grow "
    "on an island made of stone. She took her seeds and her hat and sailed away before evening.",
    "The train to the mountains left late because a cow was standing on the track. The driver "
    "waited with patience and the children in the second carriage began to sing. An old man "
    "opened his bag and gave bread and cheese to everybody around him. Outside the rain stopped "
    "and the clouds moved slowly over the forest. When the cow had eaten enough it went back to "
    "its meadow without hurry. The train rolled on through a long tunnel and came out into bright "
    "sunshine. Nobody minded that they arrived in the village two hours after lunch.",
    "My grandfather repaired clocks in a little shop near the market. People brought him watches "
    "that had stopped and he listened to them with closed eyes. He said that each clock has a "
    "heart and that most of them are only tired. Once a woman came with a clock that had been "
    "silent since her wedding. He worked on it for three weeks and would not tell her what was "
    "wrong. When she came back the clock was ringing and she laughed and cried at once. He asked "
    "for no money because he had learned something new.",
)

_WORD = re.compile(r"[a-z']+")


def words(text: str) -> list[str]:
    """Lower-case words of a text."""
    return _WORD.findall(text.lower())


def distance(left: Sequence[str], right: Sequence[str]) -> list[int]:
    """Edit distance of `left` to each beginning of `right`, by its length."""
    row = list(range(len(right) + 1))
    for i, word in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row


def heard_length(heard: str, whole: str) -> int:
    """Words of the whole text that were heard, by the beginning that fits best."""
    row = distance(words(heard), words(whole))
    return min(range(len(row)), key=lambda count: (row[count], count))


def missing(heard: str, whole: str) -> int:
    """Words of the whole text that were not heard, wherever they are missing."""
    left, right = words(heard), words(whole)
    # Longest common subsequence.
    row = [0] * (len(right) + 1)
    for word in left:
        before = 0
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], before + 1 if word == other else max(row[j], row[j - 1])
    return len(right) - row[-1]
