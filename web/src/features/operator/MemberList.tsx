import { useCallback } from 'react';
import { listMembers, muteMember, removeMember } from '../../api';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Button, Icon } from '../../ui';
import { useAccess } from '../access/store';
import { usePolled } from '../access/usePolled';

const EVERY_MS = 3_000;

interface Props {
  room: string;
  onTrouble: (error: unknown) => void;
}

/** Who is in a room; each can be muted and sent out. */
export function MemberList({ room, onTrouble }: Props) {
  const key = useAccess((access) => access.key);
  const { value: members, refresh } = usePolled(
    useCallback(() => listMembers(room, key), [room, key]),
    EVERY_MS,
  );
  const words = operator.members;

  const act = async (action: Promise<void>) => {
    try {
      await action;
      onTrouble(undefined);
    } catch (error) {
      onTrouble(error);
    }
    refresh();
  };

  if (members?.length === 0) return <p className="mt-3 text-sm text-muted">{words.empty}</p>;
  return (
    <ul
      aria-label={words.title(room)}
      className="mt-3 divide-y divide-line border-t border-line empty:hidden"
    >
      {members?.map((member) => {
        const name = member.name || member.identity;
        return (
          <li
            key={member.identity}
            data-testid="member"
            data-identity={member.identity}
            className="flex flex-wrap items-center gap-2 py-2 last:pb-0"
          >
            <Icon
              name={member.muted ? 'muted' : 'microphone'}
              className="size-5 shrink-0 text-muted"
            />
            <span className="min-w-32 flex-1 break-all">
              {name}{' '}
              <span className="text-sm text-muted">
                {words.kinds[member.kind] ?? member.kind}
                {member.muted && ` · ${strings.people.muted}`}
              </span>
            </span>
            <span className="flex gap-2">
              <Button
                disabled={member.muted}
                aria-label={words.muteOf(name)}
                onClick={() => void act(muteMember(room, member.identity, key))}
              >
                {words.mute}
              </Button>
              <Button
                aria-label={words.removeOf(name)}
                onClick={() => void act(removeMember(room, member.identity, key))}
                data-testid="remove-member"
              >
                {words.remove}
              </Button>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
