import { useAgentLevels } from '../../livekit';
import { strings } from '../../strings';
import { AgentShape } from './AgentShape';
import { useCall, type AgentState } from './store';

/** What the assistant is doing, in words and shape. */
export function AgentPresence() {
  const state = useCall((call) => call.agent);
  const levels = useAgentLevels(5);
  return <AgentView state={state} levels={levels} />;
}

export function AgentView({ state, levels }: { state: AgentState; levels: number[] }) {
  const words = strings.agent[state];
  return (
    <section
      aria-label={strings.agent.label}
      className="flex items-center gap-4 lg:flex-col lg:gap-6 lg:text-center"
    >
      <AgentShape state={state} levels={levels} />
      <div data-testid="agent-state" data-state={state}>
        <p className="text-lg font-semibold lg:text-2xl">{words.title}</p>
        <p className="text-sm text-muted lg:text-base">{words.hint}</p>
      </div>
    </section>
  );
}
