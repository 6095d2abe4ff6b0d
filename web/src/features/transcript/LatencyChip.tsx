import { strings } from '../../strings';
import type { TurnLatency } from './message';
import { waterfall } from './waterfall';

interface Props {
  latency: TurnLatency;
  /** The page's own measure. */
  heardMs: number | undefined;
}

/** What an answer took; opened, where the time went. */
export function LatencyChip({ latency, heardMs }: Props) {
  const total = latency.endToEndMs;
  const bars = waterfall(latency, heardMs);
  const scale = Math.max(1, ...bars.map((bar) => bar.to));
  return (
    <details
      data-testid="latency"
      data-heard-ms={heardMs}
      className="text-sm text-muted open:w-full"
    >
      <summary className="inline-block min-h-6 tabular-nums underline decoration-dotted underline-offset-4">
        {summary(total, heardMs)}
      </summary>
      <ul
        className="mt-2 mb-1 grid gap-2 rounded-xl border border-line p-3"
        aria-label={strings.transcript.latencyDetail}
      >
        {bars.map((bar) => (
          <li
            key={bar.stage}
            data-stage={bar.stage}
            className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-3"
          >
            <span>{strings.latency[bar.stage]}</span>
            <span className="text-right tabular-nums">
              {strings.latency.milliseconds(bar.from, bar.to)}
            </span>
            <span
              aria-hidden="true"
              className="relative col-span-2 mt-1 h-1.5 rounded-full bg-raised"
            >
              <span
                className={`absolute inset-y-0 min-w-1 rounded-full ${bar.stage === 'answered' || bar.stage === 'reached' ? 'bg-ink' : 'bg-accent'}`}
                style={{
                  left: `${(bar.from / scale) * 100}%`,
                  width: `${((bar.to - bar.from) / scale) * 100}%`,
                }}
              />
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function summary(total: number | undefined, heardMs: number | undefined): string {
  if (total !== undefined) return strings.transcript.latency(seconds(total));
  if (heardMs !== undefined) return strings.latency.inSeconds(seconds(heardMs));
  return strings.transcript.latencyDetail;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2);
}
