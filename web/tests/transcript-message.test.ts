// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { decodeTranscript, readTranscript } from '../src/features/transcript/message';

const wire = {
  type: 'transcript',
  speaker: 'agent',
  text: 'Hello.',
  timestamp: '2026-01-02T03:04:05.678Z',
  room: 'r',
  participant: 'agent-1',
  turn_id: 't1',
  sequence: 7,
  final: true,
  language: 'en',
  interrupted: true,
  latency: {
    end_of_turn_ms: 310,
    tts_first_audio_ms: 0,
    end_to_end_ms: 820.5,
    llm_first_token_ms: null,
  },
};
const bytes = (text: string) => new TextEncoder().encode(text);

describe('reading a transcript message', () => {
  it('takes every field of the contract', () => {
    expect(decodeTranscript(bytes(JSON.stringify(wire)))).toEqual({
      speaker: 'agent',
      text: 'Hello.',
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      participant: 'agent-1',
      turnId: 't1',
      sequence: 7,
      final: true,
      interrupted: true,
      language: 'en',
      latency: { endOfTurnMs: 310, ttsFirstAudioMs: 0, endToEndMs: 820.5 },
    });
  });

  it('ignores fields it does not know', () => {
    expect(readTranscript({ ...wire, mood: 'good', latency: { magic_ms: 1 } })).toMatchObject({
      text: 'Hello.',
      latency: undefined,
    });
  });

  it.each([
    ['not JSON', '{"type": "transcript"'],
    ['no object', '"transcript"'],
    ['null', 'null'],
    ['another type', JSON.stringify({ ...wire, type: 'metrics' })],
    ['an unknown speaker', JSON.stringify({ ...wire, speaker: 'ghost' })],
    ['text that is no string', JSON.stringify({ ...wire, text: { html: '<b>' } })],
    ['a time that is none', JSON.stringify({ ...wire, timestamp: 'yesterday' })],
  ])('refuses %s', (_, text) => {
    expect(decodeTranscript(bytes(text))).toBeUndefined();
  });

  it('refuses broken UTF-8', () => {
    expect(decodeTranscript(new Uint8Array([0x22, 0xff, 0x22]))).toBeUndefined();
  });

  it('makes a turn of its own of a message that names none', () => {
    const first = readTranscript({ ...wire, turn_id: undefined, sequence: 1 });
    const second = readTranscript({ ...wire, turn_id: undefined, sequence: 2 });
    expect(first?.turnId).not.toBe(second?.turnId);
  });
});
