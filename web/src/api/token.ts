import { ApiMalformed } from './errors';
import { request, text, type Json } from './http';

export interface TokenRequest {
  participantName: string;
  /** Empty or missing: the API makes a fresh room. */
  roomName?: string;
  /** The assistant that the token itself sends to the room; `default`: the API's own choice. */
  assistant: { agentName: string; metadata: string } | 'default' | undefined;
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
  const body: Json = { participant_name: wish.participantName };
  // Without a list of agents the API sends its default one; an empty one sends nobody.
  if (wish.assistant !== 'default') {
    const { assistant } = wish;
    const agents = assistant ? [agent(assistant)] : [];
    body.room_config = { agents };
  }
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

function agent({ agentName, metadata }: { agentName: string; metadata: string }): Json {
  return metadata ? { agent_name: agentName, metadata } : { agent_name: agentName };
}
