import { lazy, Suspense, useEffect } from 'react';
import { EndedPage } from './features/call/EndedPage';
import { useCall } from './features/call/store';
import { JoinPage } from './features/join/JoinPage';
import { usePlace } from './route';
import { strings } from './strings';
import { Link } from './ui';

const OperatorPage = lazy(() => import('./features/operator/OperatorPage'));
const CallPage = lazy(() => import('./features/call/CallPage'));

/** The frame around every page, and which page it is. */
export function App() {
  const phase = useCall((call) => call.phase);
  const room = useCall((call) => call.room);
  const place = usePlace();
  const live = phase === 'live';
  // Who goes elsewhere has done with the call that is over.
  useEffect(() => {
    const { phase: now, backToJoin } = useCall.getState();
    if (now === 'ended') backToJoin();
  }, [place]);

  const page = () => {
    // A call that goes on is never hidden, wherever the browser's buttons lead.
    if (live) return <CallPage />;
    if (place.path.startsWith('/operator')) return <OperatorPage />;
    return phase === 'ended' ? <EndedPage /> : <JoinPage />;
  };
  return (
    <div className={`group flex flex-col ${live ? 'h-dvh' : 'min-h-dvh'}`}>
      <a
        href="#content"
        className="absolute top-2 left-2 z-10 -translate-y-20 rounded-xl bg-accent px-4 py-2 text-on-accent focus:translate-y-0"
      >
        {strings.skip}
      </a>
      <header
        className={`mx-auto flex w-full max-w-6xl items-center justify-between gap-4 px-4 sm:px-6 ${live ? 'py-2 group-has-[[data-stage]]:max-w-[100rem] sm:py-3' : 'py-3'}`}
      >
        {live ? <Brand /> : <HomeLink />}
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

function HomeLink() {
  return (
    <Link href="/" className="-m-2 rounded-xl p-2">
      <Brand />
    </Link>
  );
}

function Brand() {
  return (
    <span className="flex items-center gap-2.5 font-semibold tracking-tight">
      <img src="/favicon.svg" alt="" className="size-7" />
      {strings.product}
    </span>
  );
}
