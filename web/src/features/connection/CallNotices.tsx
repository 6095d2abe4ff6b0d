import { useEffect, useState } from 'react';
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
      {connection === 'reconnecting' && <Reconnecting />}
      {connection === 'restored' && (
        <Notice kind="info" testId="connection-banner">
          {strings.connection.reconnected}
        </Notice>
      )}
      {recording && (
        <Notice kind="info" icon="record" testId="recording-notice">
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

function Reconnecting() {
  const words = strings.connection;
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((count) => count + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Notice
      kind="danger"
      title={words.reconnecting}
      testId="connection-banner"
      action={
        // A screen reader would say it every second.
        <span aria-hidden="true" className="text-sm tabular-nums">
          {words.reconnectingSince(seconds)}
        </span>
      }
    >
      {words.reconnectingNext}
    </Notice>
  );
}
