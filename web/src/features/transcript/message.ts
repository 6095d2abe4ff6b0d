/** One message of the data topic `transcripts`, in the field names of this page. */
export interface TranscriptMessage {
  speaker: 'user' | 'agent';
  text: string;
  /** Unix time in milliseconds: when it was said. */
  at: number;
  participant: string;
  turnId: string;
  sequence: number;
  final: boolean;
  interrupted: boolean;
  language: string | undefined;
  latency: TurnLatency | undefined;
}

/** Stages of the agent's turn in milliseconds; each only where it is known. */
export interface TurnLatency {
  endOfTurnMs?: number;
  transcriptionMs?: number;
  llmFirstTokenMs?: number;
  ttsFirstAudioMs?: number;
  endToEndMs?: number;
}

export const TRANSCRIPT_TOPIC = 'transcripts';

type Fields = Record<string, unknown>;

/**
 * Reads a message from the wire. `undefined` for what is not a transcript message: bad UTF-8 or
 * JSON, another type, or without speaker, text or time. Fields it does not know are ignored.
 */
export function decodeTranscript(payload: Uint8Array): TranscriptMessage | undefined {
  try {
    return readTranscript(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
  } catch {
    return undefined;
  }
}

/** Reads a message that is JSON already, for instance from the API. */
export function readTranscript(value: unknown): TranscriptMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Fields;
  const { type, speaker, text, timestamp, sequence } = fields;
  if (type !== 'transcript' || (speaker !== 'user' && speaker !== 'agent')) return undefined;
  if (typeof text !== 'string' || typeof timestamp !== 'string') return undefined;
  const at = Date.parse(timestamp);
  if (Number.isNaN(at)) return undefined;
  const order = finite(sequence) ?? at;
  return {
    speaker,
    text,
    at,
    participant: typeof fields.participant === 'string' ? fields.participant : '',
    // A message that names no turn is a turn of its own.
    turnId: typeof fields.turn_id === 'string' ? fields.turn_id : `${speaker}-${order}`,
    sequence: order,
    final: fields.final !== false,
    interrupted: fields.interrupted === true,
    language: typeof fields.language === 'string' ? fields.language : undefined,
    latency: readLatency(fields.latency),
  };
}

function readLatency(value: unknown): TurnLatency | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Fields;
  const latency: TurnLatency = {};
  const names = {
    end_of_turn_ms: 'endOfTurnMs',
    transcription_ms: 'transcriptionMs',
    llm_first_token_ms: 'llmFirstTokenMs',
    tts_first_audio_ms: 'ttsFirstAudioMs',
    end_to_end_ms: 'endToEndMs',
  } as const;
  for (const [wire, ours] of Object.entries(names)) {
    const milliseconds = finite(fields[wire]);
    if (milliseconds !== undefined && milliseconds >= 0) latency[ours] = milliseconds;
  }
  return Object.keys(latency).length > 0 ? latency : undefined;
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
