import { ApiMalformed } from './errors';
import { isJson, request, text, type Json } from './http';

export interface PartHealth {
  name: string;
  ok: boolean;
  latencyMs: number | undefined;
  detail: string | undefined;
}

export interface OpenRoom {
  name: string;
  createdAt: string;
  participants: number;
  recording: boolean;
}

export interface RoomMember {
  identity: string;
  name: string;
  kind: string;
  state: string;
  muted: boolean;
}

/** Whether each part behind the API does its work; asked without a key. */
export async function readHealth(): Promise<PartHealth[]> {
  const { parts } = await request('GET', '/health');
  if (!isJson(parts)) throw new ApiMalformed('the health lacks its parts');
  return Object.entries(parts).map(([name, value]) => {
    const part = isJson(value) ? value : {};
    return {
      name,
      ok: part.status === 'ok',
      latencyMs: typeof part.latency_ms === 'number' ? part.latency_ms : undefined,
      detail: text(part.detail),
    };
  });
}

export async function listRooms(key: string): Promise<OpenRoom[]> {
  const reply = await request('GET', '/api/rooms', { key });
  return items(reply, 'rooms').map((room) => ({
    name: text(room.name) ?? '',
    createdAt: text(room.created_at) ?? '',
    participants: typeof room.participants === 'number' ? room.participants : 0,
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

function items(reply: Json, field: string): Json[] {
  const list = reply[field];
  return Array.isArray(list) ? list.filter(isJson) : [];
}
