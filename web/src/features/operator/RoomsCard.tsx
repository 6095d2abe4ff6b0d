import { useCallback } from 'react';
import { closeRoom, listRooms, type OpenRoom } from '../../api';
import { strings } from '../../strings';
import { Button, Notice } from '../../ui';
import { MemberList } from './MemberList';
import { explain, useOperator } from './store';
import { usePolled } from './usePolled';

const EVERY_MS = 4_000;

/** The calls that go on now, who is in them, and the way to end them. */
export function RoomsCard({ onRead }: { onRead: (room: string) => void }) {
  const key = useOperator((operator) => operator.key);
  const {
    value: rooms,
    error,
    refresh,
  } = usePolled(
    useCallback(() => listRooms(key), [key]),
    EVERY_MS,
  );
  const words = strings.operator.rooms;
  return (
    <section aria-labelledby="rooms" className="rounded-card bg-surface p-5 shadow-card">
      <h2 id="rooms" className="font-semibold">
        {words.title}
      </h2>
      {error !== undefined && (
        <div className="mt-3">
          <Notice kind="warning" testId="rooms-trouble">
            {explain(error)}
          </Notice>
        </div>
      )}
      {rooms?.length === 0 && <p className="mt-3 text-muted">{words.none}</p>}
      <ul className="mt-3 space-y-3">
        {rooms?.map((room) => (
          <RoomRow key={room.name} room={room} onRead={onRead} onChange={refresh} />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  room: OpenRoom;
  onRead: (room: string) => void;
  onChange: () => void;
}

function RoomRow({ room, onRead, onChange }: RowProps) {
  const { key, failed } = useOperator();
  const words = strings.operator.rooms;
  const close = async () => {
    if (!window.confirm(words.closeQuestion(room.name))) return;
    await closeRoom(room.name, key).catch(failed);
    onChange();
  };
  return (
    <li
      data-testid="open-room"
      data-room={room.name}
      className="rounded-2xl border border-line p-3"
    >
      <div className="flex flex-wrap items-center gap-2">
        <div className="min-w-40 flex-1">
          <p className="font-medium break-all">{room.name}</p>
          <p className="text-sm text-muted">
            {words.since(new Date(room.createdAt).toLocaleTimeString())}
            {room.recording && ` · ${words.recording}`}
          </p>
        </div>
        <Button onClick={() => onRead(room.name)} aria-label={words.readOf(room.name)}>
          {words.read}
        </Button>
        <Button
          onClick={() => void close()}
          aria-label={words.closeOf(room.name)}
          data-testid="close-room"
        >
          {words.close}
        </Button>
      </div>
      <MemberList room={room.name} />
    </li>
  );
}
