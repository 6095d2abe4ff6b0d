import { isJson, items, number, request, text } from './http';

/** What was said in a room so far, oldest first, as the messages of the wire. */
export interface TranscriptPage {
  messages: unknown[];
  /** Where the next page begins; `undefined` at the end. */
  next: string | undefined;
}

/** Reads one page. `key` is an API key, or a join token of the very room. */
export async function readTranscriptPage(
  room: string,
  key: string,
  after?: string,
): Promise<TranscriptPage> {
  const query = after ? `?after=${encodeURIComponent(after)}` : '';
  const path = `/api/transcripts/${encodeURIComponent(room)}${query}`;
  const reply = await request('GET', path, { key });
  return {
    messages: Array.isArray(reply.messages) ? reply.messages.filter(isJson) : [],
    next: typeof reply.next === 'string' ? reply.next : undefined,
  };
}

/** Reads all pages, at most so many that a page of ours stays quick. */
export async function readWholeTranscript(room: string, key: string): Promise<unknown[]> {
  const messages: unknown[] = [];
  let after: string | undefined;
  for (let page = 0; page < 20; page += 1) {
    const { messages: some, next } = await readTranscriptPage(room, key, after);
    messages.push(...some);
    if (!next) break;
    after = next;
  }
  return messages;
}

/** A conversation that is kept. */
export interface Conversation {
  room: string;
  updatedAt: string;
  messages: number;
  /** Of a search: some messages that have the words. */
  matches: unknown[];
}

export interface ConversationPage {
  conversations: Conversation[];
  /** Where the next page begins; `undefined` at the end. */
  next: string | undefined;
}

/** The conversations that are kept, newest first; with `query`, those in which it was said. */
export async function listConversations(
  key: string,
  query: string,
  before?: string,
): Promise<ConversationPage> {
  const parameters = new URLSearchParams();
  if (query) parameters.set('q', query);
  if (before) parameters.set('before', before);
  const reply = await request('GET', `/api/transcripts?${parameters}`, { key });
  return {
    conversations: items(reply, 'transcripts').map((item) => ({
      room: text(item.room) ?? '',
      updatedAt: text(item.updated_at) ?? '',
      messages: number(item.message_count) ?? 0,
      matches: items(item, 'matches'),
    })),
    next: text(reply.next),
  };
}

export async function deleteConversation(room: string, key: string): Promise<void> {
  await request('DELETE', `/api/transcripts/${encodeURIComponent(room)}`, { key });
}
