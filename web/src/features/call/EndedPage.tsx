import { useEffect, useRef } from 'react';
import { strings } from '../../strings';
import { Button } from '../../ui';
import { CallTranscript } from '../transcript/CallTranscript';
import { useCall } from './store';

/** After the call: why it ended, what was said, and the way back. */
export function EndedPage() {
  const { endedBy, rejoin, backToJoin } = useCall();
  const words = strings.ended;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  return (
    <main
      id="content"
      data-testid="ended"
      data-reason={endedBy}
      className="mx-auto flex w-full max-w-2xl flex-1 flex-col gap-5 px-4 py-6 sm:py-10"
    >
      <div>
        <h1
          ref={heading}
          tabIndex={-1}
          className="text-2xl font-semibold tracking-tight outline-none sm:text-3xl"
        >
          {words.title}
        </h1>
        <p className="mt-2 text-muted">
          {strings.disconnected[endedBy ?? 'unknown']} {words.kept}
        </p>
      </div>
      <div className="flex flex-wrap gap-3">
        <Button look="primary" onClick={() => void rejoin()} data-testid="rejoin-button">
          {words.rejoin}
        </Button>
        <Button onClick={backToJoin}>{words.back}</Button>
      </div>
      <div className="flex min-h-64 flex-col overflow-hidden rounded-card bg-surface shadow-card">
        <CallTranscript live={false} />
      </div>
    </main>
  );
}
