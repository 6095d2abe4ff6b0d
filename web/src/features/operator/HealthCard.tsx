import { readHealth } from '../../api';
import { strings } from '../../strings';
import { Icon, Notice } from '../../ui';
import { explain } from './store';
import { usePolled } from './usePolled';

const EVERY_MS = 5_000;

/** Whether each part of the system does its work, in words and sign. */
export function HealthCard() {
  const { value: parts, error } = usePolled(readHealth, EVERY_MS);
  const words = strings.operator.health;
  return (
    <section aria-labelledby="health" className="rounded-card bg-surface p-5 shadow-card">
      <h2 id="health" className="font-semibold">
        {words.title}
      </h2>
      {error !== undefined && (
        <div className="mt-3">
          <Notice kind="danger">{explain(error)}</Notice>
        </div>
      )}
      <ul className="mt-3 grid gap-3 sm:grid-cols-3">
        {parts?.map((part) => (
          <li
            key={part.name}
            data-testid="part"
            data-part={part.name}
            data-ok={part.ok}
            className={`rounded-2xl p-3 ${part.ok ? 'bg-raised' : 'bg-danger-soft'}`}
          >
            <p className="flex items-center gap-2 font-medium">
              <Icon
                name={part.ok ? 'check' : 'warning'}
                className={`size-5 shrink-0 ${part.ok ? 'text-accent' : 'text-danger'}`}
              />
              {words.parts[part.name] ?? part.name}
            </p>
            <p className="mt-1 text-sm text-muted">
              {part.ok ? words.ok(part.latencyMs) : (part.detail ?? words.away)}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
