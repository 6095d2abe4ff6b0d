import { strings } from '../../strings';
import type { TurnLatency } from './message';
import { waterfall } from './waterfall';

/** What an answer took; opened, where the time went. */
export function LatencyChip({ latency }: { latency: TurnLatency }) {
  const total = latency.endToEndMs;
  const bars = waterfall(latency);
  const scale = Math.max(1, ...bars.map((bar) => bar.to));
  return (
    <details data-testid="latency" className="text-sm text-muted open:w-full">
      <summary className="inline-block min-h-6 tabular-nums underline decoration-dotted underline-offset-4">
        {total === undefined
          ? strings.transcript.latencyDetail
          : strings.transcript.latency((total / 1000).toFixed(2))}
      </summary>
      <ul className="mt-2 mb-1 space-y-1.5" aria-label={strings.transcript.latencyDetail}>
        {bars.map((bar) => (
          <li key={bar.stage} data-stage={bar.stage} className="grid grid-cols-2 gap-x-3">
            <span>{strings.latency[bar.stage]}</span>
            <span className="text-right tabular-nums">
              {strings.latency.milliseconds(bar.from, bar.to)}
            </span>
            <span aria-hidden="true" className="relative col-span-2 h-1.5 rounded-full bg-raised">
              <span
                className="absolute inset-y-0 min-w-1 rounded-full bg-accent"
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
