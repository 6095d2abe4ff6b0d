import { lazy, Suspense } from 'react';
import { EndedPage } from './features/call/EndedPage';
import { useCall } from './features/call/store';
import { JoinPage } from './features/join/JoinPage';
import { strings } from './strings';

const OperatorPage = lazy(() => import('./features/operator/OperatorPage'));
const CallPage = lazy(() => import('./features/call/CallPage'));

/** The frame around every page, and which page it is. */
export function App() {
  const phase = useCall((call) => call.phase);
  const room = useCall((call) => call.room);
  const live = phase === 'live';
  const page = () => {
    if (window.location.pathname === '/operator') return <OperatorPage />;
    if (live) return <CallPage />;
    return phase === 'ended' ? <EndedPage /> : <JoinPage />;
  };
  return (
    <div className={`flex flex-col ${live ? 'h-dvh' : 'min-h-dvh'}`}>
      <a
        href="#content"
        className="absolute top-2 left-2 z-10 -translate-y-20 rounded-xl bg-accent px-4 py-2 text-on-accent focus:translate-y-0"
      >
        {strings.skip}
      </a>
      <header
        className={`mx-auto flex w-full items-center justify-between gap-4 px-4 py-3 sm:px-6 ${live ? 'max-w-[100rem]' : 'max-w-6xl'}`}
      >
        <span className="flex items-center gap-2.5 font-semibold tracking-tight">
          <img src="/favicon.svg" alt="" className="size-7" />
          {strings.product}
        </span>
        {live && (
          <span className="min-w-0 truncate text-sm text-muted" data-testid="room-name">
            {strings.call.room(room)}
          </span>
        )}
      </header>
      <Suspense
        fallback={
          <main id="content" className="p-6 text-center text-muted" aria-busy>
            {strings.loading}
          </main>
        }
      >
        {page()}
      </Suspense>
    </div>
  );
}
