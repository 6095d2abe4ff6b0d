import { useEffect, useRef, useState } from 'react';
import { useTiles, type Tile } from '../../livekit';
import { strings } from '../../strings';
import { AgentPresence } from '../call/AgentPresence';
import { useCall } from '../call/store';
import { Captions } from '../captions/Captions';
import { bestColumns } from './layout';
import { StageTile } from './StageTile';

/** Alone with the assistant: only its shape. With others or pictures: a grid, from one to twelve. */
export function Stage() {
  const tiles = useTiles();
  const agent = useCall((call) => call.agent);
  const crowded = tiles.length > 1 || tiles.some((tile) => tile.video);
  return (
    <div className="flex min-w-0 flex-col gap-3 px-1 lg:min-h-0 lg:justify-center">
      {(!crowded || agent !== 'absent') && <AgentPresence compact={crowded} />}
      {crowded && <Pictures tiles={tiles} />}
      <Captions />
    </div>
  );
}

/** A shared screen gets the room, and people a strip below it. */
function Pictures({ tiles }: { tiles: Tile[] }) {
  const screens = tiles.filter((tile) => tile.kind === 'screen');
  const people = tiles.filter((tile) => tile.kind === 'camera');
  return (
    <div
      data-stage
      className="flex h-[36dvh] min-h-40 shrink-0 flex-col gap-2 lg:h-auto lg:min-h-0 lg:flex-1"
    >
      {screens.length > 0 && <Grid tiles={screens} label={strings.people.screens} />}
      <Grid tiles={people} label={strings.people.stage} strip={screens.length > 0} />
    </div>
  );
}

interface GridProps {
  tiles: Tile[];
  label: string;
  strip?: boolean;
}

function Grid({ tiles, label, strip = false }: GridProps) {
  const { box, width, height } = useSize();
  const columns = bestColumns(tiles.length, width, height);
  return (
    <ul
      ref={box}
      aria-label={label}
      data-testid="stage-grid"
      className={`grid min-h-0 auto-rows-fr gap-2 ${strip ? 'h-20 shrink-0 lg:h-32' : 'flex-1'}`}
      style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
    >
      {tiles.map((tile) => (
        <StageTile key={tile.id} tile={tile} />
      ))}
    </ul>
  );
}

function useSize() {
  const box = useRef<HTMLUListElement>(null);
  const [size, setSize] = useState({ width: 16, height: 9 });
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return { box, ...size };
}
