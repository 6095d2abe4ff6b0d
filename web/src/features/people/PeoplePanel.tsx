import { usePeople, type Person } from '../../livekit';
import { strings } from '../../strings';
import { Icon } from '../../ui';
import { useCall } from '../call/store';
import { InviteButton } from './InviteButton';

/** Who is in the call, who is muted, how good each connection is, and a link for one more. */
export function PeoplePanel() {
  const people = usePeople();
  const room = useCall((call) => call.room);
  const words = strings.people;
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3 overflow-y-auto p-4">
      <ul aria-label={words.title} className="space-y-1">
        {people.map((person) => (
          <PersonRow key={person.identity} person={person} />
        ))}
      </ul>
      <InviteButton room={room} />
    </div>
  );
}

function PersonRow({ person }: { person: Person }) {
  const words = strings.people;
  const poor = person.quality === 'poor' || person.quality === 'lost';
  return (
    <li
      data-testid="person"
      data-identity={person.identity}
      data-muted={person.muted}
      className="flex min-h-11 items-center gap-3"
    >
      <Icon
        name={person.muted ? 'muted' : 'microphone'}
        className={`size-5 shrink-0 ${person.speaking ? 'text-accent' : 'text-muted'}`}
      />
      <span className="min-w-0 flex-1">
        <span className="block truncate">
          {person.agent ? strings.transcript.agent : person.name}
          {person.self && <span className="text-muted"> ({words.self})</span>}
        </span>
        <span className="block text-sm text-muted">
          {[
            person.agent && words.assistant,
            person.phone && words.phone,
            person.muted ? words.muted : person.speaking && words.speaking,
            poor && words.quality[person.quality],
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </span>
    </li>
  );
}
