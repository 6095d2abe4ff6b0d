import { useEffect, useState, type SyntheticEvent } from 'react';
import { readWholeTranscript } from '../../api';
import { strings } from '../../strings';
import { Button, Notice, TextField } from '../../ui';
import { useTranscript } from '../transcript/store';
import { TranscriptPanel } from '../transcript/TranscriptPanel';
import { explain, useOperator } from './store';

/** What was said in a room, now or earlier, with search and export. */
export function ConversationCard({ room }: { room: string }) {
  const key = useOperator((operator) => operator.key);
  const words = strings.operator.conversation;
  const [wanted, setWanted] = useState(room);
  const [shown, setShown] = useState(room);
  const [trouble, setTrouble] = useState<string>();

  useEffect(() => {
    if (!shown) return;
    let gone = false;
    const { clear, receiveHistory } = useTranscript.getState();
    clear();
    readWholeTranscript(shown, key).then(
      (messages) => {
        if (gone) return;
        setTrouble(undefined);
        receiveHistory(messages);
      },
      (error: unknown) => {
        if (!gone) setTrouble(explain(error));
      },
    );
    return () => {
      gone = true;
    };
  }, [shown, key]);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setShown(wanted.trim());
  };

  return (
    <section aria-labelledby="conversation" className="rounded-card bg-surface p-5 shadow-card">
      <h2 id="conversation" className="font-semibold">
        {words.title}
      </h2>
      <form onSubmit={submit} className="mt-3 flex items-end gap-2">
        <div className="min-w-0 flex-1">
          <TextField
            label={words.room}
            value={wanted}
            autoComplete="off"
            onChange={(event) => setWanted(event.target.value)}
            data-testid="conversation-room"
          />
        </div>
        <Button type="submit" data-testid="conversation-read">
          {words.read}
        </Button>
      </form>
      {trouble && (
        <div className="mt-3">
          <Notice kind="warning">{trouble}</Notice>
        </div>
      )}
      {shown && !trouble && (
        <div className="mt-4 flex max-h-[32rem] flex-col overflow-hidden rounded-2xl border border-line">
          <TranscriptPanel live={false} />
        </div>
      )}
    </section>
  );
}
