import { useEffect, useRef, useState } from 'react';
import { useTiles } from '../../livekit';
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
    <div className="flex min-h-0 flex-col gap-3 px-1 lg:justify-center">
      {(!crowded || agent !== 'absent') && <AgentPresence compact={crowded} />}
      {crowded && <Grid tiles={tiles} />}
      <Captions />
    </div>
  );
}

function Grid({ tiles }: { tiles: ReturnType<typeof useTiles> }) {
  const { box, width, height } = useSize();
  const columns = bestColumns(tiles.length, width, height);
  return (
    <ul
      ref={box}
      aria-label={strings.people.stage}
      data-testid="stage-grid"
      className="grid h-[34dvh] min-h-0 auto-rows-fr gap-2 lg:h-auto lg:flex-1"
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
