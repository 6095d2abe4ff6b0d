import { useEffect, useState } from 'react';
import { strings } from '../../strings';
import { Button, Icon } from '../../ui';
import { asText, type Voices } from './export';
import type { Line } from './log';

/** Puts the conversation on the clipboard as plain text and says whether it worked. */
export function CopyButton({ lines, voices }: { lines: readonly Line[]; voices: Voices }) {
  const words = strings.transcript;
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();

  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(undefined), 3_000);
    return () => clearTimeout(timer);
  }, [outcome]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(asText(lines, voices));
      setOutcome('copied');
    } catch {
      setOutcome('failed');
    }
  };

  return (
    <div className="flex items-center gap-2">
      <span role="status" className="text-sm text-muted">
        {outcome === 'copied' && words.copied}
        {outcome === 'failed' && words.copyFailed}
      </span>
      <Button
        iconOnly
        className="border-transparent"
        aria-label={words.copy}
        title={words.copy}
        onClick={() => void copy()}
        data-testid="copy-transcript"
      >
        <Icon name={outcome === 'copied' ? 'check' : 'copy'} />
      </Button>
    </div>
  );
}
