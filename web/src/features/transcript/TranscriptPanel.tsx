import { useId } from 'react';
import { strings } from '../../strings';
import { Button, Icon } from '../../ui';
import { useCall } from '../call/store';
import { CopyButton } from './CopyButton';
import { speakerName } from './export';
import { spoken } from './log';
import { useTranscript } from './store';
import { TranscriptLine } from './TranscriptLine';
import { useStickToEnd } from './useStickToEnd';

/** Both sides of the conversation, growing while it is spoken. */
export function TranscriptPanel({ live }: { live: boolean }) {
  const words = strings.transcript;
  const title = useId();
  const lines = spoken(useTranscript((transcript) => transcript.lines));
  const self = useCall((call) => call.identity);
  const names = useCall((call) => call.names);
  const { box, away, toEnd } = useStickToEnd(lines);
  const finals = lines.filter((line) => line.final);
  const latest = finals.at(-1);

  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <header className="flex min-h-14 items-center justify-between gap-2 border-b border-line py-1.5 pr-2 pl-4">
        <h2 id={title} className="font-semibold">
          {words.title}
        </h2>
        {finals.length > 0 && <CopyButton lines={finals} self={self} names={names} />}
      </header>
      {/* Scrolls, so the keyboard must be able to reach it. */}
      <div
        ref={box}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="region"
        aria-labelledby={title}
        data-testid="transcript"
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-4 py-3 -outline-offset-4"
      >
        {lines.length === 0 ? (
          <p className="py-6 text-center text-muted">{live ? words.empty : words.emptyEnded}</p>
        ) : (
          <ol className="space-y-4">
            {lines.map((line) => (
              <TranscriptLine
                key={line.id}
                line={line}
                name={speakerName(line, self, names)}
                own={line.speaker === 'user' && (!line.participant || line.participant === self)}
              />
            ))}
          </ol>
        )}
      </div>
      {/* Screen readers hear what is settled, once; interims would make them stutter. */}
      {live && (
        <p aria-live="polite" className="sr-only">
          {latest && words.announce(speakerName(latest, self, names), latest.text)}
        </p>
      )}
      {away && (
        <Button onClick={toEnd} className="absolute bottom-3 left-1/2 -translate-x-1/2 shadow-card">
          <Icon name="down" className="size-4" />
          {words.latest}
        </Button>
      )}
    </div>
  );
}
