import { useState, type SyntheticEvent } from 'react';
import { strings } from '../../strings';
import { Button, Notice, TextField } from '../../ui';
import { ConversationCard } from './ConversationCard';
import { HealthCard } from './HealthCard';
import { RoomsCard } from './RoomsCard';
import { useOperator } from './store';

/** For whoever runs the system: its health, the calls that go on, what was said. */
export default function OperatorPage() {
  const words = strings.operator;
  const trouble = useOperator((operator) => operator.trouble);
  const [reading, setReading] = useState('');
  return (
    <main id="content" className="mx-auto w-full max-w-4xl space-y-5 px-4 py-6 sm:px-6">
      <h1 className="text-2xl font-semibold tracking-tight sm:text-3xl">{words.title}</h1>
      <HealthCard />
      <KeyForm />
      {trouble && (
        <Notice kind="danger" testId="operator-trouble">
          {trouble}
        </Notice>
      )}
      <RoomsCard onRead={setReading} />
      <ConversationCard key={reading} room={reading} />
    </main>
  );
}

function KeyForm() {
  const setKey = useOperator((operator) => operator.setKey);
  const [draft, setDraft] = useState('');
  const words = strings.operator.key;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setKey(draft.trim());
  };
  return (
    <form
      onSubmit={submit}
      className="flex flex-wrap items-start gap-2 rounded-card bg-surface p-5 shadow-card"
    >
      <div className="min-w-56 flex-1">
        <TextField
          label={words.label}
          hint={words.hint}
          type="password"
          autoComplete="off"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          data-testid="operator-key"
        />
      </div>
      <Button type="submit" className="mt-[1.875rem] px-4" data-testid="operator-use-key">
        {words.use}
      </Button>
    </form>
  );
}
