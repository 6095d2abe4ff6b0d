import { useState } from 'react';
import { strings } from '../../strings';
import { Button, Icon } from '../../ui';

/** Puts a link to this room on the clipboard; shows it where the browser refuses. */
export function InviteButton({ room }: { room: string }) {
  const words = strings.people;
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();
  const link = `${window.location.origin}/?room=${encodeURIComponent(room)}`;

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setOutcome('copied');
    } catch {
      setOutcome('failed');
    }
  };

  return (
    <div className="space-y-2">
      <Button className="w-full" onClick={() => void copy()} data-testid="invite-button">
        <Icon name="copy" />
        {words.invite}
      </Button>
      <p role="status" className="text-sm break-all text-muted empty:hidden">
        {outcome === 'copied' && words.invited}
        {outcome === 'failed' && link}
      </p>
    </div>
  );
}
