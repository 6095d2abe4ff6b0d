import { ApiMalformed, ApiProblem, ApiUnreachable, type FieldProblem } from './errors';

const DEADLINE_MS = 10_000;

export type Json = Record<string, unknown>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The strings of a list; none where there is no list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The objects of a list in a reply. */
export function items(reply: Json, field: string): Json[] {
  const list = reply[field];
  return Array.isArray(list) ? list.filter(isJson) : [];
}

interface Options {
  body?: Json;
  /** An API key or a join token, sent as a bearer; never stored here. */
  key?: string;
  /** With the same one, a request that is sent twice is done once. */
  idempotencyKey?: string;
}

/** Sends one JSON request within a deadline; throws one of `errors.ts`. No content gives `{}`. */
export async function request(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { body, key, idempotencyKey }: Options = {},
): Promise<Json> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body) headers['Content-Type'] = 'application/json';
  if (key) headers.Authorization = `Bearer ${key}`;
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey;
  let response: Response;
  let raw: string;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    raw = await response.text();
  } catch (error) {
    throw new ApiUnreachable('the control API did not answer', { cause: error });
  }
  if (response.status === 204) return {};
  const parsed = parse(raw);
  if (!response.ok) {
    // A gateway in front of an API that is away answers in its place.
    if (response.status === 502 || response.status === 504) {
      throw new ApiUnreachable(`the gateway answered ${response.status}`);
    }
    const problem = isJson(parsed) ? parsed : {};
    throw new ApiProblem(
      response.status,
      text(problem.title),
      text(problem.detail),
      items(problem, 'errors').map(fieldProblem),
    );
  }
  if (!isJson(parsed)) throw new ApiMalformed('the answer is not a JSON object');
  return parsed;
}

function fieldProblem(value: Json): FieldProblem {
  return { pointer: text(value.pointer) ?? '', detail: text(value.detail) ?? '' };
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}
