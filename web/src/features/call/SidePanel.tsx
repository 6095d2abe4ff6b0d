import { useId, useState, type KeyboardEvent } from 'react';
import { usePeople } from '../../livekit';
import { strings } from '../../strings';
import { ChatBox } from '../chat/ChatBox';
import { PeoplePanel } from '../people/PeoplePanel';
import { CallTranscript } from '../transcript/CallTranscript';

const TABS = ['transcript', 'people'] as const;
type Tab = (typeof TABS)[number];

/** Transcript and people, one at a time; the transcript goes on being read out behind the other. */
export function SidePanel() {
  const id = useId();
  const [open, setOpen] = useState<Tab>('transcript');
  const count = usePeople().length;
  const titles: Record<Tab, string> = {
    transcript: strings.transcript.title,
    people: strings.people.count(count),
  };

  // Arrow keys move between tabs, as everywhere else.
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const next = open === 'transcript' ? 'people' : 'transcript';
    setOpen(next);
    document.getElementById(`${id}-${next}-tab`)?.focus();
  };

  return (
    <div className="flex min-h-0 flex-col overflow-hidden rounded-card bg-surface shadow-card">
      <div
        role="tablist"
        aria-label={strings.call.panels}
        className="flex border-b border-line px-2"
      >
        {TABS.map((tab) => (
          <button
            key={tab}
            type="button"
            role="tab"
            id={`${id}-${tab}-tab`}
            aria-selected={open === tab}
            aria-controls={`${id}-${tab}`}
            tabIndex={open === tab ? 0 : -1}
            onClick={() => setOpen(tab)}
            onKeyDown={onKey}
            data-testid={`tab-${tab}`}
            className="min-h-12 border-b-3 border-transparent px-3 font-medium text-muted -outline-offset-4 aria-selected:border-accent aria-selected:text-ink"
          >
            {titles[tab]}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${id}-transcript`}
        aria-labelledby={`${id}-transcript-tab`}
        className={`min-h-0 flex-1 flex-col ${open === 'transcript' ? 'flex' : 'hidden'}`}
      >
        <CallTranscript live />
        <ChatBox />
      </div>
      <div
        role="tabpanel"
        id={`${id}-people`}
        aria-labelledby={`${id}-people-tab`}
        className={`min-h-0 flex-1 flex-col ${open === 'people' ? 'flex' : 'hidden'}`}
      >
        <PeoplePanel />
      </div>
    </div>
  );
}
