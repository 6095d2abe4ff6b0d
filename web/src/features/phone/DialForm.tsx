import { useCallback, useState, type SyntheticEvent } from 'react';
import { listTrunks, placeCall } from '../../api';
import { operator } from '../../strings/operator';
import { Button, Icon, Notice, SelectField, TextField } from '../../ui';
import { explain, fieldError, useAccess } from '../access/store';
import { useAssistants } from '../assistants/store';
import { usePolled } from '../access/usePolled';

const TRUNKS_EVERY_MS = 15_000;
const NOBODY = '-';

interface Props {
  /** The room to bring the telephone into; not given: the form asks. */
  room?: string;
  onPlaced?: () => void;
}

/** Calls a telephone, over one of the lines that calls go out on. */
export function DialForm({ room, onPlaced }: Props) {
  const words = operator.phone;
  const key = useAccess((access) => access.key);
  const assistants = useAssistants();
  const { value: trunks, error: trunksError } = usePolled(
    useCallback(() => listTrunks(key, 'outbound'), [key]),
    TRUNKS_EVERY_MS,
  );
  const [to, setTo] = useState('');
  const [trunk, setTrunk] = useState('');
  const [wantedRoom, setWantedRoom] = useState('');
  const [assistant, setAssistant] = useState('');
  const [phase, setPhase] = useState<'idle' | 'busy'>('idle');
  const [trouble, setTrouble] = useState<unknown>();
  const [missing, setMissing] = useState(false);
  const [placed, setPlaced] = useState('');
  const fixed = room !== undefined;

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const number = to.trim();
    setMissing(number === '');
    if (number === '' || phase === 'busy') return;
    setPhase('busy');
    setTrouble(undefined);
    setPlaced('');
    const chosen = assistants.find(({ name }) => name === assistant) ?? assistants[0];
    try {
      await placeCall(
        {
          trunkId: trunk || (trunks?.[0]?.id ?? ''),
          to: number,
          room: room ?? wantedRoom.trim(),
          // Whoever is called into a call that goes on talks with those who are in it.
          assistant: fixed || assistant === NOBODY ? undefined : chosen,
        },
        key,
        crypto.randomUUID(),
      );
      setPlaced(number);
      setTo('');
      onPlaced?.();
    } catch (error) {
      setTrouble(error);
    } finally {
      setPhase('idle');
    }
  };

  if (trunksError !== undefined) return <Notice kind="warning">{explain(trunksError)}</Notice>;
  if (trunks?.length === 0) {
    return (
      <Notice kind="info" testId="no-trunk">
        {fixed ? words.noTrunkHere : words.noTrunk}
      </Notice>
    );
  }
  const numberError = missing ? words.numberMissing : fieldError(trouble, 'to');
  const roomError = fieldError(trouble, 'room');
  const trunkError = fieldError(trouble, 'trunk_id');
  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="space-y-4">
      <div className={`grid gap-4 ${fixed ? '' : 'sm:grid-cols-2'}`}>
        <TextField
          label={words.number}
          hint={words.numberHint}
          error={numberError}
          type="tel"
          autoComplete="off"
          value={to}
          onChange={(event) => setTo(event.target.value)}
          data-testid="dial-number"
        />
        {(!fixed || (trunks?.length ?? 0) > 1) && (
          <SelectField
            label={words.trunk}
            error={trunkError}
            value={trunk}
            onChange={(event) => setTrunk(event.target.value)}
            options={(trunks ?? []).map((one, index) => ({
              value: index === 0 ? '' : one.id,
              label: one.name || one.address || one.id,
            }))}
            data-testid="dial-trunk"
          />
        )}
        {!fixed && (
          <>
            <TextField
              label={
                <>
                  {words.room} <span className="font-normal text-muted">{words.optional}</span>
                </>
              }
              hint={words.roomHint}
              error={roomError}
              autoComplete="off"
              value={wantedRoom}
              onChange={(event) => setWantedRoom(event.target.value)}
              data-testid="dial-room"
            />
            <SelectField
              label={words.assistant}
              value={assistant}
              onChange={(event) => setAssistant(event.target.value)}
              options={[
                ...assistants.map((one, index) => ({
                  value: index === 0 ? '' : one.name,
                  label: one.title,
                })),
                { value: NOBODY, label: words.nobody },
              ]}
              data-testid="dial-assistant"
            />
          </>
        )}
      </div>
      {trouble !== undefined && !numberError && !roomError && !trunkError && (
        <Notice kind="danger" testId="dial-trouble">
          {explain(trouble)}
        </Notice>
      )}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" look="primary" disabled={phase === 'busy'} data-testid="dial-button">
          <Icon name="phone" />
          {phase === 'busy' ? words.dialling : words.dial}
        </Button>
        <p role="status" className="text-sm text-muted" data-testid="dial-placed">
          {placed && words.placed(placed)}
        </p>
      </div>
    </form>
  );
}
