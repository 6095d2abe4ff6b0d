import { TileVideo, type Tile } from '../../livekit';
import { strings } from '../../strings';
import { Icon } from '../../ui';

/** A person or a shared screen. Who speaks has a frame and a mark, not a colour alone. */
export function StageTile({ tile }: { tile: Tile }) {
  const { person, video, kind } = tile;
  const words = strings.people;
  const name = person.self ? words.self : person.name;
  const screen = person.self ? words.ownScreen : words.screenOf(person.name);
  const label = kind === 'screen' ? screen : name;
  return (
    <li
      data-testid="tile"
      data-kind={kind}
      data-identity={person.identity}
      data-video={video !== undefined}
      className={`relative flex min-h-0 min-w-0 items-center justify-center overflow-hidden rounded-2xl bg-raised ${person.speaking && kind === 'camera' ? 'outline-3 -outline-offset-3 outline-accent' : ''}`}
    >
      {video ? (
        <TileVideo
          video={video}
          className={`size-full ${kind === 'screen' ? 'object-contain' : 'object-cover'} ${person.self && kind === 'camera' ? '-scale-x-100' : ''}`}
        />
      ) : (
        <span
          aria-hidden="true"
          className="flex size-16 max-h-[60%] items-center justify-center rounded-full bg-accent-soft text-xl font-semibold text-accent"
        >
          {initials(person.name)}
        </span>
      )}
      <p className="absolute bottom-2 left-2 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-lg bg-ground px-2 py-0.5 text-sm">
        {person.speaking && kind === 'camera' && (
          <Icon name="sound" className="size-4 shrink-0 text-accent" />
        )}
        <span className="truncate">{label}</span>
        {kind === 'camera' && person.muted && (
          <>
            <Icon name="muted" className="size-4 shrink-0" />
            <span className="sr-only">{words.muted}</span>
          </>
        )}
      </p>
    </li>
  );
}

/** The first letters of the first and the last word of a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return ends.map((word) => firstLetter(word ?? '')).join('');
}

function firstLetter(word: string): string {
  const [first] = new Intl.Segmenter().segment(word);
  return first?.segment.toUpperCase() ?? '';
}
