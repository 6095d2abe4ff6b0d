import { strings } from '../../strings';
import { Icon, Menu } from '../../ui';
import { CopyButton } from './CopyButton';
import { FILES, saveFile, type FileName, type Voices } from './export';
import type { Line } from './log';

interface Props {
  lines: readonly Line[];
  voices: Voices;
  room: string;
  query: string;
  onQuery: (query: string) => void;
}

/** Search, copy and save. */
export function TranscriptTools({ lines, voices, room, query, onQuery }: Props) {
  const words = strings.transcript;
  const save = (kind: FileName) => {
    const day = new Date().toISOString().slice(0, 10);
    const { ending, type, write } = FILES[kind];
    saveFile(`${words.fileName(room, day)}.${ending}`, type, write(lines, voices));
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
      <CopyButton lines={lines} voices={voices} />
      <Menu
        label={words.download}
        icon="download"
        testId="save-transcript"
        items={(Object.keys(FILES) as FileName[]).map((kind) => ({
          label: words.downloads[kind],
          choose: () => save(kind),
          testId: `save-${kind}`,
        }))}
      />
    </div>
  );
}
