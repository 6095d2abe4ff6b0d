import { useEffect, useRef } from 'react';
import { CallMedia, type CallSession, useAudioUnlock } from '../../livekit';
import { strings } from '../../strings';
import { Button, Icon, Notice } from '../../ui';
import { CallNotices } from '../connection/CallNotices';
import { WeakConnection } from '../connection/WeakConnection';
import { Stage } from '../stage/Stage';
import { Controls } from './Controls';
import { SidePanel } from './SidePanel';
import { useCall } from './store';

declare global {
  interface Window {
    trinityCall?: CallSession | undefined;
  }
}

/** The call itself. */
export default function CallPage() {
  const session = useCall((call) => call.session);
  const room = useCall((call) => call.room);
  const heading = useRef<HTMLHeadingElement>(null);

  // For tests and for support: `trinityCall.simulate('full-reconnect')` in the console.
  useEffect(() => {
    window.trinityCall = session;
    return () => {
      window.trinityCall = undefined;
    };
  }, [session]);

  useWakeLock();

  // Who uses a keyboard or a screen reader starts at the top of the new page.
  useEffect(() => heading.current?.focus(), []);

  if (!session) return null;
  return (
    <CallMedia session={session}>
      <main
        id="content"
        className="mx-auto flex min-h-0 w-full max-w-6xl flex-1 flex-col gap-3 px-3 pb-3 has-[[data-stage]]:max-w-[100rem] sm:px-6"
      >
        <h1 ref={heading} tabIndex={-1} className="sr-only">
          {strings.call.heading(room)}
        </h1>
        <div className="space-y-3 empty:hidden">
          <CallNotices />
          <WeakConnection />
          <AudioUnlock />
        </div>
        {/* On small screens this scrolls; the controls below it never leave. */}
        <div className="grid min-h-0 flex-1 grid-rows-[auto_minmax(15rem,1fr)] gap-3 overflow-y-auto px-1 pb-2 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)] lg:grid-rows-[minmax(0,1fr)] lg:gap-x-8 lg:overflow-visible lg:has-[[data-stage]]:grid-cols-[minmax(0,8fr)_minmax(0,5fr)]">
          <Stage />
          <SidePanel />
        </div>
        <div className="pb-[env(safe-area-inset-bottom)]">
          <Controls />
        </div>
      </main>
    </CallMedia>
  );
}

/** Keeps a phone's screen on during the call, where the browser can. */
function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let gone = false;
    const take = async () => {
      if (document.hidden || !('wakeLock' in navigator)) return;
      try {
        lock = await navigator.wakeLock.request('screen');
        if (gone) void lock.release();
      } catch {
        // A low battery, say: the call goes on.
      }
    };
    const takeAgain = () => void take();
    void take();
    // A page that was hidden has lost it.
    document.addEventListener('visibilitychange', takeAgain);
    return () => {
      gone = true;
      document.removeEventListener('visibilitychange', takeAgain);
      void lock?.release();
    };
  }, []);
}

function AudioUnlock() {
  const { blocked, unlock } = useAudioUnlock();
  if (!blocked) return null;
  return (
    <Notice
      kind="warning"
      testId="audio-unlock"
      action={
        <Button look="primary" onClick={unlock}>
          <Icon name="sound" />
          {strings.call.unlockAction}
        </Button>
      }
    >
      {strings.call.unlock}
    </Notice>
  );
}
