import { type RemoteParticipant, type Room } from 'livekit-client';

/** What the assistant in the room is doing. */
export type AgentActivity = 'joining' | 'queued' | 'listening' | 'thinking' | 'speaking';

const STATE_ATTRIBUTE = 'lk.agent.state';
const QUEUE_ATTRIBUTE = 'trinity.queue.position';

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
  if (queuePosition(room) !== undefined) return 'queued';
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

/** The caller's place in the queue, 1 being the next; `undefined` when there is no waiting. */
export function queuePosition(room: Room): number | undefined {
  const position = Number(findAgent(room)?.attributes[QUEUE_ATTRIBUTE]);
  return position > 0 ? position : undefined;
}
