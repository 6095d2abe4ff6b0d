import type { AgentState } from './store';

const BARS = 5;

interface Props {
  state: AgentState;
  levels: number[];
  /** Small on every screen, beside the pictures of people. */
  compact?: boolean;
}

/**
 * The state of the assistant as a shape: a turning dashed ring, a calm disc, three dots, five bars
 * that follow its voice, an empty ring. Colour adds nothing that the shape does not say.
 */
export function AgentShape({ state, levels, compact = false }: Props) {
  return (
    <div
      aria-hidden="true"
      className={`forced-shape @container relative flex size-14 shrink-0 items-center justify-center text-accent ${compact ? '' : 'lg:size-48'}`}
    >
      {inside(state, levels)}
    </div>
  );
}

function inside(state: AgentState, levels: number[]) {
  switch (state) {
    case 'connecting':
    case 'queued':
      return (
        <span className="size-full animate-seek rounded-full border-[3px] border-dashed border-current opacity-70 @min-[8rem]:border-4" />
      );
    case 'listening':
      return (
        <>
          <span className="absolute size-full animate-breathe rounded-full bg-accent-soft" />
          <span className="absolute size-3/5 rounded-full border-[3px] border-current @min-[8rem]:border-4" />
          <span className="absolute size-1/5 rounded-full bg-current" />
        </>
      );
    case 'thinking':
      return (
        <>
          <span className="absolute size-full rounded-full bg-accent-soft" />
          <span className="relative flex gap-1 @min-[8rem]:gap-3">
            {['delay-0', 'delay-150', 'delay-300'].map((delay) => (
              <span
                key={delay}
                className={`size-2 animate-think rounded-full bg-current [animation-delay:inherit] @min-[8rem]:size-5 ${delay}`}
              />
            ))}
          </span>
        </>
      );
    case 'speaking':
      return (
        <>
          <span className="absolute size-full rounded-full bg-accent-soft" />
          <span className="relative flex h-1/2 items-center gap-[3px] @min-[8rem]:gap-2.5">
            {Array.from({ length: BARS }, (_, index) => (
              <span
                key={index}
                className="w-1 rounded-full bg-current transition-[height] duration-75 @min-[8rem]:w-3"
                style={{ height: `${18 + 82 * Math.min(1, (levels[index] ?? 0) * 1.4)}%` }}
              />
            ))}
          </span>
        </>
      );
    default:
      return (
        <span className="relative size-3/5 rounded-full border-[3px] border-current text-muted @min-[8rem]:border-4">
          <span className="absolute top-1/2 left-1/2 h-[3px] w-[130%] -translate-x-1/2 -translate-y-1/2 rotate-45 bg-current @min-[8rem]:h-1" />
        </span>
      );
  }
}
