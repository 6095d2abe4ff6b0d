import { useState, type SyntheticEvent } from 'react';
import { strings } from '../../strings';
import { Button, Icon } from '../../ui';
import { useCall } from '../call/store';

const LONGEST = 2_000;

/** A line to type instead of speaking; the assistant answers it aloud. */
export function ChatBox() {
  const sendChat = useCall((call) => call.sendChat);
  const [draft, setDraft] = useState('');
  const [sending, setSending] = useState(false);
  const [failed, setFailed] = useState(false);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const text = draft.trim();
    if (!text || sending) return;
    setSending(true);
    const sent = await sendChat(text);
    setSending(false);
    setFailed(!sent);
    if (sent) setDraft('');
  };

  return (
    <form onSubmit={(event) => void submit(event)} className="border-t border-line p-3">
      <div className="flex gap-2">
        <input
          aria-label={strings.chat.label}
          placeholder={strings.chat.placeholder}
          className="min-h-11 min-w-0 flex-1 rounded-xl border border-field-line bg-surface px-3 placeholder:text-muted"
          maxLength={LONGEST}
          autoComplete="off"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          data-testid="chat-input"
        />
        <Button
          type="submit"
          disabled={sending || draft.trim() === ''}
          aria-label={strings.chat.send}
          title={strings.chat.send}
          iconOnly
          data-testid="chat-send"
        >
          <Icon name="send" />
        </Button>
      </div>
      {failed && (
        <p role="alert" className="mt-2 text-sm font-medium text-danger">
          {strings.chat.failed}
        </p>
      )}
    </form>
  );
}
