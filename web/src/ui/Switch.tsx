import { useId } from 'react';

interface Props {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  testId?: string;
}

/** Something that is on or off, at once. */
export function Switch({ label, hint, checked, onChange, testId }: Props) {
  const id = useId();
  return (
    <div className="flex items-center justify-between gap-4">
      <div className="min-w-0">
        <span id={`${id}-label`} className="block font-medium">
          {label}
        </span>
        {hint && (
          <span id={`${id}-hint`} className="mt-0.5 block text-sm text-muted">
            {hint}
          </span>
        )}
      </div>
      <button
        type="button"
        role="switch"
        data-testid={testId}
        aria-checked={checked}
        aria-labelledby={`${id}-label`}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onClick={() => onChange(!checked)}
        className="group inline-flex h-11 w-14 shrink-0 items-center justify-center rounded-full"
      >
        <span className="flex h-7 w-12 items-center rounded-full border-2 border-field-line bg-raised px-0.5 transition-colors group-aria-checked:border-accent group-aria-checked:bg-accent">
          <span className="size-5 rounded-full bg-field-line transition-transform group-aria-checked:translate-x-[1.125rem] group-aria-checked:bg-on-accent" />
        </span>
      </button>
    </div>
  );
}
