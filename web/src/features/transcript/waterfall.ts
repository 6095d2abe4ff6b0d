import type { TurnLatency } from './message';

export type Stage =
  'transcript' | 'endOfTurn' | 'firstToken' | 'firstSound' | 'answered' | 'reached';

/** One bar: from and to in milliseconds after the end of the user's speech. */
export interface Bar {
  stage: Stage;
  from: number;
  to: number;
}

/**
 * The stages of an answer as bars on one clock that starts when the user stopped speaking.
 *
 * The transcript is ready while the end of the turn is still being decided; the first token and the
 * first sound follow one after the other. `heardMs` is the page's own measure, with network and
 * playout in it. Only what was measured is there.
 */
export function waterfall(latency: TurnLatency, heardMs?: number): Bar[] {
  const bars: Bar[] = [];
  let clock = 0;
  const add = (stage: Stage, from: number, length: number | undefined) => {
    if (length === undefined) return;
    bars.push({ stage, from: Math.round(from), to: Math.round(from + length) });
  };
  add('transcript', 0, latency.transcriptionMs);
  add('endOfTurn', 0, latency.endOfTurnMs);
  clock += Math.max(latency.endOfTurnMs ?? 0, latency.transcriptionMs ?? 0);
  add('firstToken', clock, latency.llmFirstTokenMs);
  clock += latency.llmFirstTokenMs ?? 0;
  add('firstSound', clock, latency.ttsFirstAudioMs);
  add('answered', 0, latency.endToEndMs);
  add('reached', 0, heardMs);
  return bars;
}
