import { isJson, items, request, text, type Json } from './http';

/** A call that was placed to a telephone. */
export interface PhoneCall {
  id: string;
  /** dialing, then active and ended, or failed. */
  state: string;
  to: string;
  room: string;
  createdAt: string;
  answeredAt: string | undefined;
  endedAt: string | undefined;
  /** Why it did not come about: `busy`, `no-answer`, … */
  reason: string | undefined;
}

export interface CallWish {
  trunkId: string;
  to: string;
  /** Empty: a room of the call's own. */
  room: string;
  /** The assistant that speaks with whoever answers; none: people do. */
  assistant: { agentName: string; metadata: string } | undefined;
}

/**
 * Begins to call somebody. `attempt` names this press of the button: however often the request is
 * repeated, the telephone rings once.
 */
export async function placeCall(wish: CallWish, key: string, attempt: string): Promise<PhoneCall> {
  const body: Json = {
    trunk_id: wish.trunkId,
    to: wish.to,
    agents: wish.assistant ? [wish.assistant.agentName] : [],
  };
  if (wish.assistant?.metadata) body.agent_metadata = wish.assistant.metadata;
  if (wish.room) body.room = wish.room;
  return call(await request('POST', '/api/calls', { key, body, idempotencyKey: attempt }));
}

export async function listCalls(key: string): Promise<PhoneCall[]> {
  return items(await request('GET', '/api/calls', { key }), 'calls').map(call);
}

export async function hangUp(id: string, key: string): Promise<void> {
  await request('DELETE', callPath(id), { key });
}

export async function transferCall(id: string, to: string, key: string): Promise<void> {
  await request('POST', `${callPath(id)}/transfer`, { key, body: { to } });
}

function callPath(id: string): string {
  return `/api/calls/${encodeURIComponent(id)}`;
}

function call(value: Json): PhoneCall {
  return {
    id: text(value.id) ?? '',
    state: text(value.state) ?? '',
    to: text(value.to) ?? '',
    room: text(value.room) ?? '',
    createdAt: text(value.created_at) ?? '',
    answeredAt: text(value.answered_at),
    endedAt: text(value.ended_at),
    reason: isJson(value.failure) ? text(value.failure.reason) : undefined,
  };
}
