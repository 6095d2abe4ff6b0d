import { ApiMalformed, ApiProblem, ApiUnreachable } from './errors';

const DEADLINE_MS = 10_000;

export type Json = Record<string, unknown>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Sends one JSON request within a deadline; throws one of `errors.ts`. */
export async function request(method: 'GET' | 'POST', path: string, body?: Json): Promise<Json> {
  let response: Response;
  let raw: string;
  try {
    response = await fetch(path, {
      method,
      headers: body
        ? { Accept: 'application/json', 'Content-Type': 'application/json' }
        : { Accept: 'application/json' },
      body: body ? JSON.stringify(body) : null,
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    raw = await response.text();
  } catch (error) {
    throw new ApiUnreachable('the control API did not answer', { cause: error });
  }
  const parsed = parse(raw);
  if (!response.ok) {
    // A gateway in front of an API that is away answers in its place.
    if (response.status === 502 || response.status === 504) {
      throw new ApiUnreachable(`the gateway answered ${response.status}`);
    }
    const problem = isJson(parsed) ? parsed : {};
    throw new ApiProblem(response.status, text(problem.title), text(problem.detail));
  }
  if (!isJson(parsed)) throw new ApiMalformed('the answer is not a JSON object');
  return parsed;
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}
