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

/** Hands the browser a text file to save. */
export function saveText(fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text, '\n'], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
