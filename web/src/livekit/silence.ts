import { createAudioAnalyser, type LocalAudioTrack } from 'livekit-client';

/** A live microphone always gives some noise; this long without any is a fault. */
const PATIENCE_MS = 8_000;
const INTERVAL_MS = 500;

/**
 * Says when a microphone that is on gives digital silence (a switch at the device, a driver, another
 * program that took it), and when sound is back. Returns the function that stops it.
 */
export function watchSilence(
  track: LocalAudioTrack,
  report: (silent: boolean) => void,
): () => void {
  const { analyser, cleanup } = createAudioAnalyser(track, { fftSize: 2048, cloneTrack: false });
  const samples = new Float32Array(analyser.fftSize);
  let quietMs = 0;
  let reported = false;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    // Silence of a microphone that is off, or that nobody listens to, is none to speak of.
    const listening = !track.isMuted && analyser.context.state === 'running';
    const silent = listening && samples.every((sample) => sample === 0);
    quietMs = silent ? quietMs + INTERVAL_MS : 0;
    const lasting = quietMs >= PATIENCE_MS;
    if (lasting !== reported) {
      reported = lasting;
      report(lasting);
    }
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    void cleanup();
  };
}
