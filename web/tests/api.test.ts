// @vitest-environment node
import { describe, expect, it, vi } from 'vitest';
import { ApiMalformed, ApiProblem, ApiUnreachable, requestToken } from '../src/api';
import { microphoneFailure, tokenFailure } from '../src/features/connection/failures';

function answer(status: number, body: string) {
  const fetch = vi.fn<typeof globalThis.fetch>(() =>
    Promise.resolve(new Response(body, { status })),
  );
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const wish = { participantName: 'Ada', assistant: true };

describe('asking for a token', () => {
  it('sends LiveKit’s standard request and dispatches the assistant by it', async () => {
    const fetch = answer(
      201,
      JSON.stringify({
        server_url: 'ws://127.0.0.1:7880',
        participant_token: 'jwt',
        room_name: 'r1',
        participant_identity: 'ada-1',
      }),
    );
    await expect(requestToken({ ...wish, roomName: 'r1' })).resolves.toEqual({
      serverUrl: 'ws://127.0.0.1:7880',
      token: 'jwt',
      roomName: 'r1',
      identity: 'ada-1',
    });
    const [path, init] = fetch.mock.calls[0] ?? [];
    expect(path).toBe('/api/token');
    expect(JSON.parse(init?.body as string)).toEqual({
      participant_name: 'Ada',
      room_name: 'r1',
      room_config: { agents: [{ agent_name: 'trinity' }] },
    });
  });

  it('asks for a fresh room and for no assistant where that is wanted', async () => {
    const fetch = answer(201, '{"server_url":"ws://h","participant_token":"t"}');
    await requestToken({ participantName: 'Ada', roomName: '', assistant: false });
    expect(JSON.parse(fetch.mock.calls[0]?.[1]?.body as string)).toEqual({
      participant_name: 'Ada',
      room_config: { agents: [] },
    });
  });

  it('reads problem details', async () => {
    answer(403, JSON.stringify({ title: 'Forbidden', status: 403, detail: 'not this room' }));
    const error: unknown = await requestToken(wish).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiProblem);
    expect(error).toMatchObject({ status: 403, title: 'Forbidden', detail: 'not this room' });
    expect(tokenFailure(error)).toMatchObject({ code: 'token-refused', detail: 'not this room' });
  });

  it.each([
    [401, 'token-refused'],
    [422, 'token-refused'],
    [429, 'too-many'],
    [503, 'too-many'],
    [500, 'api-broken'],
    [502, 'api-unreachable'],
    [504, 'api-unreachable'],
  ])('says in plain words what HTTP %i means', async (status, code) => {
    answer(status, '<html>error</html>');
    const error: unknown = await requestToken(wish).catch((reason: unknown) => reason);
    expect(tokenFailure(error).code).toBe(code);
  });

  it('says that the API is away when nothing answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    const error: unknown = await requestToken(wish).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiUnreachable);
    expect(tokenFailure(error).code).toBe('api-unreachable');
  });

  it.each(['[]', 'hello', '{"server_url": "ws://h"}', '{"server_url": 1, "participant_token": 2}'])(
    'refuses the answer %s',
    async (body) => {
      answer(200, body);
      await expect(requestToken(wish)).rejects.toBeInstanceOf(ApiMalformed);
    },
  );
});

describe('why there is no microphone', () => {
  it.each([
    ['NotAllowedError', 'microphone-refused'],
    ['NotFoundError', 'microphone-missing'],
    ['OverconstrainedError', 'microphone-missing'],
    ['NotReadableError', 'microphone-busy'],
  ])('%s is %s', (name, code) => {
    expect(microphoneFailure(new DOMException('', name)).code).toBe(code);
  });
});
