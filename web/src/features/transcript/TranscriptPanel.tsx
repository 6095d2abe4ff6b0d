import { useId, useState } from 'react';
import { strings } from '../../strings';
import { Button, Icon } from '../../ui';
import { speakerName, type Voices } from './export';
import { search, spoken, type Line } from './log';
import { TranscriptLine } from './TranscriptLine';
import { TranscriptTools } from './TranscriptTools';
import { useStickToEnd } from './useStickToEnd';

interface Props {
  lines: readonly Line[];
  voices: Voices;
  room: string;
  /** It grows; what is new is read out. */
  live: boolean;
  /** The heading is seen. */
  heading?: boolean;
}

/** Both sides of a conversation, growing while it is spoken. */
export function TranscriptPanel({ lines: all, voices, room, live, heading = false }: Props) {
  const words = strings.transcript;
  const title = useId();
  const [query, setQuery] = useState('');
  const lines = spoken(all);
  const { box, away, toEnd } = useStickToEnd(lines);
  const finals = lines.filter((line) => line.final);
  const latest = finals.at(-1);
  const shown = search(lines, query);

  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <h2 id={title} className={heading ? 'px-4 pt-4 pb-1 font-semibold' : 'sr-only'}>
        {words.title}
      </h2>
      {finals.length > 0 && (
        <TranscriptTools
          lines={finals}
          voices={voices}
          room={room}
          query={query}
          onQuery={setQuery}
        />
      )}
      <div
        ref={box}
        // Scrolls, so the keyboard must be able to reach it.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="region"
        aria-labelledby={title}
        data-testid="transcript"
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-4 py-3 -outline-offset-4"
      >
        {lines.length === 0 && (
          <p className="py-6 text-center text-muted">{live ? words.empty : words.emptyEnded}</p>
        )}
        {query.trim() !== '' && (
          <p role="status" className="pb-3 text-sm text-muted">
            {shown.length > 0 ? words.found(shown.length) : words.notFound}
          </p>
        )}
        <ol className="space-y-4 empty:hidden">
          {shown.map((line) => (
            <TranscriptLine
              key={line.id}
              line={line}
              name={speakerName(line, voices)}
              own={isOwn(line, voices)}
            />
          ))}
        </ol>
      </div>
      {/* Screen readers hear what is settled, once; interims would make them stutter. */}
      {live && (
        <p aria-live="polite" className="sr-only">
          {latest && words.announce(speakerName(latest, voices), latest.text)}
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

function isOwn(line: Line, { self }: Voices): boolean {
  if (line.speaker === 'agent' || self === undefined) return false;
  return !line.participant || line.participant === self;
}
