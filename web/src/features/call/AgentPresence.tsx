import { useAgentLevels } from '../../livekit';
import { strings } from '../../strings';
import { AgentShape } from './AgentShape';
import { useCall, type AgentState } from './store';

interface Props {
  state: AgentState;
  levels: number[];
  compact?: boolean;
}

/** What the assistant is doing, in words and shape. */
export function AgentPresence({ compact }: { compact: boolean }) {
  const state = useCall((call) => call.agent);
  const levels = useAgentLevels(5);
  return <AgentView state={state} levels={levels} compact={compact} />;
}

export function AgentView({ state, levels, compact = false }: Props) {
  const words = strings.agent[state];
  return (
    <section
      aria-label={strings.agent.label}
      className={`flex items-center gap-4 ${compact ? '' : 'lg:flex-1 lg:flex-col lg:justify-center lg:gap-6 lg:text-center'}`}
    >
      <AgentShape state={state} levels={levels} compact={compact} />
      <div data-testid="agent-state" data-state={state}>
        <p className={`text-lg font-semibold ${compact ? '' : 'lg:text-2xl'}`}>{words.title}</p>
        <p className={`text-sm text-muted ${compact ? '' : 'lg:text-base'}`}>{words.hint}</p>
      </div>
    </section>
  );
}
