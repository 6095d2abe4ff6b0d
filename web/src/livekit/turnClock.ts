import { createAudioAnalyser, type LocalAudioTrack, type RemoteAudioTrack } from 'livekit-client';

const INTERVAL_MS = 20;
/** Root mean square above which a microphone carries a voice, and the assistant a sound. */
const VOICE = 0.015;
const SOUND = 0.004;
/** A voice shorter than this is a click; a pause shorter than this is within the assistant's answer. */
const SHORTEST_VOICE_MS = 150;
const PAUSE_MS = 400;
/** A timer this late (a hidden page, a busy machine) has not seen what began or ended meanwhile. */
const LATE_MS = 200;

interface Ear {
  track: LocalAudioTrack | RemoteAudioTrack;
  rms: () => number;
  close: () => void;
}

/**
 * Measures what a caller feels: the time from their last voiced sound to the assistant's first, both
 * as this page hears them. Network and playout are in it, which the assistant's own figures lack.
 */
export class TurnClock {
  readonly #report: (milliseconds: number) => void;
  #microphone: Ear | undefined;
  #agent: Ear | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastTick = 0;
  #voicedMs = 0;
  #wasVoiced = false;
  #lastVoice = 0;
  #lastSound = 0;

  constructor(report: (milliseconds: number) => void) {
    this.#report = report;
  }

  hearMicrophone(track: LocalAudioTrack | undefined): void {
    this.#microphone = this.#swap(this.#microphone, track);
  }

  hearAgent(track: RemoteAudioTrack | undefined): void {
    this.#agent = this.#swap(this.#agent, track);
  }

  close(): void {
    this.hearMicrophone(undefined);
    this.hearAgent(undefined);
  }

  #swap(old: Ear | undefined, track: Ear['track'] | undefined): Ear | undefined {
    if (old && old.track === track) return old;
    old?.close();
    const ear = track && listen(track);
    queueMicrotask(() => this.#run());
    return ear;
  }

  #run(): void {
    clearInterval(this.#timer);
    if (this.#microphone && this.#agent) {
      this.#voicedMs = 0;
      this.#lastTick = performance.now();
      this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
    }
  }

  #tick(): void {
    const now = performance.now();
    const elapsed = now - this.#lastTick;
    this.#lastTick = now;
    if (!this.#microphone || !this.#agent) return;
    const late = elapsed > LATE_MS;
    const voiced = this.#microphone.rms() > VOICE;
    if (voiced) {
      if (!late) this.#voicedMs += elapsed;
      this.#lastVoice = now;
    } else if (late && this.#wasVoiced) {
      // The voice ended somewhere in between.
      this.#voicedMs = 0;
    }
    this.#wasVoiced = voiced;
    if (this.#agent.rms() > SOUND) {
      const begins = now - this.#lastSound > PAUSE_MS;
      this.#lastSound = now;
      if (begins && !late && this.#voicedMs >= SHORTEST_VOICE_MS && now > this.#lastVoice) {
        this.#report(now - this.#lastVoice);
      }
      // What is said while the assistant speaks belongs to the next turn.
      if (begins) this.#voicedMs = 0;
    }
  }
}

function listen(track: Ear['track']): Ear {
  const { analyser, cleanup } = createAudioAnalyser(track, { fftSize: 512, cloneTrack: false });
  const samples = new Float32Array(analyser.fftSize);
  return {
    track,
    rms: () => {
      analyser.getFloatTimeDomainData(samples);
      let power = 0;
      for (const sample of samples) power += sample * sample;
      return Math.sqrt(power / samples.length);
    },
    close: () => void cleanup(),
  };
}
