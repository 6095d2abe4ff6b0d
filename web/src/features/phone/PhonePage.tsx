import { useCallback } from 'react';
import { listCalls } from '../../api';
import { operator } from '../../strings/operator';
import { Card } from '../../ui';
import { useAccess } from '../access/store';
import { usePolled } from '../access/usePolled';
import { CallsCard } from './CallsCard';
import { DialForm } from './DialForm';

const EVERY_MS = 2_500;

/** Place a call, and see what became of the others. */
export function PhonePage() {
  const key = useAccess((access) => access.key);
  const calls = usePolled(
    useCallback(() => listCalls(key), [key]),
    EVERY_MS,
  );
  return (
    <>
      <Card title={operator.phone.title}>
        <DialForm onPlaced={calls.refresh} />
      </Card>
      <CallsCard calls={calls} />
    </>
  );
}
