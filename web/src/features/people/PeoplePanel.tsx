import { lazy, Suspense, useState } from 'react';
import { muteMember, removeMember } from '../../api';
import { usePeople, type Person } from '../../livekit';
import { strings } from '../../strings';
import { Button, Icon, Menu, Notice } from '../../ui';
import { explain, useAccess } from '../access/store';
import { useAssistantName, useCall } from '../call/store';
import { InviteButton } from './InviteButton';
import { SignalBars } from './SignalBars';

const HostTools = lazy(() => import('../host/HostTools'));

/** Who is in the call, who is muted, how good each connection is; who comes and who has to go. */
export function PeoplePanel() {
  const people = usePeople();
  const room = useCall((call) => call.room);
  const [trouble, setTrouble] = useState<unknown>();
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-5 overflow-y-auto p-4">
      {trouble !== undefined && (
        <Notice kind="warning" testId="people-trouble">
          {explain(trouble)}
        </Notice>
      )}
      <ul aria-label={strings.people.title} className="divide-y divide-line">
        {people.map((person) => (
          <PersonRow key={person.identity} person={person} room={room} onTrouble={setTrouble} />
        ))}
      </ul>
      <InviteButton room={room} />
      <Manage room={room} onTrouble={setTrouble} />
    </div>
  );
}

/** The tools of a host, where this page has a key already or somebody wants to give it one. */
function Manage({ room, onTrouble }: { room: string; onTrouble: (error: unknown) => void }) {
  const words = strings.people;
  const granted = useAccess((access) => access.state === 'granted');
  const [wanted, setWanted] = useState(false);
  return (
    <>
      {!granted && (
        <section aria-label={words.manage} className="mt-auto border-t border-line pt-4">
          <Button className="w-full" onClick={() => setWanted(true)} data-testid="manage-call">
            <Icon name="settings" />
            {words.manage}
          </Button>
          <p className="mt-2 text-sm text-muted">{words.manageHint}</p>
        </section>
      )}
      {(granted || wanted) && (
        <Suspense fallback={<p className="text-sm text-muted">{strings.loading}</p>}>
          <HostTools room={room} onTrouble={onTrouble} onClose={() => setWanted(false)} />
        </Suspense>
      )}
    </>
  );
}

interface RowProps {
  person: Person;
  room: string;
  onTrouble: (error: unknown) => void;
}

function PersonRow({ person, room, onTrouble }: RowProps) {
  const words = strings.people;
  const assistant = useAssistantName();
  const name = person.agent ? assistant : person.name;
  return (
    <li
      data-testid="person"
      data-identity={person.identity}
      data-muted={person.muted}
      data-quality={person.quality}
      className="flex min-h-14 items-center gap-3 py-1.5"
    >
      <Icon
        name={person.muted ? 'muted' : person.speaking ? 'sound' : 'microphone'}
        className={`size-5 shrink-0 ${person.speaking ? 'text-accent' : 'text-muted'}`}
      />
      <span className="min-w-0 flex-1">
        <span className="block truncate" title={name}>
          {name}
          {person.self && <span className="text-muted"> ({words.self})</span>}
        </span>
        <span className="block text-sm text-muted empty:hidden">
          {[
            person.agent && words.assistant,
            person.phone && words.phone,
            person.muted ? words.muted : person.speaking && words.speaking,
            (person.quality === 'poor' || person.quality === 'lost') &&
              words.quality[person.quality],
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </span>
      <SignalBars quality={person.quality} />
      {!person.self && <PersonMenu person={person} name={name} room={room} onTrouble={onTrouble} />}
    </li>
  );
}

/** What may be done with somebody else, by right. */
function PersonMenu({ person, name, room, onTrouble }: RowProps & { name: string }) {
  const words = strings.people;
  const { state, key } = useAccess();
  if (state !== 'granted') return null;
  const act = async (action: Promise<void>) => {
    try {
      await action;
      onTrouble(undefined);
    } catch (error) {
      onTrouble(error);
    }
  };
  const remove = {
    label: words.remove,
    choose: () => void act(removeMember(room, person.identity, key)),
    testId: 'remove-person',
  };
  const mute = {
    label: words.mute,
    choose: () => void act(muteMember(room, person.identity, key)),
    testId: 'mute-person',
  };
  return (
    <Menu
      label={words.actions(name)}
      icon="more"
      items={person.muted ? [remove] : [mute, remove]}
      testId="person-menu"
    />
  );
}
