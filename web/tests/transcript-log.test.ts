// @vitest-environment node
import { beforeEach, describe, expect, it } from 'vitest';
import { asJson, asSubtitles, asText } from '../src/features/transcript/export';
import { takeChat, takeTranscript, type Line } from '../src/features/transcript/log';
import type { TranscriptMessage } from '../src/features/transcript/message';
import { useTranscript } from '../src/features/transcript/store';

const START = Date.UTC(2026, 0, 2, 12, 0, 0);

function message(change: Partial<TranscriptMessage>): TranscriptMessage {
  return {
    speaker: 'user',
    text: 'words',
    at: START,
    participant: 'ada',
    turnId: 't1',
    sequence: 1,
    final: true,
    interrupted: false,
    language: undefined,
    latency: undefined,
    ...change,
  };
}

function log(...messages: TranscriptMessage[]): readonly Line[] {
  return messages.reduce<readonly Line[]>(takeTranscript, []);
}

describe('the transcript log', () => {
  it('replaces an interim by the final of its turn', () => {
    const lines = log(
      message({ text: 'What', final: false, sequence: 1 }),
      message({ text: 'What time', final: false, sequence: 2, at: START + 300 }),
      message({ text: 'What time is it?', final: true, sequence: 3, at: START + 900 }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ text: 'What time is it?', final: true, at: START });
  });

  it('never goes back from a final to an interim', () => {
    const lines = log(
      message({ text: 'Done.', sequence: 3 }),
      message({ text: 'Do', final: false, sequence: 4 }),
    );
    expect(lines.map((line) => line.text)).toEqual(['Done.']);
  });

  it('drops what arrives twice or late', () => {
    const before = log(message({ text: 'two', final: false, sequence: 2 }));
    expect(takeTranscript(before, message({ text: 'two', final: false, sequence: 2 }))).toBe(
      before,
    );
    expect(takeTranscript(before, message({ text: 'one', final: false, sequence: 1 }))).toBe(
      before,
    );
  });

  it('keeps the turns of two speakers apart, even under one id', () => {
    expect(log(message({}), message({ speaker: 'agent', sequence: 2 }))).toHaveLength(2);
  });

  it('stands in the order of speaking, not of arrival', () => {
    const lines = log(
      message({ turnId: 'b', text: 'second', at: START + 2000, sequence: 1 }),
      message({ turnId: 'a', text: 'first', at: START, sequence: 2, speaker: 'agent' }),
      message({ turnId: 'c', text: 'third', at: START + 2000, sequence: 3 }),
    );
    expect(lines.map((line) => line.text)).toEqual(['first', 'second', 'third']);
  });

  it('takes a typed message once, and not again when the agent repeats it', () => {
    const chat = { id: 'c1', speaker: 'user', participant: 'ada', text: 'Hi', at: START } as const;
    let lines = takeChat(takeChat([], chat), chat);
    lines = takeTranscript(lines, message({ text: 'Hi ', at: START + 400 }));
    expect(lines).toHaveLength(1);
    lines = takeTranscript(lines, message({ text: 'Hi', at: START + 60_000, turnId: 't9' }));
    expect(lines).toHaveLength(2);
  });

  it('shows a written answer of the agent once, whichever way it comes first', () => {
    const answer = { speaker: 'agent' as const, text: 'At nine.', participant: 'agent' };
    const chat = { ...answer, id: 'c1', at: START };
    const spoken = message({ ...answer, turnId: 'a1', at: START + 50 });
    expect(takeTranscript(takeChat([], chat), spoken)).toHaveLength(1);
    expect(takeChat(takeTranscript([], spoken), chat)).toHaveLength(1);
    expect(takeChat(takeTranscript([], spoken), { ...chat, text: 'At ten.' })).toHaveLength(2);
  });
});

describe('the transcript store', () => {
  beforeEach(() => useTranscript.getState().clear());

  it('counts what it cannot read and shows nothing of it', () => {
    useTranscript.getState().receive(new TextEncoder().encode('<script>'));
    expect(useTranscript.getState()).toMatchObject({ lines: [], unreadable: 1 });
  });
});

const voices = { self: 'ada', names: { 'bob-1': 'Bob' }, assistant: 'Trinity' };

describe('the transcript as a file', () => {
  it('has the times and words of each turn as subtitles, as text', () => {
    const lines = log(
      message({ text: 'Hello <b>\n\nyou' }),
      message({ speaker: 'agent', text: 'Hi', at: START + 1000, turnId: 'b', sequence: 2 }),
    );
    expect(asSubtitles(lines, voices)).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v You>Hello &lt;b&gt; you\n' +
        '\n00:00:01.000 --> 00:00:02.500\n<v Trinity>Hi\n',
    );
  });

  it('has all that is known as JSON', () => {
    const lines = log(message({ text: 'Hello', language: 'en' }));
    expect(JSON.parse(asJson(lines, voices))).toEqual({
      turns: [
        {
          speaker: 'user',
          name: 'You',
          participant: 'ada',
          time: new Date(START).toISOString(),
          kind: 'speech',
          text: 'Hello',
          language: 'en',
          interrupted: false,
        },
      ],
    });
  });

  it('calls nobody You who was not in the call', () => {
    const others = { names: {}, assistant: 'Trinity', unnamed: 'Caller' };
    expect(asText(log(message({ participant: '' })), others)).toContain('Caller: ');
  });
});

describe('the transcript as text', () => {
  it('names the speakers and leaves out empty turns', () => {
    const lines = log(
      message({ text: 'Hello' }),
      message({ text: ' ', turnId: 't2', sequence: 2 }),
      message({ speaker: 'agent', text: 'Hi!', sequence: 3 }),
      message({ participant: 'bob-1', text: 'Me too', turnId: 't3', sequence: 4 }),
    );
    expect(asText(lines, voices).split('\n')).toEqual([
      expect.stringMatching(/^\[.+\] You: Hello$/),
      expect.stringMatching(/^\[.+\] Trinity: Hi!$/),
      expect.stringMatching(/^\[.+\] Bob: Me too$/),
    ]);
  });
});
