import { strings } from '../../strings';
import { spoken, type Line } from './log';

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

/** Display names by identity. */
export type Names = Readonly<Record<string, string>>;

/** Who is who in a conversation. */
export interface Voices {
  /** Identity of the person at this page; not given when they were not in the call. */
  self?: string;
  names: Names;
  assistant: string;
  /** For whoever has no name. */
  unnamed?: string;
}

/** Who a line is from, in words. */
export function speakerName(line: Line, { self, names, assistant, unnamed }: Voices): string {
  if (line.speaker === 'agent') return assistant;
  if (self !== undefined && (!line.participant || line.participant === self)) {
    return strings.transcript.you;
  }
  return names[line.participant] ?? unnamed ?? line.participant;
}

/** A way to keep a conversation as a file. */
export interface FileKind {
  ending: string;
  type: string;
  write: (lines: readonly Line[], voices: Voices) => string;
}

export const FILES = {
  text: { ending: 'txt', type: 'text/plain;charset=utf-8', write: asText },
  json: { ending: 'json', type: 'application/json', write: asJson },
  subtitles: { ending: 'vtt', type: 'text/vtt;charset=utf-8', write: asSubtitles },
} as const satisfies Record<string, FileKind>;

export type FileName = keyof typeof FILES;

/** The conversation as plain text, one line a turn. */
export function asText(lines: readonly Line[], voices: Voices): string {
  return spoken(lines)
    .map((line) => `[${clock(line.at)}] ${speakerName(line, voices)}: ${line.text.trim()}`)
    .join('\n');
}

/** All that the page knows of the conversation, for programs. */
export function asJson(lines: readonly Line[], voices: Voices): string {
  const turns = spoken(lines).map((line) => ({
    speaker: line.speaker,
    name: speakerName(line, voices),
    participant: line.participant,
    time: new Date(line.at).toISOString(),
    kind: line.kind,
    text: line.text,
    language: line.language,
    interrupted: line.interrupted,
    latency_ms: line.latency && { ...line.latency, heard: line.heardMs },
  }));
  return JSON.stringify({ turns }, null, 2);
}

const WORDS_PER_SECOND = 2.5;
const SHORTEST_CUE_MS = 1_500;

/**
 * The conversation as WebVTT subtitles on a clock that starts with its first turn. How long a turn
 * took is not known: it stays for as long as its words take, or until the next one begins.
 */
export function asSubtitles(lines: readonly Line[], voices: Voices): string {
  const turns = spoken(lines);
  const begin = turns[0]?.at ?? 0;
  const cues = turns.map((line, index) => {
    const from = line.at - begin;
    const words = line.text.trim().split(/\s+/).length;
    const wanted = from + Math.max(SHORTEST_CUE_MS, (words / WORDS_PER_SECOND) * 1000);
    const next = turns[index + 1];
    const to = next && next.at - begin > from ? Math.min(wanted, next.at - begin) : wanted;
    const text = escaped(line.text.trim().replace(/\s+/g, ' '));
    return `${cueTime(from)} --> ${cueTime(to)}\n<v ${escaped(speakerName(line, voices))}>${text}\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

function cueTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11, 23);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Hands the browser a file to save. */
export function saveFile(fileName: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content, '\n'], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
