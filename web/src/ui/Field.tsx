import { useId, type ReactNode, type InputHTMLAttributes, type SelectHTMLAttributes } from 'react';

const BOX =
  'min-h-11 w-full rounded-xl border border-field-line bg-surface px-3 text-ink placeholder:text-muted aria-invalid:border-danger';

interface Common {
  label: ReactNode;
  hint?: string | undefined;
  error?: string | undefined;
}

/** A labelled line of text with its hint and its error, tied together for screen readers. */
export function TextField({
  label,
  hint,
  error,
  ...rest
}: Common & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block font-medium">
        {label}
      </label>
      <input
        id={id}
        className={BOX}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        {...rest}
      />
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

interface Option {
  value: string;
  label: string;
}

/** A labelled choice of one from a list. */
export function SelectField({
  label,
  hint,
  error,
  options,
  hideLabel = false,
  ...rest
}: Common & { options: Option[]; hideLabel?: boolean } & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'mb-1.5 block font-medium'}>
        {label}
      </label>
      <select
        id={id}
        className={`${BOX} select truncate pr-9`}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        {...rest}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

function Note({
  id,
  hint,
  error,
}: {
  id: string;
  hint?: string | undefined;
  error?: string | undefined;
}) {
  if (error) {
    return (
      <p id={id} className="mt-1.5 text-sm font-medium text-danger">
        {error}
      </p>
    );
  }
  if (!hint) return null;
  return (
    <p id={id} className="mt-1.5 text-sm text-muted">
      {hint}
    </p>
  );
}
