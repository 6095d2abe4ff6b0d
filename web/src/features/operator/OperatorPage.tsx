import { useEffect, type ReactNode } from 'react';
import { usePlace } from '../../route';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Button, Empty, Link } from '../../ui';
import { useAccess } from '../access/store';
import { ConversationsPage } from '../conversations/ConversationsPage';
import { LinesPage } from '../lines/LinesPage';
import { PhonePage } from '../phone/PhonePage';
import { HealthCard } from './HealthCard';
import { KeyCard } from './KeyCard';
import { RoomsCard } from './RoomsCard';

const PAGES: Readonly<Record<string, { title: string; show: () => ReactNode }>> = {
  '/operator': { title: operator.nav.now, show: () => <NowPage /> },
  '/operator/phone': { title: operator.nav.phone, show: () => <PhonePage /> },
  '/operator/lines': { title: operator.nav.lines, show: () => <LinesPage /> },
  '/operator/conversations': {
    title: operator.nav.conversations,
    show: () => <ConversationsPage />,
  },
};

/** For whoever runs the system: its health, the calls that go on, telephones, what was said. */
export default function OperatorPage() {
  const words = operator;
  const { path } = usePlace();
  const { state, key, check } = useAccess();
  const page = PAGES[path];

  useEffect(() => {
    if (useAccess.getState().state === 'unknown') void check('');
  }, [check]);

  useEffect(() => {
    const before = document.title;
    document.title = `${page?.title ?? words.title} · ${strings.product}`;
    return () => {
      document.title = before;
    };
  }, [page, words.title]);

  const inside = () => {
    if (!page) return <Empty title={words.notFound.title} hint={words.notFound.text} />;
    if (state === 'granted') return page.show();
    if (state === 'unknown' || (state === 'checking' && key === '')) return <Waiting />;
    return <KeyCard />;
  };
  return (
    <main
      id="content"
      className="mx-auto w-full max-w-6xl space-y-5 px-4 pt-2 pb-10 sm:px-6"
      data-access={state}
    >
      <div className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <h1 className="text-2xl font-semibold tracking-tight sm:text-3xl">{words.title}</h1>
        {state === 'granted' && <Access />}
      </div>
      <nav aria-label={words.sections} className="-mx-1">
        <ul className="flex flex-wrap gap-1 px-1 pb-1">
          {Object.entries(PAGES).map(([href, { title }]) => (
            <li key={href}>
              <Link
                href={href}
                aria-current={href === path ? 'page' : undefined}
                className="flex min-h-11 items-center rounded-xl px-3 font-medium whitespace-nowrap text-muted hover:bg-raised aria-[current]:bg-accent-soft aria-[current]:text-ink"
              >
                {title}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {state !== 'granted' && <HealthCard />}
      {inside()}
    </main>
  );
}

function NowPage() {
  return (
    <>
      <HealthCard />
      <RoomsCard />
    </>
  );
}

function Access() {
  const words = operator.key;
  const { key, forget } = useAccess();
  if (!key) return <p className="text-sm text-muted">{words.open}</p>;
  return (
    <p className="flex items-center gap-3 text-sm text-muted">
      {words.inUse}
      <Button onClick={forget} data-testid="forget-key">
        {words.forget}
      </Button>
    </p>
  );
}

function Waiting() {
  return (
    <p aria-busy className="py-6 text-center text-muted">
      {strings.loading}
    </p>
  );
}
