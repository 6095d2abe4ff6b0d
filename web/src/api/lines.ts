import { items, request, text, texts, type Json } from './http';

/** A SIP trunk: the way to and from the telephone network. */
export interface Trunk {
  id: string;
  kind: 'inbound' | 'outbound';
  name: string;
  numbers: string[];
  /** Inbound: who may call. */
  allowedAddresses: string[];
  /** Outbound: where calls go. */
  address: string;
  username: string;
}

export interface TrunkWish {
  kind: Trunk['kind'];
  name: string;
  numbers: string[];
  allowedAddresses: string[];
  address: string;
  username: string;
  password: string;
}

/** What becomes of a call that comes in. */
export interface Rule {
  id: string;
  name: string;
  kind: string;
  room: string;
  hasPin: boolean;
  trunkIds: string[];
  agents: string[];
}

export interface RuleWish {
  name: string;
  kind: string;
  room: string;
  pin: string;
  trunkIds: string[];
  agents: string[];
}

export async function listTrunks(key: string, kind?: Trunk['kind']): Promise<Trunk[]> {
  const path = kind ? `/api/sip/trunk?kind=${kind}` : '/api/sip/trunk';
  return items(await request('GET', path, { key }), 'trunks').map((trunk) => ({
    id: text(trunk.id) ?? '',
    kind: trunk.kind === 'inbound' ? 'inbound' : 'outbound',
    name: text(trunk.name) ?? '',
    numbers: texts(trunk.numbers),
    allowedAddresses: texts(trunk.allowed_addresses),
    address: text(trunk.address) ?? '',
    username: text(trunk.auth_username) ?? '',
  }));
}

export async function createTrunk(wish: TrunkWish, key: string): Promise<void> {
  const body: Json = { kind: wish.kind, name: wish.name, numbers: wish.numbers };
  if (wish.username) body.auth_username = wish.username;
  if (wish.password) body.auth_password = wish.password;
  if (wish.kind === 'inbound') body.allowed_addresses = wish.allowedAddresses;
  else body.address = wish.address;
  await request('POST', '/api/sip/trunk', { key, body });
}

export async function deleteTrunk(id: string, key: string): Promise<void> {
  await request('DELETE', `/api/sip/trunk/${encodeURIComponent(id)}`, { key });
}

export async function listRules(key: string): Promise<Rule[]> {
  return items(await request('GET', '/api/sip/dispatch', { key }), 'rules').map((rule) => ({
    id: text(rule.id) ?? '',
    name: text(rule.name) ?? '',
    kind: text(rule.kind) ?? '',
    room: text(rule.room) ?? '',
    hasPin: Boolean(text(rule.pin)),
    trunkIds: texts(rule.trunk_ids),
    agents: texts(rule.agents),
  }));
}

export async function createRule(wish: RuleWish, key: string): Promise<void> {
  const body: Json = {
    name: wish.name,
    kind: wish.kind,
    room: wish.room,
    trunk_ids: wish.trunkIds,
    agents: wish.agents,
  };
  if (wish.pin) body.pin = wish.pin;
  await request('POST', '/api/sip/dispatch', { key, body });
}

export async function deleteRule(id: string, key: string): Promise<void> {
  await request('DELETE', `/api/sip/dispatch/${encodeURIComponent(id)}`, { key });
}
