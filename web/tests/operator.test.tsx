import { cleanup, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useAccess } from '../src/features/access/store';
import OperatorPage from '../src/features/operator/OperatorPage';
import { strings } from '../src/strings';
import { operator } from '../src/strings/operator';
import { expectAccessible } from './axe';

const KEY = 'key-1';
const words = operator;
let requests: { method: string; path: string; body: unknown }[] = [];
let open = false;

const TRUNK = {
  id: 'ST_1',
  kind: 'outbound',
  name: 'Provider',
  numbers: ['+1555'],
  address: 'sip.x',
};
const CALL = {
  id: 'c1',
  state: 'active',
  to: '+15550100',
  room: 'call-c1',
  created_at: '2026-01-01T10:00:00Z',
  answered_at: '2026-01-01T10:00:05Z',
};

/** The control API as its OpenAPI document describes it, as far as these pages ask. */
function api(path: string, init: RequestInit = {}): Promise<Response> {
  const method = init.method ?? 'GET';
  const body: unknown = init.body ? JSON.parse(init.body as string) : undefined;
  requests.push({ method, path, body });
  const json = (reply: unknown, status = 200) =>
    Promise.resolve(new Response(JSON.stringify(reply), { status }));
  if (path === '/health') {
    return json({
      status: 'degraded',
      parts: {
        livekit: { status: 'ok', latency_ms: 3.2, detail: null },
        redis: { status: 'unavailable', latency_ms: 1, detail: 'Redis cannot be reached.' },
      },
    });
  }
  if (path === '/api/assistants')
    return json({ agent_name: 'trinity', assistants: [{ name: 'trinity', is_default: true }] });
  if (!open && new Headers(init.headers).get('Authorization') !== `Bearer ${KEY}`) {
    return json({ title: 'Unauthenticated', status: 401 }, 401);
  }
  if (method === 'DELETE') return Promise.resolve(new Response(null, { status: 204 }));
  if (method === 'POST' && path === '/api/sip/trunk') {
    const errors = [{ pointer: '/allowed_addresses', detail: 'Anybody could call.' }];
    return json({ title: 'No', status: 422, errors }, 422);
  }
  if (method === 'POST' && path === '/api/calls') return json(CALL, 202);
  if (method === 'POST') return Promise.resolve(new Response(null, { status: 204 }));
  if (path === '/api/rooms') {
    return json({ rooms: [{ name: 'a/b', created_at: '2026-01-01T10:00:00Z', participants: 1 }] });
  }
  if (path === '/api/rooms/a%2Fb/participants') {
    const tracks = [{ source: 'microphone', muted: false }];
    return json({ participants: [{ identity: 'ada 1', name: 'Ada', kind: 'sip', tracks }] });
  }
  if (path.startsWith('/api/sip/trunk')) return json({ trunks: [TRUNK] });
  if (path === '/api/sip/dispatch') {
    return json({ rules: [{ id: 'SDR_1', kind: 'individual', room: 'call-', agents: [] }] });
  }
  if (path === '/api/calls') return json({ calls: [CALL] });
  if (path.startsWith('/api/transcripts?')) {
    const found = { room: 'a/b', updated_at: '2026-01-01T10:00:00Z', message_count: 2 };
    return json({ transcripts: path.includes('nothing') ? [] : [found], next: null });
  }
  if (path.startsWith('/api/transcripts/a%2Fb')) {
    const message = (text: string, sequence: number) => ({
      type: 'transcript',
      speaker: 'user',
      text,
      timestamp: new Date(sequence).toISOString(),
      participant: 'ada 1',
      turn_id: String(sequence),
      sequence,
    });
    return path.includes('after=1-0')
      ? json({ messages: [message('page two', 2)], next: null })
      : json({ messages: [message('page one', 1), 'nonsense'], next: '1-0' });
  }
  return json({ title: 'Not found', status: 404 }, 404);
}

beforeEach(() => {
  requests = [];
  open = false;
  Element.prototype.scrollTo = () => undefined;
  window.scrollTo = () => undefined;
  vi.stubGlobal('fetch', api);
  useAccess.setState({ key: '', state: 'unknown' });
});
afterEach(cleanup);

async function show(path: string, key = KEY): Promise<void> {
  window.history.replaceState(null, '', path);
  render(<OperatorPage />);
  if (key) {
    await userEvent.type(await screen.findByTestId('operator-key'), key);
    await userEvent.click(screen.getByTestId('operator-use-key'));
  }
}

const written = () =>
  requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => [method, path]);

describe('the operator pages', () => {
  it('show health without a key and ask for one for the rest', async () => {
    await show('/operator', '');
    const parts = await screen.findAllByTestId('part');
    expect(parts.map((part) => [part.dataset.part, part.dataset.ok])).toEqual([
      ['livekit', 'true'],
      ['redis', 'false'],
    ]);
    expect(parts[1]).toHaveTextContent('Redis cannot be reached.');
    expect(await screen.findByTestId('operator-key')).toBeVisible();
    expect(screen.queryByTestId('open-room')).toBeNull();
    await expectAccessible();
  });

  it('say that a key is wrong, at the field', async () => {
    await show('/operator', 'nonsense');
    await waitFor(() =>
      expect(screen.getByTestId('operator-key')).toHaveAccessibleDescription(words.key.refused),
    );
  });

  it('ask for no key where access is open', async () => {
    open = true;
    await show('/operator', '');
    expect(await screen.findByTestId('open-room')).toHaveTextContent('a/b');
    expect(screen.getByText(words.key.open)).toBeVisible();
  });

  it('list calls and people with a key, which stays in memory', async () => {
    await show('/operator');
    expect(await screen.findByTestId('member')).toHaveTextContent('Ada by telephone');
    expect(JSON.stringify([localStorage, sessionStorage])).not.toContain(KEY);
    await expectAccessible();
    await userEvent.click(screen.getByTestId('forget-key'));
    expect(await screen.findByTestId('operator-key')).toBeVisible();
    expect(useAccess.getState().key).toBe('');
  });

  it('mute, remove and, after a question, end', async () => {
    await show('/operator');
    await userEvent.click(await screen.findByRole('button', { name: 'Mute Ada' }));
    await userEvent.click(screen.getByRole('button', { name: 'Remove Ada' }));
    await userEvent.click(screen.getByTestId('close-room'));
    const no = screen.getByText(strings.confirm.cancel);
    await userEvent.click(no);
    expect(written()).toHaveLength(2);
    await userEvent.click(screen.getByTestId('close-room'));
    await userEvent.click(screen.getByTestId('confirm-yes'));
    await waitFor(() =>
      expect(written()).toEqual([
        ['POST', '/api/rooms/a%2Fb/participants/ada%201/mute'],
        ['DELETE', '/api/rooms/a%2Fb/participants/ada%201'],
        ['DELETE', '/api/rooms/a%2Fb'],
      ]),
    );
  });

  it('place a call and hang it up', async () => {
    await show('/operator/phone');
    await userEvent.click(await screen.findByTestId('dial-button'));
    expect(screen.getByTestId('dial-number')).toHaveAccessibleDescription(
      words.phone.numberMissing,
    );
    await userEvent.type(screen.getByTestId('dial-number'), ' +15550100');
    await userEvent.click(screen.getByTestId('dial-button'));
    await waitFor(() =>
      expect(screen.getByTestId('dial-placed')).toHaveTextContent('Calling +15550100.'),
    );
    expect(requests.find(({ method }) => method === 'POST')?.body).toEqual({
      trunk_id: 'ST_1',
      to: '+15550100',
      agents: ['trinity'],
    });
    expect(screen.getByTestId('phone-call')).toHaveTextContent('talking');
    await userEvent.click(screen.getByTestId('hang-up'));
    expect(written().at(-1)).toEqual(['DELETE', '/api/calls/c1']);
    await expectAccessible();
  });

  it('list lines and rules, and say at its field what is wrong with a new one', async () => {
    await show('/operator/lines');
    expect(await screen.findByTestId('trunk')).toHaveTextContent('Provider');
    expect(await screen.findByTestId('rule')).toHaveTextContent(words.lines.answeredByNobody);
    await expectAccessible();
    await userEvent.click(screen.getByTestId('add-trunk'));
    await userEvent.type(screen.getByTestId('trunk-numbers'), '+1555; +1666');
    await userEvent.click(screen.getByTestId('trunk-save'));
    await waitFor(() =>
      expect(screen.getByTestId('trunk-addresses')).toHaveAccessibleDescription(
        'Anybody could call.',
      ),
    );
    expect(requests.find(({ method }) => method === 'POST')?.body).toMatchObject({
      kind: 'inbound',
      numbers: ['+1555', '+1666'],
    });
  });

  it('find a conversation and read it over all its pages', async () => {
    await show('/operator/conversations');
    await userEvent.click(await screen.findByTestId('conversation'));
    const lines = await screen.findAllByTestId('transcript-text');
    expect(lines.map((line) => line.textContent)).toEqual(['page one', 'page two']);
    expect(screen.getAllByText(words.conversations.caller)).toHaveLength(2);
    await expectAccessible();
    await userEvent.type(screen.getByTestId('conversations-search'), 'nothing{Enter}');
    expect(await screen.findByText(words.conversations.noneFound('nothing'))).toBeVisible();
    await userEvent.click(screen.getByTestId('conversation-delete'));
    await userEvent.click(within(screen.getByRole('dialog')).getByTestId('confirm-yes'));
    await waitFor(() => expect(written()).toEqual([['DELETE', '/api/transcripts/a%2Fb']]));
  });

  it('say that a conversation or a page does not exist', async () => {
    await show('/operator/conversations?room=nowhere');
    expect(await screen.findByTestId('conversation-trouble')).toHaveTextContent(
      strings.trouble.gone,
    );
    cleanup();
    useAccess.setState({ key: '', state: 'unknown' });
    await show('/operator/nothing', '');
    expect(await screen.findByText(words.notFound.title)).toBeVisible();
  });
});
