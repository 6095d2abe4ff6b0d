import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetAssistants } from '../src/features/assistants/store';
import { useCall } from '../src/features/call/store';
import { failure } from '../src/features/connection/failures';
import { JoinPage } from '../src/features/join/JoinPage';
import { strings } from '../src/strings';
import { expectAccessible } from './axe';

const initial = useCall.getState();
const join = vi.fn(() => Promise.resolve());

beforeEach(() => {
  localStorage.clear();
  forgetAssistants();
  window.history.replaceState(null, '', '/');
  useCall.setState({ ...initial, join }, true);
});
afterEach(cleanup);

describe('the join page', () => {
  it('asks for a name before it joins', async () => {
    render(<JoinPage />);
    await userEvent.click(screen.getByTestId('join-button'));
    const name = screen.getByTestId('join-name');
    expect(name).toHaveFocus();
    expect(name).toBeInvalid();
    expect(name).toHaveAccessibleDescription(strings.join.nameMissing);
    expect(join).not.toHaveBeenCalled();
  });

  it('joins with what was entered, the assistant being on by default', async () => {
    render(<JoinPage />);
    await userEvent.type(screen.getByTestId('join-name'), '  Ada ');
    await userEvent.type(screen.getByTestId('join-room'), 'tea{Enter}');
    expect(join).toHaveBeenCalledWith({
      name: 'Ada',
      room: 'tea',
      assistant: 'default',
      microphoneId: '',
      speakerId: '',
      camera: false,
      cameraId: '',
    });
  });

  it('remembers name and assistant, and takes the room of an invitation', async () => {
    window.history.replaceState(null, '', '/?room=tea%20room');
    const first = render(<JoinPage />);
    expect(screen.getByTestId('join-room')).toHaveValue('tea room');
    await userEvent.type(screen.getByTestId('join-name'), 'Ada');
    await userEvent.click(screen.getByRole('switch', { name: strings.join.assistant }));
    await userEvent.click(screen.getByTestId('join-button'));
    first.unmount();
    render(<JoinPage />);
    expect(screen.getByTestId('join-name')).toHaveValue('Ada');
    expect(screen.getByRole('switch', { name: strings.join.assistant })).toHaveAttribute(
      'aria-checked',
      'false',
    );
  });

  it('offers the assistants that the API lists, and remembers which one was chosen', async () => {
    const assistants = [
      { name: 'trinity', is_default: true },
      { name: 'reception', display_name: 'Robin', description: 'Takes messages.' },
    ];
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify({ assistants }))));
    const first = render(<JoinPage />);
    await userEvent.selectOptions(await screen.findByTestId('join-assistant-which'), 'Robin');
    expect(screen.getByText('Takes messages.')).toBeVisible();
    await expectAccessible();
    first.unmount();
    render(<JoinPage />);
    expect(screen.getByTestId('join-assistant-which')).toHaveValue('reception');
    await userEvent.type(screen.getByTestId('join-name'), 'Ada{Enter}');
    expect(join).toHaveBeenCalledWith(
      expect.objectContaining({
        assistant: expect.objectContaining({ name: 'reception', title: 'Robin' }) as unknown,
      }),
    );
    await userEvent.click(screen.getByTestId('join-assistant'));
    expect(screen.queryByTestId('join-assistant-which')).toBeNull();
  });

  it('survives a store of preferences that holds something else', () => {
    localStorage.setItem('trinity.preferences', '{"name": 3, "assistant":');
    render(<JoinPage />);
    expect(screen.getByTestId('join-name')).toHaveValue('');
  });

  it('says why a join failed, at once for screen readers', () => {
    useCall.setState({ joinFailure: failure('livekit-unreachable', 'port 7880') });
    render(<JoinPage />);
    expect(screen.getByRole('alert')).toHaveTextContent(
      strings.failure['livekit-unreachable'].title,
    );
    expect(screen.getByRole('alert')).toHaveTextContent('port 7880');
  });

  it('explains a browser without microphones and can still join', async () => {
    render(<JoinPage />);
    await userEvent.click(screen.getByRole('button', { name: strings.microphone.check }));
    await waitFor(() =>
      expect(screen.getByText(strings.failure['browser-unsupported'].title)).toBeVisible(),
    );
    expect(screen.getByTestId('join-button')).toBeEnabled();
  });

  it('passes axe', async () => {
    useCall.setState({ joinFailure: failure('api-unreachable') });
    render(<JoinPage />);
    await expectAccessible();
  });
});
