import { useMemo, useSyncExternalStore } from 'react';

/** Where the page is: the path and what follows the question mark. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

const MOVED = 'trinity:moved';

/** Goes to another view without loading the page again: keys and calls live in its memory. */
export function goTo(href: string): void {
  window.history.pushState(null, '', href);
  window.dispatchEvent(new Event(MOVED));
  window.scrollTo(0, 0);
}

export function usePlace(): Place {
  const address = useSyncExternalStore(
    subscribe,
    () => window.location.pathname + window.location.search,
  );
  return useMemo(() => {
    const [path = '/', query = ''] = address.split('?');
    return { path: path.replace(/(.)\/+$/, '$1'), query: new URLSearchParams(query) };
  }, [address]);
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('popstate', changed);
  window.addEventListener(MOVED, changed);
  return () => {
    window.removeEventListener('popstate', changed);
    window.removeEventListener(MOVED, changed);
  };
}
