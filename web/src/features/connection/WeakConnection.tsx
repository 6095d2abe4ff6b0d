import { useEffect, useState } from 'react';
import { usePeople } from '../../livekit';
import { strings } from '../../strings';
import { Notice } from '../../ui';
import { useCall } from '../call/store';

/** A connection that is weak for a moment is not worth a word. */
const WEAK_MS = 6_000;

/** Says that this page's own connection is weak, once it has been for a while. */
export function WeakConnection() {
  const steady = useCall((call) => call.connection === 'steady');
  const weak = useWeakConnection();
  if (!weak || !steady) return null;
  return (
    <Notice kind="warning" testId="quality-notice">
      {strings.connection.poor}
    </Notice>
  );
}

/** Whether LiveKit has called this page's own connection weak for a while. */
function useWeakConnection(): boolean {
  const quality = usePeople().find((person) => person.self)?.quality;
  const weak = quality === 'poor' || quality === 'lost';
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!weak) return;
    const timer = setTimeout(() => setLasting(true), WEAK_MS);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [weak]);
  return lasting;
}
