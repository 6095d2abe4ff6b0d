import { useState, type SyntheticEvent } from 'react';
import { hangUp, transferCall, type PhoneCall } from '../../api';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Badge, Button, buttonLook, Card, Dialog, Empty, Link, Notice, TextField } from '../../ui';
import { explain, fieldError, useAccess } from '../access/store';
import type { Polled } from '../access/usePolled';

/** The calls that were placed lately, and what can be done with those that go on. */
export function CallsCard({ calls }: { calls: Polled<PhoneCall[]> }) {
  const words = operator.phone;
  const key = useAccess((access) => access.key);
  const [trouble, setTrouble] = useState<unknown>();
  const [handing, setHanding] = useState<PhoneCall>();
  const failed = trouble ?? calls.error;

  const end = async (id: string) => {
    try {
      await hangUp(id, key);
      setTrouble(undefined);
    } catch (error) {
      setTrouble(error);
    }
    calls.refresh();
  };

  return (
    <Card title={words.lately}>
      {failed !== undefined && <Notice kind="warning">{explain(failed)}</Notice>}
      {calls.value?.length === 0 && <Empty title={words.none} />}
      <ul className="divide-y divide-line empty:hidden">
        {calls.value?.map((call) => (
          <CallRow
            key={call.id}
            call={call}
            onHangUp={() => void end(call.id)}
            onTransfer={() => setHanding(call)}
          />
        ))}
      </ul>
      {handing && (
        <TransferDialog
          call={handing}
          onDone={() => {
            setHanding(undefined);
            calls.refresh();
          }}
        />
      )}
    </Card>
  );
}

interface RowProps {
  call: PhoneCall;
  onHangUp: () => void;
  onTransfer: () => void;
}

function CallRow({ call, onHangUp, onTransfer }: RowProps) {
  const words = operator.phone;
  const goesOn = call.state === 'dialing' || call.state === 'active';
  const failed = call.state === 'failed';
  return (
    <li
      data-testid="phone-call"
      data-state={call.state}
      className="flex flex-wrap items-center gap-x-3 gap-y-2 py-3 first:pt-0 last:pb-0"
    >
      <div className="min-w-48 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium break-all tabular-nums">{call.to}</span>
          <Badge tone={failed ? 'bad' : goesOn ? 'good' : 'quiet'}>
            {words.states[call.state] ?? call.state}
          </Badge>
        </p>
        <p className="mt-0.5 text-sm break-words text-muted">
          {[
            new Date(call.createdAt).toLocaleString(),
            call.reason && (words.reasons[call.reason] ?? call.reason),
            duration(call),
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        {call.answeredAt && (
          <Link
            href={`/operator/conversations?room=${encodeURIComponent(call.room)}`}
            className={buttonLook('quiet')}
            aria-label={words.readOf(call.to)}
          >
            {words.read}
          </Link>
        )}
        {call.state === 'active' && (
          <Button aria-label={words.transferOf(call.to)} onClick={onTransfer}>
            {words.transfer}
          </Button>
        )}
        {goesOn && (
          <Button aria-label={words.hangUpOf(call.to)} onClick={onHangUp} data-testid="hang-up">
            {words.hangUp}
          </Button>
        )}
      </div>
    </li>
  );
}

function duration({ answeredAt, endedAt }: PhoneCall): string | undefined {
  if (!answeredAt || !endedAt) return undefined;
  const seconds = Math.max(0, Math.round((Date.parse(endedAt) - Date.parse(answeredAt)) / 1000));
  return operator.phone.lasted(Math.floor(seconds / 60), seconds % 60);
}

function TransferDialog({ call, onDone }: { call: PhoneCall; onDone: () => void }) {
  const words = operator.phone;
  const key = useAccess((access) => access.key);
  const [to, setTo] = useState('');
  const [trouble, setTrouble] = useState<unknown>();
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    try {
      await transferCall(call.id, to.trim(), key);
      onDone();
    } catch (error) {
      setTrouble(error);
    }
  };
  const field = fieldError(trouble, 'to');
  return (
    <Dialog title={words.transferTitle} onClose={onDone}>
      <form noValidate onSubmit={(event) => void submit(event)} className="space-y-4">
        <TextField
          label={words.transferTo}
          hint={words.transferHint}
          error={field}
          autoComplete="off"
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
        {trouble !== undefined && !field && <Notice kind="danger">{explain(trouble)}</Notice>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onDone}>{strings.confirm.cancel}</Button>
          <Button type="submit" look="primary">
            {words.transferYes}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
