import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';

/** Within this many pixels of the end a reader counts as being there. */
const NEAR = 48;

/**
 * Keeps a scrolling box at its end while it grows, unless the reader has scrolled away.
 *
 * `content` is whatever changes when the box grows.
 */
export function useStickToEnd(content: unknown): {
  box: RefObject<HTMLDivElement | null>;
  away: boolean;
  toEnd: () => void;
} {
  const box = useRef<HTMLDivElement>(null);
  const near = useRef(true);
  const [away, setAway] = useState(false);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      near.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
      setAway(!near.current);
    };
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  }, []);

  const toEnd = useCallback(() => {
    near.current = true;
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, []);

  useLayoutEffect(() => {
    if (near.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [content]);

  return { box, away, toEnd };
}
