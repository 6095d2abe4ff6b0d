import { useCallback, useState } from 'react';
import { closeRoom, listRooms, type OpenRoom } from '../../api';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Badge, Button, buttonLook, Card, Confirm, Empty, Link, Notice } from '../../ui';
import { explain, useAccess } from '../access/store';
import { MemberList } from './MemberList';
import { usePolled } from '../access/usePolled';

const EVERY_MS = 3_000;

/** The calls that go on now, who is in them, and the way to end them. */
export function RoomsCard() {
  const key = useAccess((access) => access.key);
  const rooms = usePolled(
    useCallback(() => listRooms(key), [key]),
    EVERY_MS,
  );
  const [trouble, setTrouble] = useState<unknown>();
  const words = operator.rooms;
  const failed = trouble ?? rooms.error;
  return (
    <Card title={words.title}>
      {failed !== undefined && (
        <Notice kind="warning" testId="rooms-trouble">
          {explain(failed)}
        </Notice>
      )}
      {rooms.value?.length === 0 && <Empty title={words.none} hint={words.noneHint} />}
      <ul className="space-y-3 empty:hidden">
        {rooms.value?.map((room) => (
          <RoomRow key={room.name} room={room} onTrouble={setTrouble} onChange={rooms.refresh} />
        ))}
      </ul>
    </Card>
  );
}

interface RowProps {
  room: OpenRoom;
  onTrouble: (error: unknown) => void;
  onChange: () => void;
}

function RoomRow({ room, onTrouble, onChange }: RowProps) {
  const key = useAccess((access) => access.key);
  const [asking, setAsking] = useState(false);
  const words = operator.rooms;
  const close = async (yes: boolean) => {
    setAsking(false);
    if (!yes) return;
    try {
      await closeRoom(room.name, key);
      onTrouble(undefined);
    } catch (error) {
      onTrouble(error);
    }
    onChange();
  };
  const name = encodeURIComponent(room.name);
  return (
    <li
      data-testid="open-room"
      data-room={room.name}
      className="rounded-2xl border border-line p-3 sm:p-4"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-48 flex-1">
          <p className="flex flex-wrap items-center gap-2">
            <span className="font-medium break-all">{room.name}</span>
            {room.recording && <Badge tone="bad">{words.recording}</Badge>}
          </p>
          <p className="text-sm text-muted">
            {words.since(new Date(room.createdAt).toLocaleTimeString())}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Link
            href={`/?room=${name}`}
            className={buttonLook('quiet')}
            aria-label={words.joinOf(room.name)}
          >
            {words.join}
          </Link>
          <Link
            href={`/operator/conversations?room=${name}`}
            className={buttonLook('quiet')}
            aria-label={words.readOf(room.name)}
          >
            {words.read}
          </Link>
          <Button
            onClick={() => setAsking(true)}
            aria-label={words.closeOf(room.name)}
            data-testid="close-room"
          >
            {words.close}
          </Button>
        </div>
      </div>
      <MemberList room={room.name} onTrouble={onTrouble} />
      {asking && (
        <Confirm
          title={words.closeTitle}
          text={words.closeText(room.name)}
          yes={words.closeYes}
          no={strings.confirm.cancel}
          onAnswer={(yes) => void close(yes)}
        />
      )}
    </li>
  );
}
