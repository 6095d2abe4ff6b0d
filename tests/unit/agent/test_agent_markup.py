"""Markup of a reply, taken out before it is spoken."""

from collections.abc import AsyncIterator

import pytest

from agent.markup import spoken_text


async def pieces(*given: str) -> AsyncIterator[str]:
    for piece in given:
        yield piece


async def filtered(*given: str) -> list[str]:
    return [piece async for piece in spoken_text(pieces(*given))]


async def test_plain_words_are_not_held_back() -> None:
    words = ["It", " opens", " at nine", ".", " Shall", " I book?"]
    assert await filtered(*words) == words


@pytest.mark.parametrize(
    ("given", "spoken"),
    [
        (["The **big** one."], "The big one."),
        (["The ", "**", "big", "**", " one."], "The big one."),
        (["# Tea\n", "- green\n", "- black"], "Tea\ngreen\nblack"),
        (["- ", "green tea"], "green tea"),
        ([" - green tea"], "green tea"),
        (["It is ", "5 ", "* 3", " and more."], "It is 5 * 3 and more."),
        (["Well - ", "it is"], "Well - it is"),
        (["See ", "[the page](http://x.example/a)", " now."], "See the page now."),
        (["It is ", "snake", "_case", "_name."], "It is snake_case_name."),
        (["Good \U0001f600 ", "day."], "Good  day."),
        (["", "Hello."], "Hello."),
        ([" ", "- tea"], " tea"),
        ([], ""),
    ],
)
async def test_markup_is_not_spoken(given: list[str], spoken: str) -> None:
    assert "".join(await filtered(*given)) == spoken
