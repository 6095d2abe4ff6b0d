import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Button, Card, Notice } from '../../ui';
import { KeyForm } from '../access/KeyForm';
import { useAccess } from '../access/store';

/** Asks for the API key that opens what operators may do. */
export function KeyCard() {
  const words = operator.key;
  const state = useAccess((access) => access.state);
  return (
    <Card title={words.title} hint={words.why}>
      {state === 'unreachable' || state === 'failed' ? <Unreachable /> : <KeyForm />}
      <p className="text-sm text-muted">
        {words.how}{' '}
        <code className="rounded-md bg-raised px-1.5 py-0.5 break-words text-ink">
          {words.command}
        </code>
      </p>
    </Card>
  );
}

function Unreachable() {
  const words = strings.trouble;
  const { state, key, check } = useAccess();
  return (
    <Notice
      kind="danger"
      testId="operator-trouble"
      action={<Button onClick={() => void check(key)}>{words.retry}</Button>}
    >
      {state === 'unreachable' ? words.unreachable : words.unknown}
    </Notice>
  );
}
