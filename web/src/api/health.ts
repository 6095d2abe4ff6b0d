import { ApiMalformed } from './errors';
import { isJson, number, request, text } from './http';

export interface PartHealth {
  name: string;
  ok: boolean;
  latencyMs: number | undefined;
  detail: string | undefined;
}

/** Whether each part behind the API does its work; asked without a key. */
export async function readHealth(): Promise<PartHealth[]> {
  const { parts } = await request('GET', '/health');
  if (!isJson(parts)) throw new ApiMalformed('the health lacks its parts');
  return Object.entries(parts).map(([name, value]) => {
    const part = isJson(value) ? value : {};
    return {
      name,
      ok: part.status === 'ok',
      latencyMs: number(part.latency_ms),
      detail: text(part.detail),
    };
  });
}
