import { useEffect } from 'react';
import { strings } from '../../strings';
import { Notice } from '../../ui';
import { useCall } from '../call/store';
import { failure } from './failures';

const RESTORED_MS = 4_000;

/** What is wrong in the call right now, and what happens next. */
export function CallNotices() {
  const { connection, agent, recording, deviceTrouble, dismissRestored } = useCall();

  useEffect(() => {
    if (connection !== 'restored') return;
    const timer = setTimeout(dismissRestored, RESTORED_MS);
    return () => clearTimeout(timer);
  }, [connection, dismissRestored]);

  const agentTrouble =
    agent === 'missing'
      ? failure('agent-missing')
      : agent === 'left'
        ? failure('agent-left')
        : undefined;
  return (
    <>
      {connection !== 'steady' && (
        <Notice kind={connection === 'reconnecting' ? 'danger' : 'info'} testId="connection-banner">
          {connection === 'reconnecting'
            ? strings.connection.reconnecting
            : strings.connection.reconnected}
        </Notice>
      )}
      {recording && (
        <Notice kind="info" testId="recording-notice">
          {strings.call.recording}
        </Notice>
      )}
      {deviceTrouble && (
        <Notice kind="warning" title={deviceTrouble.title} testId="device-notice">
          {deviceTrouble.text}
        </Notice>
      )}
      {agentTrouble && (
        <Notice kind="warning" title={agentTrouble.title} testId="agent-notice">
          {agentTrouble.text}
        </Notice>
      )}
    </>
  );
}
