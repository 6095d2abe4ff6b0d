import { ApiMalformed } from './errors';
import { request, text, type Json } from './http';

export const ASSISTANT = 'trinity';

export interface TokenRequest {
  participantName: string;
  /** Empty or missing: the API makes a fresh room. */
  roomName?: string;
  /** Whether the assistant is sent to the room, by the token itself. */
  assistant: boolean;
}

export interface Admission {
  serverUrl: string;
  /** A secret for the length of the call; kept in memory only. */
  token: string;
  roomName: string;
  identity: string;
}

/** Asks for the right to join a room: LiveKit's standard token request. */
export async function requestToken(wish: TokenRequest): Promise<Admission> {
  const body: Json = {
    participant_name: wish.participantName,
    // Said in both cases: without a list of agents the API sends its default one.
    room_config: { agents: wish.assistant ? [{ agent_name: ASSISTANT }] : [] },
  };
  if (wish.roomName) body.room_name = wish.roomName;
  const reply = await request('POST', '/api/token', { body });
  const serverUrl = text(reply.server_url);
  const token = text(reply.participant_token);
  if (!serverUrl || !token) {
    throw new ApiMalformed('the reply lacks server_url or participant_token');
  }
  return {
    serverUrl,
    token,
    roomName: text(reply.room_name) ?? wish.roomName ?? '',
    identity: text(reply.participant_identity) ?? '',
  };
}
