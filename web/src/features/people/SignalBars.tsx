import type { Quality } from '../../livekit';
import { strings } from '../../strings';

const FILLED: Record<Quality, number> = { excellent: 3, good: 2, poor: 1, lost: 0, unknown: 0 };
const HEIGHTS = ['h-1.5', 'h-2.5', 'h-3.5'];

/** How good a connection is, as bars by number and in words. */
export function SignalBars({ quality }: { quality: Quality }) {
  const words = strings.people.quality[quality];
  return (
    <span className="flex h-5 items-end gap-0.5" title={words}>
      <span className="sr-only">{words}</span>
      {HEIGHTS.map((height, index) => (
        <span
          key={height}
          aria-hidden="true"
          className={`w-1 rounded-sm ${height} ${index < FILLED[quality] ? 'bg-ink' : 'bg-line'}`}
        />
      ))}
    </span>
  );
}
