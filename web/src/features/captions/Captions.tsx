import { useVoices } from '../call/store';
import { speakerName } from '../transcript/export';
import { spoken } from '../transcript/log';
import { useTranscript } from '../transcript/store';
import { useCaptions } from './store';

/** The words of whoever speaks now, large, at most three lines, the newest at the bottom. */
export function Captions() {
  const on = useCaptions((captions) => captions.on);
  const line = spoken(useTranscript((transcript) => transcript.lines)).at(-1);
  const voices = useVoices();
  if (!on) return null;
  return (
    // The transcript is what screen readers read; captions would say everything twice.
    <div
      aria-hidden="true"
      data-testid="captions"
      className="shrink-0 empty:hidden lg:min-h-16 lg:empty:block"
    >
      {line && (
        <p className="flex max-h-28 flex-col justify-end overflow-hidden rounded-2xl bg-ink px-4 py-3 text-lg leading-snug text-ground">
          <span>
            <b>{speakerName(line, voices)}: </b>
            {line.text}
          </span>
        </p>
      )}
    </div>
  );
}
