import { strings } from '../../strings';
import { Button, Icon } from '../../ui';
import { CopyButton } from './CopyButton';
import { asText, saveText, type Names } from './export';
import type { Line } from './log';

interface Props {
  lines: readonly Line[];
  self: string;
  names: Names;
  room: string;
  query: string;
  onQuery: (query: string) => void;
}

/** Search, copy and save. */
export function TranscriptTools({ lines, self, names, room, query, onQuery }: Props) {
  const words = strings.transcript;
  const save = () => {
    const day = new Date().toISOString().slice(0, 10);
    saveText(words.fileName(room, day), asText(lines, self, names));
  };
  return (
    <div className="flex items-center gap-1 border-b border-line py-1.5 pr-2 pl-3">
      <label className="flex min-w-0 flex-1 items-center gap-2 text-muted">
        <Icon name="search" className="size-5 shrink-0" />
        <span className="sr-only">{words.search}</span>
        <input
          type="search"
          placeholder={words.search}
          value={query}
          onChange={(event) => onQuery(event.target.value)}
          className="min-h-11 w-full min-w-0 rounded-lg bg-transparent px-1 text-ink placeholder:text-muted"
          data-testid="transcript-search"
        />
      </label>
      <CopyButton lines={lines} self={self} names={names} />
      <Button
        iconOnly
        className="border-transparent"
        aria-label={words.download}
        title={words.download}
        onClick={save}
        data-testid="save-transcript"
      >
        <Icon name="download" />
      </Button>
    </div>
  );
}
