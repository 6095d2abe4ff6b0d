import { useId, type ReactNode } from 'react';

interface Props {
  title: string;
  hint?: string;
  action?: ReactNode;
  children: ReactNode;
}

/** A part of a page with its own heading. */
export function Card({ title, hint, action, children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="rounded-card bg-surface p-4 shadow-card sm:p-6">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 id={id} className="text-lg font-semibold tracking-tight">
            {title}
          </h2>
          {hint && <p className="mt-0.5 text-sm text-muted">{hint}</p>}
        </div>
        {action}
      </div>
      <div className="mt-4 space-y-4">{children}</div>
    </section>
  );
}

/** What a list says while it has nothing. */
export function Empty({ title, hint }: { title: string; hint?: string }) {
  return (
    <div className="rounded-2xl border border-dashed border-line px-4 py-8 text-center">
      <p className="font-medium">{title}</p>
      {hint && <p className="mt-1 text-sm text-muted">{hint}</p>}
    </div>
  );
}

/** A state in a word; `tone` adds to the word, never says more. */
export function Badge({
  tone = 'quiet',
  children,
}: {
  tone?: 'quiet' | 'good' | 'bad';
  children: ReactNode;
}) {
  const looks = {
    quiet: 'bg-raised text-ink',
    good: 'bg-accent-soft text-ink',
    bad: 'bg-danger-soft text-ink',
  };
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm whitespace-nowrap ${looks[tone]}`}
    >
      {children}
    </span>
  );
}
