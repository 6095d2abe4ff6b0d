import { useState } from 'react';
import { createRule, type Trunk } from '../../api';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Button, Notice, SelectField, TextField } from '../../ui';
import { explain, fieldError } from '../access/store';
import { useAssistants } from '../assistants/store';
import { useSaving } from './useSaving';

const NOBODY = '-';

/** A new rule for calls that come in. */
export function RuleForm({ trunks, onDone }: { trunks: readonly Trunk[]; onDone: () => void }) {
  const words = operator.lines;
  // A rule names agents; which assistant an agent is, its own settings say.
  const agents = [...new Set(useAssistants().map(({ agentName }) => agentName))];
  const [name, setName] = useState('');
  const [kind, setKind] = useState('individual');
  const [room, setRoom] = useState('call-');
  const [pin, setPin] = useState('');
  const [trunk, setTrunk] = useState('');
  const [agent, setAgent] = useState('');

  const answering = agent || agents[0];
  const { busy, trouble, submit } = useSaving(
    (key) =>
      createRule(
        {
          name: name.trim(),
          kind,
          room: room.trim(),
          pin: pin.trim(),
          trunkIds: trunk ? [trunk] : [],
          agents: agent === NOBODY || !answering ? [] : [answering],
        },
        key,
      ),
    onDone,
  );

  const errors = {
    name: fieldError(trouble, 'name'),
    room: fieldError(trouble, 'room'),
    pin: fieldError(trouble, 'pin'),
    trunk: fieldError(trouble, 'trunk_ids'),
    agents: fieldError(trouble, 'agents'),
  };
  const elsewhere = trouble !== undefined && !Object.values(errors).some(Boolean);
  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="space-y-4">
      <TextField
        label={words.name}
        hint={words.nameHint}
        error={errors.name}
        autoComplete="off"
        maxLength={128}
        value={name}
        onChange={(event) => setName(event.target.value)}
        data-testid="rule-name"
      />
      <SelectField
        label={words.ruleKind}
        value={kind}
        onChange={(event) => setKind(event.target.value)}
        options={Object.entries(words.ruleKinds).map(([value, label]) => ({ value, label }))}
        data-testid="rule-kind"
      />
      <TextField
        label={words.ruleRoom}
        hint={words.ruleRoomHint}
        error={errors.room}
        autoComplete="off"
        value={room}
        onChange={(event) => setRoom(event.target.value)}
        data-testid="rule-room"
      />
      <SelectField
        label={words.ruleTrunk}
        error={errors.trunk}
        value={trunk}
        onChange={(event) => setTrunk(event.target.value)}
        options={[
          { value: '', label: words.ruleAnyTrunk },
          ...trunks
            .filter((one) => one.kind === 'inbound')
            .map((one) => ({ value: one.id, label: one.name || one.id })),
        ]}
      />
      <SelectField
        label={words.ruleAgents}
        error={errors.agents}
        value={agent}
        onChange={(event) => setAgent(event.target.value)}
        options={[
          ...agents.map((one, index) => ({ value: index === 0 ? '' : one, label: one })),
          { value: NOBODY, label: operator.phone.nobody },
        ]}
      />
      <TextField
        label={words.rulePin}
        hint={words.rulePinHint}
        error={errors.pin}
        autoComplete="off"
        inputMode="numeric"
        value={pin}
        onChange={(event) => setPin(event.target.value)}
      />
      {elsewhere && <Notice kind="danger">{explain(trouble)}</Notice>}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onDone}>{strings.confirm.cancel}</Button>
        <Button type="submit" look="primary" disabled={busy} data-testid="rule-save">
          {busy ? words.saving : words.save}
        </Button>
      </div>
    </form>
  );
}
