// @vitest-environment node
import { ConnectionError, DisconnectReason } from 'livekit-client';
import { describe, expect, it } from 'vitest';
import { connectFailure, disconnectCode } from '../src/livekit/outcome';
import { strings } from '../src/strings';

describe('the end of a call in plain words', () => {
  const reasons = Object.values(DisconnectReason).filter((value) => typeof value === 'number');

  it.each(reasons)('disconnect reason %i has a sentence', (reason) => {
    const code = disconnectCode(reason);
    expect(strings.disconnected[code]).toMatch(/\.$/);
    if (reason !== DisconnectReason.UNKNOWN_REASON) expect(code).not.toBe('unknown');
  });

  it('admits that it does not know', () => {
    expect(disconnectCode(undefined)).toBe('unknown');
  });
});

describe('a join that failed', () => {
  it.each([
    [ConnectionError.notAllowed('expired', 401), 'token-expired'],
    [ConnectionError.serverUnreachable('no route'), 'livekit-unreachable'],
    [ConnectionError.timeout('late'), 'livekit-unreachable'],
    [ConnectionError.websocket('closed'), 'livekit-unreachable'],
    [ConnectionError.internal('?'), 'join-failed'],
    [new Error('?'), 'join-failed'],
  ])('%o is %s', (error, code) => {
    expect(connectFailure(error)).toBe(code);
  });
});
