// @vitest-environment node
import type { LocalAudioTrack, RemoteAudioTrack } from 'livekit-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TurnClock } from '../src/livekit/turnClock';

/** A track is its loudness; the analyser reads it. */
const loudness = { microphone: 0, agent: 0 };
const closed: string[] = [];

vi.mock('livekit-client', () => ({
  createAudioAnalyser: (track: keyof typeof loudness) => ({
    analyser: {
      fftSize: 4,
      getFloatTimeDomainData: (samples: Float32Array) => samples.fill(loudness[track]),
    },
    cleanup: () => {
      closed.push(track);
      return Promise.resolve();
    },
  }),
}));

const answers: number[] = [];
let clock: TurnClock;
let lateness: number;

async function during(milliseconds: number, microphone: number, agent: number): Promise<void> {
  Object.assign(loudness, { microphone, agent });
  await vi.advanceTimersByTimeAsync(milliseconds);
}

/** The next timer comes so much later. */
function late(milliseconds: number): void {
  lateness += milliseconds;
}

beforeEach(() => {
  vi.useFakeTimers();
  const now = performance.now.bind(performance);
  lateness = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + lateness);
  answers.length = 0;
  closed.length = 0;
  clock = new TurnClock((milliseconds) => answers.push(milliseconds));
  clock.hearMicrophone('microphone' as unknown as LocalAudioTrack);
  clock.hearAgent('agent' as unknown as RemoteAudioTrack);
});
afterEach(() => {
  clock.close();
  vi.useRealTimers();
});

describe('the page’s own measure of an answer', () => {
  it('runs from the last voiced sound to the first sound of the answer', async () => {
    await during(1000, 0, 0);
    await during(2000, 0.1, 0);
    await during(800, 0.001, 0);
    await during(1000, 0, 0.1);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toBeGreaterThanOrEqual(780);
    expect(answers[0]).toBeLessThanOrEqual(840);
  });

  it('does not take a pause inside the answer for another answer', async () => {
    await during(500, 0.1, 0);
    await during(500, 0, 0);
    await during(600, 0, 0.1);
    await during(300, 0, 0);
    await during(600, 0, 0.1);
    expect(answers).toHaveLength(1);
  });

  it('says nothing of a greeting or after a click', async () => {
    await during(1000, 0, 0);
    await during(1000, 0, 0.1);
    await during(1000, 0, 0);
    await during(60, 0.2, 0);
    await during(500, 0, 0);
    await during(500, 0, 0.1);
    expect(answers).toEqual([]);
  });

  it('bears a late timer in a pause, and says nothing when a voice ended or began in it', async () => {
    const inPause = async () => {
      await during(500, 0.1, 0);
      await during(200, 0, 0);
      late(400);
      await during(200, 0, 0);
      await during(500, 0, 0.1);
    };
    await inPause();
    expect(answers).toHaveLength(1);
    expect(answers[0]).toBeGreaterThanOrEqual(780);
    expect(answers[0]).toBeLessThanOrEqual(840);

    await during(1000, 0, 0);
    await during(500, 0.1, 0);
    late(400);
    await during(200, 0, 0);
    await during(500, 0, 0.1);
    expect(answers).toHaveLength(1);

    await during(1000, 0, 0);
    await during(500, 0.1, 0);
    await during(200, 0, 0);
    late(400);
    await during(500, 0, 0.1);
    expect(answers).toHaveLength(1);
  });

  it('lets go of both tracks', () => {
    clock.close();
    expect(closed.sort()).toEqual(['agent', 'microphone']);
  });
});
