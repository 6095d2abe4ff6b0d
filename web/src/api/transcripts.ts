import { isJson, request } from './http';

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
