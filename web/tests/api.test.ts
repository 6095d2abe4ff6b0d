// @vitest-environment node
import { describe, expect, it, vi } from 'vitest';
import {
  ApiMalformed,
  ApiProblem,
  ApiUnreachable,
  createTrunk,
  listAssistants,
  placeCall,
  requestToken,
} from '../src/api';
import { explain, fieldError } from '../src/features/access/store';
import { microphoneFailure, tokenFailure } from '../src/features/connection/failures';

function answer(status: number, body: string) {
  const fetch = vi.fn<typeof globalThis.fetch>(() =>
    Promise.resolve(new Response(body, { status })),
  );
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const trinity = { agentName: 'trinity', metadata: '' };
const wish = { participantName: 'Ada', assistant: trinity };

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
    await requestToken({ participantName: 'Ada', roomName: '', assistant: undefined });
    expect(JSON.parse(fetch.mock.calls[0]?.[1]?.body as string)).toEqual({
      participant_name: 'Ada',
      room_config: { agents: [] },
    });
  });

  it('names one of the assistants that an agent can be', async () => {
    const fetch = answer(201, '{"server_url":"ws://h","participant_token":"t"}');
    const robin = { agentName: 'trinity', metadata: '{"assistant":"reception"}' };
    await requestToken({ participantName: 'Ada', assistant: robin });
    expect(JSON.parse(fetch.mock.calls[0]?.[1]?.body as string)).toMatchObject({
      room_config: {
        agents: [{ agent_name: 'trinity', metadata: '{"assistant":"reception"}' }],
      },
    });
  });

  it('leaves the choice to the API where nobody is known', async () => {
    const fetch = answer(201, '{"server_url":"ws://h","participant_token":"t"}');
    await requestToken({ participantName: 'Ada', assistant: 'default' });
    expect(JSON.parse(fetch.mock.calls[0]?.[1]?.body as string)).toEqual({
      participant_name: 'Ada',
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

describe('the assistants', () => {
  it('come with the default one first, and with what a file leaves out', async () => {
    answer(
      200,
      JSON.stringify({
        agent_name: 'trinity',
        assistants: [
          { name: 'sales', display_name: 'sales', is_default: false, vision: true },
          {
            name: 'reception',
            display_name: 'Robin',
            description: 'Takes messages.',
            is_default: true,
          },
          { is_default: true },
        ],
      }),
    );
    await expect(listAssistants()).resolves.toEqual([
      {
        name: 'reception',
        title: 'Robin',
        description: 'Takes messages.',
        looks: false,
        agentName: 'trinity',
        metadata: '',
      },
      {
        name: 'sales',
        title: 'Sales',
        description: '',
        looks: true,
        agentName: 'trinity',
        metadata: '{"assistant":"sales"}',
      },
    ]);
  });
});

describe('a telephone', () => {
  it('rings once, however often the request is sent', async () => {
    const fetch = answer(202, '{"id":"c1","state":"dialing","failure":{"reason":"busy"}}');
    const call = await placeCall(
      { trunkId: 'ST_1', to: '+15550100', room: 'tea', assistant: undefined },
      'key-1',
      'press-1',
    );
    expect(call).toMatchObject({ id: 'c1', state: 'dialing', reason: 'busy' });
    const init = fetch.mock.calls[0]?.[1];
    expect(new Headers(init?.headers).get('Idempotency-Key')).toBe('press-1');
    expect(JSON.parse(init?.body as string)).toEqual({
      trunk_id: 'ST_1',
      to: '+15550100',
      room: 'tea',
      agents: [],
    });
  });

  it('keeps what the API says of each field', async () => {
    const errors = [{ pointer: '/allowed_addresses/0', detail: 'This is no network.' }];
    answer(422, JSON.stringify({ title: 'No', status: 422, errors }));
    const trunk = { kind: 'inbound', name: '', numbers: [], allowedAddresses: ['x'] } as const;
    const error: unknown = await createTrunk(
      { ...trunk, numbers: [], allowedAddresses: ['x'], address: '', username: '', password: '' },
      '',
    ).catch((reason: unknown) => reason);
    expect(fieldError(error, 'allowed_addresses')).toBe('This is no network.');
    expect(fieldError(error, 'allowed')).toBeUndefined();
    expect(explain(error)).toBe('No');
  });
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
