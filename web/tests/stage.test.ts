// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { bestColumns } from '../src/features/stage/layout';
import { search, takeTranscript } from '../src/features/transcript/log';
import { readTranscript } from '../src/features/transcript/message';
import { waterfall } from '../src/features/transcript/waterfall';

describe('the grid of people', () => {
  it.each([
    [1, 1600, 900, 1],
    [2, 1600, 900, 2],
    [2, 320, 640, 1],
    [3, 320, 640, 1],
    [4, 1600, 900, 2],
    [6, 1600, 900, 3],
    [9, 1600, 900, 3],
    [12, 1600, 900, 4],
    [12, 300, 600, 2],
  ])('%i people in %i × %i stand in %i columns', (count, width, height, columns) => {
    expect(bestColumns(count, width, height)).toBe(columns);
  });
});

describe('the waterfall of an answer', () => {
  it('puts the stages on one clock', () => {
    expect(
      waterfall({
        endOfTurnMs: 310.4,
        transcriptionMs: 190,
        llmFirstTokenMs: 140,
        ttsFirstAudioMs: 150,
        endToEndMs: 820,
      }),
    ).toEqual([
      { stage: 'transcript', from: 0, to: 190 },
      { stage: 'endOfTurn', from: 0, to: 310 },
      { stage: 'firstToken', from: 310, to: 450 },
      { stage: 'firstSound', from: 450, to: 600 },
      { stage: 'answered', from: 0, to: 820 },
    ]);
  });

  it('shows only what was measured', () => {
    expect(waterfall({ llmFirstTokenMs: 100 })).toEqual([
      { stage: 'firstToken', from: 0, to: 100 },
    ]);
  });
});

describe('the search', () => {
  const lines = ['Wie geht’s Jörg?', 'The weather in Vienna', 'Vienna again'].reduce(
    (log, text, index) => {
      const message = readTranscript({
        type: 'transcript',
        speaker: 'user',
        text,
        timestamp: new Date(index).toISOString(),
        sequence: index,
      });
      return message ? takeTranscript(log, message) : log;
    },
    takeNothing(),
  );

  it.each([
    ['', 3],
    ['vienna', 2],
    ['VIENNA weather', 1],
    ['jorg', 1],
    ['.*', 0],
  ])('«%s» finds %i', (query, count) => {
    expect(search(lines, query)).toHaveLength(count);
  });
});

function takeNothing(): ReturnType<typeof takeTranscript> {
  return [];
}
