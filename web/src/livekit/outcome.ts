import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client';
import type { DisconnectCode, FailureCode } from '../strings';

/** Why a join did not succeed. */
export function connectFailure(error: unknown): FailureCode {
  if (!(error instanceof ConnectionError)) return 'join-failed';
  switch (error.reason) {
    case ConnectionErrorReason.NotAllowed:
      return 'token-expired';
    case ConnectionErrorReason.ServerUnreachable:
    case ConnectionErrorReason.Timeout:
    case ConnectionErrorReason.WebSocket:
    case ConnectionErrorReason.ServiceNotFound:
      return 'livekit-unreachable';
    default:
      return 'join-failed';
  }
}

const REASONS: Partial<Record<DisconnectReason, DisconnectCode>> = {
  [DisconnectReason.CLIENT_INITIATED]: 'left',
  [DisconnectReason.DUPLICATE_IDENTITY]: 'duplicate-identity',
  [DisconnectReason.SERVER_SHUTDOWN]: 'server-shutdown',
  [DisconnectReason.PARTICIPANT_REMOVED]: 'removed',
  [DisconnectReason.ROOM_DELETED]: 'room-closed',
  [DisconnectReason.ROOM_CLOSED]: 'room-closed',
  [DisconnectReason.STATE_MISMATCH]: 'state-mismatch',
  [DisconnectReason.JOIN_FAILURE]: 'join-failure',
  [DisconnectReason.MIGRATION]: 'connection-lost',
  [DisconnectReason.SIGNAL_CLOSE]: 'connection-lost',
  [DisconnectReason.CONNECTION_TIMEOUT]: 'connection-lost',
  [DisconnectReason.USER_UNAVAILABLE]: 'call-refused',
  [DisconnectReason.USER_REJECTED]: 'call-refused',
  [DisconnectReason.SIP_TRUNK_FAILURE]: 'phone-failure',
  [DisconnectReason.MEDIA_FAILURE]: 'media-failure',
  [DisconnectReason.AGENT_ERROR]: 'agent-error',
};

/** LiveKit's reason of a disconnect as one of ours. */
export function disconnectCode(reason: DisconnectReason | undefined): DisconnectCode {
  return (reason === undefined ? undefined : REASONS[reason]) ?? 'unknown';
}
