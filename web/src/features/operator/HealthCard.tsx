import { readHealth } from '../../api';
import { operator } from '../../strings/operator';
import { Card, Icon, Notice } from '../../ui';
import { explain } from '../access/store';
import { usePolled } from '../access/usePolled';

const EVERY_MS = 5_000;

/** Whether each part of the system does its work, in words and sign. */
export function HealthCard() {
  const { value: parts, error } = usePolled(readHealth, EVERY_MS);
  const words = operator.health;
  return (
    <Card title={words.title}>
      {error !== undefined && <Notice kind="danger">{explain(error)}</Notice>}
      <ul className="grid gap-3 empty:hidden sm:grid-cols-3">
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
            <p className={`mt-1 text-sm ${part.ok ? 'text-muted' : 'text-ink'}`}>
              {part.ok ? words.ok(part.latencyMs) : (part.detail ?? words.away)}
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}
