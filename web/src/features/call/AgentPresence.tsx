import { useAgentLevels } from '../../livekit';
import { strings } from '../../strings';
import { AgentShape } from './AgentShape';
import { useAssistantName, useCall, type AgentState } from './store';

interface Props {
  state: AgentState;
  levels: number[];
  name: string;
  compact?: boolean;
  answeredMs?: number | undefined;
  queuePosition?: number | undefined;
}

/** What the assistant is doing, in words and shape. */
export function AgentPresence({ compact }: { compact: boolean }) {
  const state = useCall((call) => call.agent);
  const answeredMs = useCall((call) => call.answeredMs);
  const queuePosition = useCall((call) => call.queuePosition);
  const levels = useAgentLevels(5);
  const name = useAssistantName();
  return (
    <AgentView
      state={state}
      levels={levels}
      name={name}
      compact={compact}
      answeredMs={answeredMs}
      queuePosition={queuePosition}
    />
  );
}

export function AgentView({
  state,
  levels,
  name,
  compact = false,
  answeredMs,
  queuePosition = 1,
}: Props) {
  const words = strings.agent[state];
  return (
    <section
      aria-label={strings.agent.label}
      className={`flex items-center gap-4 ${compact ? '' : 'lg:flex-1 lg:flex-col lg:justify-center lg:gap-6 lg:text-center'}`}
    >
      <AgentShape state={state} levels={levels} compact={compact} />
      <div data-testid="agent-state" data-state={state}>
        <p className={`text-lg font-semibold ${compact ? '' : 'lg:text-2xl'}`}>{words.title}</p>
        <p className={`text-sm text-muted ${compact ? '' : 'lg:text-base'}`}>
          {words.hint(name, queuePosition)}
        </p>
        {answeredMs !== undefined && (
          <p
            className="text-sm text-muted tabular-nums"
            data-testid="page-latency"
            data-ms={Math.round(answeredMs)}
          >
            {strings.latency.heard((answeredMs / 1000).toFixed(2))}
          </p>
        )}
      </div>
    </section>
  );
}
