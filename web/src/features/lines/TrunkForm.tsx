import { useState } from 'react';
import { createTrunk, type Trunk } from '../../api';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Button, Notice, SelectField, TextField } from '../../ui';
import { explain, fieldError } from '../access/store';
import { parts } from './fields';
import { useSaving } from './useSaving';

/** A new SIP trunk. What the API does not accept is said at its field. */
export function TrunkForm({ onDone }: { onDone: () => void }) {
  const words = operator.lines;
  const [kind, setKind] = useState<Trunk['kind']>('inbound');
  const [typed, setTyped] = useState({
    name: '',
    numbers: '',
    addresses: '',
    address: '',
    username: '',
    password: '',
  });
  const field = (name: keyof typeof typed) => ({
    value: typed[name],
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) =>
      setTyped((all) => ({ ...all, [name]: event.target.value })),
    'data-testid': `trunk-${name}`,
  });

  const { busy, trouble, submit } = useSaving(
    (key) =>
      createTrunk(
        {
          kind,
          name: typed.name.trim(),
          numbers: parts(typed.numbers),
          allowedAddresses: parts(typed.addresses),
          address: typed.address.trim(),
          username: typed.username.trim(),
          password: typed.password,
        },
        key,
      ),
    onDone,
  );

  const errors = {
    name: fieldError(trouble, 'name'),
    numbers: fieldError(trouble, 'numbers'),
    addresses: fieldError(trouble, 'allowed_addresses'),
    address: fieldError(trouble, 'address'),
    username: fieldError(trouble, 'auth_username'),
    password: fieldError(trouble, 'auth_password'),
  };
  const elsewhere = trouble !== undefined && !Object.values(errors).some(Boolean);
  const inbound = kind === 'inbound';
  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="space-y-4">
      <SelectField
        label={words.kind}
        value={kind}
        onChange={(event) => setKind(event.target.value === 'inbound' ? 'inbound' : 'outbound')}
        options={Object.entries(words.kinds).map(([value, label]) => ({ value, label }))}
        data-testid="trunk-kind"
      />
      <TextField
        label={words.name}
        hint={words.nameHint}
        error={errors.name}
        maxLength={128}
        {...field('name')}
      />
      <TextField
        label={words.numbers}
        hint={inbound ? words.numbersInbound : words.numbersOutbound}
        error={errors.numbers}
        inputMode="tel"
        {...field('numbers')}
      />
      {inbound ? (
        <TextField
          label={words.addresses}
          hint={words.addressesHint}
          error={errors.addresses}
          {...field('addresses')}
        />
      ) : (
        <TextField
          label={words.address}
          hint={words.addressHint}
          error={errors.address}
          {...field('address')}
        />
      )}
      <TextField label={words.username} error={errors.username} {...field('username')} />
      <TextField
        label={words.password}
        hint={words.passwordHint}
        error={errors.password}
        type="password"
        {...field('password')}
        autoComplete="new-password"
      />
      {elsewhere && <Notice kind="danger">{explain(trouble)}</Notice>}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onDone}>{strings.confirm.cancel}</Button>
        <Button type="submit" look="primary" disabled={busy} data-testid="trunk-save">
          {busy ? words.saving : words.save}
        </Button>
      </div>
    </form>
  );
}
