"""First byte and first audible sample by length of the text, the two servers in turn."""

from bench.tts.run import OURS, Run
from bench.tts.servers import both
from bench.tts.texts import CLAUSES, PARAGRAPH, SENTENCES


async def measure(run: Run) -> None:
    """Speak texts of each length, whole sentences and with a clause first."""
    async with both(run.settings) as (ours, servers):
        for repeat in range(run.settings.repeats):
            for name, sentences in SENTENCES.items():
                text = sentences[repeat % len(sentences)]
                for server in servers:
                    run.note("length", server.name, name, await server.speak(text))
            for server in servers:
                run.note("length", server.name, "paragraph", await server.speak(PARAGRAPH))
            for name, text in CLAUSES.items():
                run.note("clause", OURS, name, await ours.say([text]))
