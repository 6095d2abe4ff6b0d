import { strings } from '../../strings';
import { clock } from './export';
import { LatencyChip } from './LatencyChip';
import type { Line } from './log';

interface Props {
  line: Line;
  name: string;
  /** Said or typed by the person at this page. */
  own: boolean;
}

/** One turn. Text is set as text: whatever a speaker says, it is never HTML. */
export function TranscriptLine({ line, name, own }: Props) {
  const words = strings.transcript;
  return (
    <li
      data-testid="transcript-message"
      data-speaker={line.speaker}
      data-final={line.final}
      data-kind={line.kind}
    >
      <div className="flex flex-wrap items-baseline gap-x-2 text-sm">
        <span className={`font-semibold ${own ? 'text-ink' : 'text-accent'}`}>{name}</span>
        <time dateTime={new Date(line.at).toISOString()} className="text-muted tabular-nums">
          {clock(line.at)}
        </time>
        {line.kind === 'chat' && <span className="text-muted">{words.typed}</span>}
        {line.interrupted && <span className="text-muted">{words.interrupted}</span>}
        {(line.latency ?? line.heardMs) !== undefined && (
          <LatencyChip latency={line.latency ?? {}} heardMs={line.heardMs} />
        )}
      </div>
      <p
        data-testid="transcript-text"
        lang={line.language}
        dir="auto"
        className={`mt-0.5 leading-relaxed break-words whitespace-pre-wrap ${line.final ? '' : 'text-muted italic'}`}
      >
        {line.text}
        {!line.final && <span className="sr-only"> ({words.interim})</span>}
        {!line.final && <span aria-hidden="true"> …</span>}
      </p>
    </li>
  );
}
