import { items, request, text, type Json } from './http';

export interface OpenRoom {
  name: string;
  createdAt: string;
  recording: boolean;
}

export interface RoomMember {
  identity: string;
  name: string;
  kind: string;
  state: string;
  muted: boolean;
}

export async function listRooms(key: string): Promise<OpenRoom[]> {
  const reply = await request('GET', '/api/rooms', { key });
  return items(reply, 'rooms').map((room) => ({
    name: text(room.name) ?? '',
    createdAt: text(room.created_at) ?? '',
    recording: room.recording === true,
  }));
}

export async function listMembers(room: string, key: string): Promise<RoomMember[]> {
  const reply = await request('GET', `${roomPath(room)}/participants`, { key });
  return items(reply, 'participants').map((member) => ({
    identity: text(member.identity) ?? '',
    name: text(member.name) ?? '',
    kind: text(member.kind) ?? 'other',
    state: text(member.state) ?? '',
    muted: !items(member, 'tracks').some(
      (track) => track.source === 'microphone' && track.muted === false,
    ),
  }));
}

export async function closeRoom(room: string, key: string): Promise<void> {
  await request('DELETE', roomPath(room), { key });
}

export async function removeMember(room: string, identity: string, key: string): Promise<void> {
  await request('DELETE', memberPath(room, identity), { key });
}

export async function muteMember(room: string, identity: string, key: string): Promise<void> {
  await request('POST', `${memberPath(room, identity)}/mute`, { key, body: { muted: true } });
}

function roomPath(room: string): string {
  return `/api/rooms/${encodeURIComponent(room)}`;
}

function memberPath(room: string, identity: string): string {
  return `${roomPath(room)}/participants/${encodeURIComponent(identity)}`;
}

/** Asks an assistant into a room that is open; asked twice, it comes once. */
export async function inviteAssistant(
  room: string,
  assistant: { agentName: string; metadata: string } | undefined,
  key: string,
): Promise<void> {
  const body: Json = assistant
    ? { agent_name: assistant.agentName, metadata: assistant.metadata }
    : {};
  await request('POST', `${roomPath(room)}/agents`, { key, body });
}
