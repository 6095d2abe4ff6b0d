import { useEffect, useRef } from 'react';
import { Icon, type IconName } from './Icon';

interface Item {
  label: string;
  choose: () => void;
  testId?: string;
}

interface Props {
  label: string;
  icon: IconName;
  items: readonly Item[];
  testId?: string;
}

/** A button that opens a short list of things to do; Escape, a choice or a click elsewhere closes it. */
export function Menu({ label, icon, items, testId }: Props) {
  const box = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (box.current) box.current.open = false;
  };

  useEffect(() => {
    const elsewhere = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) close();
    };
    document.addEventListener('pointerdown', elsewhere);
    document.addEventListener('focusin', elsewhere);
    return () => {
      document.removeEventListener('pointerdown', elsewhere);
      document.removeEventListener('focusin', elsewhere);
    };
  }, []);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !element.open) return;
      close();
      element.querySelector('summary')?.focus();
    };
    element.addEventListener('keydown', onKey);
    return () => element.removeEventListener('keydown', onKey);
  }, []);

  return (
    <details ref={box} className="relative" data-testid={testId}>
      <summary
        aria-label={label}
        title={label}
        className="flex size-11 list-none items-center justify-center rounded-xl hover:bg-raised [&::-webkit-details-marker]:hidden"
      >
        <Icon name={icon} />
      </summary>
      <ul className="absolute right-0 z-10 mt-1 w-max max-w-[calc(100vw-3rem)] rounded-2xl border border-line bg-surface p-1 shadow-card">
        {items.map((item) => (
          <li key={item.label}>
            <button
              type="button"
              className="min-h-11 w-full rounded-xl px-3 text-left hover:bg-raised"
              onClick={() => {
                close();
                item.choose();
              }}
              data-testid={item.testId}
            >
              {item.label}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
