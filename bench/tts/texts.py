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
CLAUSE = (
    "Let me see what I can find for you, because there are several ways to answer this, and some "
    "of them depend on where you are and on what you would like to do after that."
)
PARAGRAPH = " ".join(SENTENCES["4 s"] + SENTENCES["8 s"][:2] + SENTENCES["1.5 s"])
TOKENS = (
    "Of course, I can help you with that. The office is open from nine to five, and you can call "
    "at any time. Is there anything else that you would like to know?"
)
