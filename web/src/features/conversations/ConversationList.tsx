import { useEffect, useState, type SyntheticEvent } from 'react';
import { listConversations, type Conversation } from '../../api';
import { operator } from '../../strings/operator';
import { Button, Card, Empty, Icon, Link, Notice } from '../../ui';
import { explain, useAccess } from '../access/store';
import { readTranscript } from '../transcript/message';

interface Found {
  query: string;
  conversations: readonly Conversation[];
  next: string | undefined;
}

/** The conversations that are kept, newest first, or those in which something was said. */
export function ConversationList({ chosen }: { chosen: string }) {
  const words = operator.conversations;
  const key = useAccess((access) => access.key);
  const [draft, setDraft] = useState('');
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<Found>();
  const [trouble, setTrouble] = useState<unknown>();

  useEffect(() => {
    let gone = false;
    listConversations(key, query).then(
      (page) => {
        if (gone) return;
        setTrouble(undefined);
        setFound({ query, ...page });
      },
      (error: unknown) => {
        if (!gone) setTrouble(error);
      },
    );
    return () => {
      gone = true;
    };
    // Reading another one is a moment to look for new ones.
  }, [key, query, chosen]);

  const more = async () => {
    if (!found?.next) return;
    try {
      const page = await listConversations(key, found.query, found.next);
      setFound({
        ...found,
        conversations: [...found.conversations, ...page.conversations],
        next: page.next,
      });
    } catch (error) {
      setTrouble(error);
    }
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setQuery(draft.trim());
  };

  return (
    <Card title={words.title}>
      <form role="search" onSubmit={submit} className="flex gap-2">
        <input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          maxLength={200}
          value={draft}
          onChange={(event) => {
            setDraft(event.target.value);
            if (event.target.value === '') setQuery('');
          }}
          className="min-h-11 w-full min-w-0 rounded-xl border border-field-line bg-surface px-3 placeholder:text-muted"
          data-testid="conversations-search"
        />
        <Button type="submit" aria-label={words.searchYes} title={words.searchYes} iconOnly>
          <Icon name="search" />
        </Button>
      </form>
      {trouble !== undefined && <Notice kind="warning">{explain(trouble)}</Notice>}
      <div role="status">
        {found?.conversations.length === 0 && !found.next && (
          <Empty title={found.query ? words.noneFound(found.query) : words.none} />
        )}
      </div>
      <ul aria-label={words.title} className="-mx-2 space-y-1 empty:hidden">
        {found?.conversations.map((conversation) => (
          <Row
            key={conversation.room}
            conversation={conversation}
            current={conversation.room === chosen}
          />
        ))}
      </ul>
      {found?.next && (
        <Button className="w-full" onClick={() => void more()}>
          {words.more}
        </Button>
      )}
    </Card>
  );
}

function Row({ conversation, current }: { conversation: Conversation; current: boolean }) {
  const words = operator.conversations;
  const match = conversation.matches.map(readTranscript).find(Boolean);
  return (
    <li>
      <Link
        href={`/operator/conversations?room=${encodeURIComponent(conversation.room)}`}
        aria-current={current ? 'true' : undefined}
        className="block rounded-xl border-l-4 border-transparent px-3 py-2.5 hover:bg-raised aria-[current]:border-accent aria-[current]:bg-raised"
        data-testid="conversation"
        data-room={conversation.room}
      >
        <span className="block truncate font-medium">{conversation.room}</span>
        <span className="block text-sm text-muted">
          {new Date(conversation.updatedAt).toLocaleString()} ·{' '}
          {words.messages(conversation.messages)}
        </span>
        {match && <span className="mt-1 line-clamp-2 block text-sm break-words">{match.text}</span>}
      </Link>
    </li>
  );
}
