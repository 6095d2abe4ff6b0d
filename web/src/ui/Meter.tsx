interface Props {
  label: string;
  /** 0 to 1. */
  value: number;
}

const STEPS = 20;

/** A level as a row of marks: it reads by length, not by colour. */
export function Meter({ label, value }: Props) {
  const filled = Math.round(Math.min(1, Math.max(0, value)) * STEPS);
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round((filled / STEPS) * 100)}
      className="flex h-4 items-center gap-1"
    >
      {Array.from({ length: STEPS }, (_, index) => (
        <span
          key={index}
          className={`h-full flex-1 rounded-sm ${index < filled ? 'bg-accent' : 'scale-y-50 bg-line'}`}
        />
      ))}
    </div>
  );
}
