import { cleanup, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentView } from '../src/features/call/AgentPresence';
import { EndedPage } from '../src/features/call/EndedPage';
import { useCall } from '../src/features/call/store';
import { CallNotices } from '../src/features/connection/CallNotices';
import { failure } from '../src/features/connection/failures';
import { useTranscript } from '../src/features/transcript/store';
import { CallTranscript } from '../src/features/transcript/CallTranscript';
import { strings } from '../src/strings';
import { expectAccessible } from './axe';

const initial = useCall.getState();
let sequence = 0;

function say(change: Record<string, unknown>): void {
  sequence += 1;
  const message = {
    type: 'transcript',
    speaker: 'user',
    text: 'words',
    timestamp: new Date(Date.UTC(2026, 0, 1) + sequence * 1000).toISOString(),
    participant: 'me',
    turn_id: `t${sequence}`,
    sequence,
    final: true,
    ...change,
  };
  useTranscript.getState().receive(new TextEncoder().encode(JSON.stringify(message)));
}

beforeEach(() => {
  Element.prototype.scrollTo = () => undefined;
  useCall.setState({ ...initial, identity: 'me' }, true);
  useTranscript.getState().clear();
});
afterEach(cleanup);

describe('the transcript on the page', () => {
  it('shows text as text', () => {
    say({ text: '<img src=x onerror=alert(1)><b>bold</b>' });
    render(<CallTranscript live />);
    const line = screen.getByTestId('transcript-message');
    expect(line).toHaveTextContent('<img src=x onerror=alert(1)><b>bold</b>');
    expect(line.querySelector('img, b')).toBeNull();
  });

  it('marks interims and announces finals only', () => {
    say({ text: 'All settled.' });
    say({ text: 'Not yet', final: false });
    const { container } = render(<CallTranscript live />);
    const lines = screen.getAllByTestId('transcript-message');
    expect(lines.map((line) => line.dataset.final)).toEqual(['true', 'false']);
    const region = container.querySelector('[aria-live="polite"]');
    expect(region).toHaveTextContent('You: All settled.');
    expect(region).not.toHaveTextContent('Not yet');
  });

  it('shows what the agent took to answer', () => {
    say({ speaker: 'agent', latency: { end_to_end_ms: 820 } });
    render(<CallTranscript live />);
    expect(screen.getByTestId('transcript-message')).toHaveTextContent('answered in 0.82 s');
  });

  it.each(['words first', 'sound first'])('shows the page’s own measure, %s', (order) => {
    const { receiveHeard } = useTranscript.getState();
    if (order === 'sound first') receiveHeard(640);
    say({ speaker: 'agent', text: 'Again', turn_id: 'x', final: false });
    if (order === 'words first') receiveHeard(640);
    say({ speaker: 'agent', text: 'Again.', turn_id: 'x', latency: { end_to_end_ms: 500 } });
    render(<CallTranscript live />);
    const chips = screen.getAllByTestId('latency');
    expect(chips.map((chip) => chip.dataset.heardMs)).toEqual(['640']);
    expect(within(screen.getByTestId('latency')).getByText('0 to 640 ms')).toBeInTheDocument();
  });
});

describe('the assistant', () => {
  it.each(Object.keys(strings.agent).filter((key) => key !== 'label'))(
    'says in words that it is %s',
    (state) => {
      const known = state as 'listening';
      render(<AgentView state={known} levels={[]} name="Robin" />);
      const view = screen.getByTestId('agent-state');
      expect(view).toHaveAttribute('data-state', state);
      expect(view).toHaveTextContent(strings.agent[known].title);
    },
  );
});

describe('the queue', () => {
  it('says the place in it', () => {
    const { rerender } = render(
      <AgentView state="queued" levels={[]} name="Robin" queuePosition={3} />,
    );
    expect(screen.getByTestId('agent-state')).toHaveTextContent('You are number 3 in the queue.');
    rerender(<AgentView state="queued" levels={[]} name="Robin" queuePosition={1} />);
    expect(screen.getByTestId('agent-state')).toHaveTextContent('Robin answers you next.');
  });
});

describe('what goes wrong in a call', () => {
  it('is silent when nothing does', () => {
    const { container } = render(<CallNotices />);
    expect(container).toBeEmptyDOMElement();
  });

  it('interrupts for a lost connection', () => {
    useCall.setState({ connection: 'reconnecting' });
    render(<CallNotices />);
    expect(screen.getByRole('alert')).toHaveTextContent(strings.connection.reconnecting);
  });

  it('says that somebody records', () => {
    useCall.setState({ recording: true });
    render(<CallNotices />);
    expect(screen.getByRole('status')).toHaveTextContent(strings.call.recording);
  });

  it('says that microphone or assistant are not there', () => {
    useCall.setState({ agent: 'missing', deviceTrouble: failure('microphone-refused') });
    render(<CallNotices />);
    const texts = screen.getAllByRole('status').map((notice) => notice.textContent);
    expect(texts[0]).toContain(strings.failure['microphone-refused'].title);
    expect(texts[1]).toContain(strings.failure['agent-missing'].title);
  });
});

describe('the ended page', () => {
  it('says why, keeps the transcript and passes axe', async () => {
    say({ text: 'Good-bye.' });
    useCall.setState({ phase: 'ended', endedBy: 'removed' });
    render(<EndedPage />);
    const ended = screen.getByTestId('ended');
    expect(ended).toHaveTextContent(strings.disconnected.removed);
    expect(within(ended).getByTestId('transcript')).toHaveTextContent('Good-bye.');
    expect(screen.getByRole('heading', { level: 1 })).toHaveFocus();
    await expectAccessible();
  });
});
