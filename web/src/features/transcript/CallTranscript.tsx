import { useCall, useVoices } from '../call/store';
import { useTranscript } from './store';
import { TranscriptPanel } from './TranscriptPanel';

/** The conversation of this page's own call, while it goes on and afterwards. */
export function CallTranscript({ live }: { live: boolean }) {
  const lines = useTranscript((transcript) => transcript.lines);
  const room = useCall((call) => call.room);
  const voices = useVoices();
  return <TranscriptPanel lines={lines} voices={voices} room={room} live={live} heading={!live} />;
}
