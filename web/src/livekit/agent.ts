import { type RemoteParticipant, type Room } from 'livekit-client';

/** What the assistant in the room is doing. */
export type AgentActivity = 'joining' | 'listening' | 'thinking' | 'speaking';

const STATE_ATTRIBUTE = 'lk.agent.state';

/** The first assistant of the room, where there is one. */
export function findAgent(room: Room): RemoteParticipant | undefined {
  for (const participant of room.remoteParticipants.values()) {
    if (participant.isAgent) return participant;
  }
  return undefined;
}

/** Its state as it says it itself; `undefined` without an assistant. */
export function agentActivity(room: Room): AgentActivity | undefined {
  const agent = findAgent(room);
  if (!agent) return undefined;
  switch (agent.attributes[STATE_ATTRIBUTE]) {
    case 'listening':
    case 'idle':
      return 'listening';
    case 'thinking':
      return 'thinking';
    case 'speaking':
      return 'speaking';
    default:
      return 'joining';
  }
}
