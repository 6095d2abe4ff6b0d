import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import OperatorPage from '../src/features/operator/OperatorPage';
import { useOperator } from '../src/features/operator/store';
import { useTranscript } from '../src/features/transcript/store';
import { strings } from '../src/strings';
import { expectAccessible } from './axe';

const KEY = 'key-1';
let requests: { method: string; path: string; key: string | null }[] = [];

/** The control API as its OpenAPI document describes it, as far as this page asks. */
function api(path: string, init: RequestInit = {}): Promise<Response> {
  const method = init.method ?? 'GET';
  const key = new Headers(init.headers).get('Authorization');
  requests.push({ method, path, key });
  const json = (body: unknown, status = 200) =>
    Promise.resolve(new Response(JSON.stringify(body), { status }));
  if (path === '/health') {
    return json({
      status: 'degraded',
      parts: {
        livekit: { status: 'ok', latency_ms: 3.2, detail: null },
        redis: { status: 'unavailable', latency_ms: 1, detail: 'Redis cannot be reached.' },
      },
    });
  }
  if (key !== `Bearer ${KEY}`) return json({ title: 'Unauthenticated', status: 401 }, 401);
  if (method !== 'GET') return Promise.resolve(new Response(null, { status: 204 }));
  if (path === '/api/rooms') {
    return json({ rooms: [{ name: 'a/b', created_at: '2026-01-01T10:00:00Z', participants: 1 }] });
  }
  if (path === '/api/rooms/a%2Fb/participants') {
    const tracks = [{ source: 'microphone', muted: false }];
    return json({ participants: [{ identity: 'ada 1', name: 'Ada', kind: 'sip', tracks }] });
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
  Element.prototype.scrollTo = () => undefined;
  vi.stubGlobal('fetch', api);
  useOperator.setState({ key: '', trouble: undefined });
  useTranscript.getState().clear();
});
afterEach(cleanup);

async function enterKey(): Promise<void> {
  await userEvent.type(screen.getByTestId('operator-key'), KEY);
  await userEvent.click(screen.getByTestId('operator-use-key'));
  await screen.findByTestId('member');
}

describe('the operator page', () => {
  it('shows health without a key and asks for one for the rest', async () => {
    render(<OperatorPage />);
    const parts = await screen.findAllByTestId('part');
    expect(parts.map((part) => [part.dataset.part, part.dataset.ok])).toEqual([
      ['livekit', 'true'],
      ['redis', 'false'],
    ]);
    expect(parts[1]).toHaveTextContent('Redis cannot be reached.');
    expect(await screen.findByTestId('rooms-trouble')).toHaveTextContent(
      strings.operator.trouble.key,
    );
    await expectAccessible();
  });

  it('lists calls and people with a key, which stays in memory', async () => {
    render(<OperatorPage />);
    await enterKey();
    expect(screen.getByTestId('open-room')).toHaveTextContent('a/b');
    expect(screen.getByTestId('member')).toHaveTextContent('Ada by telephone');
    expect(JSON.stringify([localStorage, sessionStorage])).not.toContain(KEY);
    await expectAccessible();
  });

  it('mutes, removes and, after a question, ends', async () => {
    render(<OperatorPage />);
    await enterKey();
    await userEvent.click(screen.getByRole('button', { name: 'Mute Ada' }));
    await userEvent.click(screen.getByRole('button', { name: 'Remove Ada' }));
    const confirm = vi.fn(() => false);
    vi.stubGlobal('confirm', confirm);
    await userEvent.click(screen.getByTestId('close-room'));
    confirm.mockReturnValue(true);
    await userEvent.click(screen.getByTestId('close-room'));
    await waitFor(() =>
      expect(
        requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => [method, path]),
      ).toEqual([
        ['POST', '/api/rooms/a%2Fb/participants/ada%201/mute'],
        ['DELETE', '/api/rooms/a%2Fb/participants/ada%201'],
        ['DELETE', '/api/rooms/a%2Fb'],
      ]),
    );
    expect(confirm).toHaveBeenCalledTimes(2);
  });

  it('reads a conversation over all its pages', async () => {
    render(<OperatorPage />);
    await enterKey();
    await userEvent.click(screen.getByRole('button', { name: 'Read the conversation of a/b' }));
    const lines = await screen.findAllByTestId('transcript-text');
    expect(lines.map((line) => line.textContent)).toEqual(['page one', 'page two']);
  });

  it('says that a conversation does not exist', async () => {
    render(<OperatorPage />);
    await enterKey();
    await userEvent.type(screen.getByTestId('conversation-room'), 'nowhere');
    await userEvent.click(screen.getByTestId('conversation-read'));
    expect(await screen.findByText(strings.operator.trouble.gone)).toBeVisible();
  });
});
