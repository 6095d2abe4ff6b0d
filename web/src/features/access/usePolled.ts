import { useCallback, useEffect, useState } from 'react';

/** A value that is asked for again and again while it is shown. */
export interface Polled<Value> {
  value: Value | undefined;
  error: unknown;
  refresh: () => void;
}

/**
 * Asks at once, then `everyMs` after each answer, so that a slow service is never asked twice at a
 * time; a hidden page asks nothing. `ask` must keep its identity while it asks for the same.
 */
export function usePolled<Value>(ask: () => Promise<Value>, everyMs: number): Polled<Value> {
  const [state, setState] = useState<{ value?: Value; error?: unknown }>({});
  const [round, setRound] = useState(0);

  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      if (document.hidden) {
        timer = setTimeout(() => void run(), everyMs);
        return;
      }
      try {
        const value = await ask();
        if (!gone) setState({ value });
      } catch (error) {
        if (!gone) setState((old) => ({ ...old, error }));
      }
      if (!gone) timer = setTimeout(() => void run(), everyMs);
    };
    void run();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [ask, everyMs, round]);

  const refresh = useCallback(() => setRound((count) => count + 1), []);
  return { value: state.value, error: state.error, refresh };
}
