import { useCallback } from 'react';
import { listMembers, muteMember, removeMember } from '../../api';
import { strings } from '../../strings';
import { Button, Icon } from '../../ui';
import { useOperator } from './store';
import { usePolled } from './usePolled';

const EVERY_MS = 4_000;

/** Who is in a room; each can be muted and sent out. */
export function MemberList({ room }: { room: string }) {
  const { key, failed } = useOperator();
  const { value: members, refresh } = usePolled(
    useCallback(() => listMembers(room, key), [room, key]),
    EVERY_MS,
  );
  const words = strings.operator.members;

  const act = async (action: Promise<void>) => {
    await action.catch(failed);
    refresh();
  };

  return (
    <ul aria-label={words.title(room)} className="mt-2 space-y-1 empty:hidden">
      {members?.map((member) => {
        const name = member.name || member.identity;
        return (
          <li
            key={member.identity}
            data-testid="member"
            data-identity={member.identity}
            className="flex flex-wrap items-center gap-2"
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
          </li>
        );
      })}
    </ul>
  );
}
