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

/** Who a line is from, in words. `self` is the identity of the person at this page. */
export function speakerName(line: Line, self: string, names: Names): string {
  if (line.speaker === 'agent') return strings.transcript.agent;
  if (!line.participant || line.participant === self) return strings.transcript.you;
  return names[line.participant] ?? line.participant;
}

/** The conversation as plain text, one line a turn. */
export function asText(lines: readonly Line[], self: string, names: Names): string {
  return spoken(lines)
    .map((line) => `[${clock(line.at)}] ${speakerName(line, self, names)}: ${line.text.trim()}`)
    .join('\n');
}
