import type { TranscriptMessage, TurnLatency } from './message';

/** One line of the conversation: a spoken turn or a typed message. */
export interface Line {
  /** Stable while interims grow into the final. */
  id: string;
  kind: 'speech' | 'chat';
  speaker: 'user' | 'agent';
  /** Identity of who spoke or typed. */
  participant: string;
  text: string;
  /** Unix time in milliseconds of the first word that we know of. */
  at: number;
  sequence: number;
  final: boolean;
  interrupted: boolean;
  language: string | undefined;
  latency: TurnLatency | undefined;
  /** Of an answer: milliseconds from the caller's last sound to its first, measured on this page. */
  heardMs: number | undefined;
}

export interface ChatMessage {
  id: string;
  speaker: 'user' | 'agent';
  participant: string;
  text: string;
  at: number;
}

/** A typed message that the agent repeats as the user's transcript within this time is one line. */
const ECHO_MS = 15_000;

/**
 * Takes a message into the log and returns the new log, or the same one when nothing changes.
 *
 * A turn is one line: a later message of the turn replaces an interim, a final is never replaced
 * by an interim, and what arrives twice or late changes nothing. Lines stand in the order in which
 * they were begun.
 */
export function takeTranscript(
  lines: readonly Line[],
  message: TranscriptMessage,
): readonly Line[] {
  const id = `${message.speaker}:${message.turnId}`;
  const known = lines.find((line) => line.id === id);
  if (known) {
    if (message.sequence <= known.sequence || (known.final && !message.final)) return lines;
    const line = {
      ...lineOf(id, message),
      at: Math.min(known.at, message.at),
      heardMs: known.heardMs,
    };
    return arrange(lines.map((other) => (other === known ? line : other)));
  }
  const echoed = lines.find(
    (line) =>
      line.kind === 'chat' &&
      line.speaker === message.speaker &&
      line.participant === message.participant &&
      line.text.trim() === message.text.trim() &&
      Math.abs(line.at - message.at) < ECHO_MS,
  );
  if (echoed) return lines;
  return arrange([...lines, lineOf(id, message)]);
}

/** Takes a typed message into the log. */
export function takeChat(lines: readonly Line[], message: ChatMessage): readonly Line[] {
  const id = `chat:${message.id}`;
  if (lines.some((line) => line.id === id)) return lines;
  // The agent's written answer is in the transcript as well.
  const known = lines.some(
    (line) =>
      message.speaker === 'agent' &&
      line.speaker === 'agent' &&
      line.text.trim() === message.text.trim() &&
      Math.abs(line.at - message.at) < ECHO_MS,
  );
  if (known) return lines;
  return arrange([
    ...lines,
    {
      id,
      kind: 'chat',
      speaker: message.speaker,
      participant: message.participant,
      text: message.text,
      at: message.at,
      sequence: message.at,
      final: true,
      interrupted: false,
      language: undefined,
      latency: undefined,
      heardMs: undefined,
    },
  ]);
}

/** The log of messages that were kept. */
export function linesOf(messages: readonly TranscriptMessage[]): readonly Line[] {
  return messages.reduce<readonly Line[]>(takeTranscript, []);
}

/** What a person keeps of the log: lines with words, the last state of each. */
export function spoken(lines: readonly Line[]): readonly Line[] {
  return lines.filter((line) => line.text.trim() !== '');
}

/** The lines with every word of a search, whatever their case and accents. */
export function search(lines: readonly Line[], query: string): readonly Line[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return lines;
  return lines.filter((line) => words.every((word) => plain(line.text).includes(word)));
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function lineOf(id: string, message: TranscriptMessage): Line {
  const { speaker, participant, text, at, sequence, final, interrupted, language, latency } =
    message;
  return {
    id,
    kind: 'speech',
    speaker,
    participant,
    text,
    at,
    sequence,
    final,
    interrupted,
    language,
    latency,
    heardMs: undefined,
  };
}

function arrange(lines: Line[]): Line[] {
  return lines.sort((a, b) => a.at - b.at || a.sequence - b.sequence);
}
