import { useState, type SyntheticEvent } from 'react';
import { operator } from '../../strings/operator';
import { Button, TextField } from '../../ui';
import { useAccess } from './store';

/** The line to type a key into; what is wrong with it is said there. */
export function KeyForm() {
  const words = operator.key;
  const { state, check } = useAccess();
  const [draft, setDraft] = useState('');
  const [missing, setMissing] = useState(false);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setMissing(draft.trim() === '');
    if (draft.trim()) void check(draft.trim());
  };
  const error = missing ? words.missing : state === 'refused' ? words.refused : undefined;
  return (
    <form noValidate onSubmit={submit} className="flex flex-wrap items-start gap-x-2 gap-y-3">
      <div className="min-w-48 flex-1">
        <TextField
          label={words.label}
          hint={words.hint}
          error={error}
          type="password"
          autoComplete="off"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          data-testid="operator-key"
        />
      </div>
      <Button
        type="submit"
        look="primary"
        className="px-4 sm:mt-[1.875rem]"
        disabled={state === 'checking'}
        data-testid="operator-use-key"
      >
        {state === 'checking' ? words.checking : words.use}
      </Button>
    </form>
  );
}
