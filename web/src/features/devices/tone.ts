const NOTES_HZ = [523.25, 659.25];
const NOTE_S = 0.45;

/** Plays two soft notes on a speaker ('' is the standard one) and resolves when they are over. */
export async function playTestTone(speakerId: string): Promise<void> {
  const context = new AudioContext();
  try {
    const sink = context.createMediaStreamDestination();
    const player = new Audio();
    player.srcObject = sink.stream;
    if (speakerId) await player.setSinkId(speakerId);
    await context.resume();
    const begin = context.currentTime + 0.1;
    NOTES_HZ.forEach((hz, index) => note(context, sink, hz, begin + index * NOTE_S));
    await player.play();
    await new Promise((resolve) => setTimeout(resolve, (NOTES_HZ.length * NOTE_S + 0.5) * 1000));
    player.pause();
  } finally {
    await context.close();
  }
}

/** One note that swells and fades, so that it does not click. */
function note(context: AudioContext, sink: AudioNode, hz: number, at: number): void {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.25, at + 0.04);
  gain.gain.exponentialRampToValueAtTime(0.001, at + NOTE_S);
  oscillator.connect(gain).connect(sink);
  oscillator.start(at);
  oscillator.stop(at + NOTE_S);
}
