"""What is spoken: sentences of about 1.5, 4, 8 and 12 seconds, and a paragraph."""

SENTENCES: dict[str, list[str]] = {
    "1.5 s": [
        "Let me check that for you.",
        "That is a good question.",
        "I will call you back soon.",
    ],
    "4 s": [
        "The next train to the airport leaves at half past nine, from the second platform.",
        "Your order was sent this morning, and it should arrive before the weekend.",
        "I have found three hotels near the station, and the second one has free rooms.",
    ],
    "8 s": [
        "The museum is open from ten in the morning until six in the evening, and on Thursdays it "
        "stays open until nine, so that people can visit after work.",
        "If you would like to change your booking, please tell me the new date, and I will look "
        "for a room of the same kind at a price that is not higher than before.",
        "Tomorrow will be mostly dry with some clouds in the afternoon, while the wind turns to "
        "the west and brings a little rain to the coast in the evening.",
    ],
    "12 s": [
        "When the delivery arrives, please open the parcel while the driver is still there, look "
        "whether everything that you ordered is inside and nothing is broken, and only then sign "
        "for it, because later on it becomes difficult for us to find out what happened.",
        "The library has moved to a new building behind the town hall, where you will find the "
        "newspapers on the ground floor, the books for children on the first floor, and a quiet "
        "room for reading on the second floor, which is open until late in the evening.",
        "To reach the clinic from the main station, take the tram in the direction of the harbor, "
        "leave it at the fourth stop, cross the street at the traffic light, and walk along the "
        "river until you see a white house with a green door on your left side.",
    ],
}
CLAUSES: dict[str, str] = {
    "4 s": "Let me have a look for you, since there should be a table left at seven.",
    "8 s": "Yes, I can do that for you, but the office closes at noon today, so that your papers "
    "would reach you on Monday in the morning at the earliest.",
    "12 s": "Let me see what I can find for you, because there are several ways to answer this, "
    "and some of them depend on where you are and on what you would like to do after that, so "
    "please stay on the line for a moment.",
    "20 s": "Thank you very much for waiting, I have now spoken with my colleague in the workshop "
    "and he told me that the part that your car needs was delivered this morning. It will be put "
    "in before lunch, and after a short drive to see that everything is as it should be, you can "
    "come and fetch it at any time between two and six. Please bring the second key along.",
}
"""Texts by length whose first clause may be a segment of its own."""
PARAGRAPH = " ".join(SENTENCES["4 s"] + SENTENCES["8 s"][:2] + SENTENCES["1.5 s"])
TOKENS = [
    "Of course, I can help you with that. The office is open from nine to five, and you can call "
    "at any time. Is there anything else that you would like to know?",
    "That is a good question, and the answer is not simple. Most of the trains run every ten "
    "minutes during the day. In the night there are only buses.",
    "I have found your order, it was sent yesterday. You should have it before the weekend. Would "
    "you like me to send the number by which you can follow it?",
]
"""Answers of three sentences, as a language model would stream them."""


def pieces_of(text: str) -> list[str]:
    """Cut an answer in pieces as a language model gives them: words with the space before."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def last_of_clause(pieces: list[str], letters: int = 12) -> int:
    """Give the number of the piece that ends the first clause of so many letters."""
    said = ""
    for number, piece in enumerate(pieces):
        said += piece
        if piece[-1] in ",.?!" and sum(map(str.isalnum, said)) >= letters:
            return number
    return len(pieces) - 1
