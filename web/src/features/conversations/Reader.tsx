import { useEffect, useState } from 'react';
import { deleteConversation, readWholeTranscript } from '../../api';
import { goTo } from '../../route';
import { strings } from '../../strings';
import { operator } from '../../strings/operator';
import { Button, buttonLook, Card, Confirm, Empty, Icon, Link, Notice } from '../../ui';
import { explain, useAccess } from '../access/store';
import { linesOf, type Line } from '../transcript/log';
import { readTranscript } from '../transcript/message';
import { TranscriptPanel } from '../transcript/TranscriptPanel';

const HERE = '/operator/conversations';
const VOICES = {
  names: {},
  assistant: strings.transcript.agent,
  unnamed: operator.conversations.caller,
};

/** One conversation, to read, search, copy, save and delete. */
export function Reader({ room }: { room: string }) {
  const words = operator.conversations;
  const key = useAccess((access) => access.key);
  const [lines, setLines] = useState<readonly Line[]>();
  const [trouble, setTrouble] = useState<unknown>();
  const [asking, setAsking] = useState(false);

  useEffect(() => {
    if (!room) return;
    let gone = false;
    readWholeTranscript(room, key).then(
      (messages) => {
        if (gone) return;
        const read = messages.map(readTranscript).filter((message) => message !== undefined);
        setLines(linesOf(read));
        setTrouble(undefined);
      },
      (error: unknown) => {
        if (!gone) setTrouble(error);
      },
    );
    return () => {
      gone = true;
    };
  }, [room, key]);

  const remove = async (yes: boolean) => {
    setAsking(false);
    if (!yes) return;
    try {
      await deleteConversation(room, key);
      goTo(HERE);
    } catch (error) {
      setTrouble(error);
    }
  };

  if (!room) {
    return (
      <div className="max-lg:hidden">
        <Empty title={words.pick} />
      </div>
    );
  }
  return (
    <Card
      title={room}
      action={
        <div className="flex gap-2">
          <Link href={HERE} className={`lg:hidden ${buttonLook('quiet')}`}>
            {words.back}
          </Link>
          <Button
            iconOnly
            aria-label={words.remove}
            title={words.remove}
            onClick={() => setAsking(true)}
            data-testid="conversation-delete"
          >
            <Icon name="trash" />
          </Button>
        </div>
      }
    >
      {trouble !== undefined && (
        <Notice kind="warning" testId="conversation-trouble">
          {explain(trouble)}
        </Notice>
      )}
      {!lines && trouble === undefined && (
        <p aria-busy className="py-6 text-center text-muted">
          {words.loading}
        </p>
      )}
      {lines && (
        <div className="flex max-h-[70dvh] min-h-64 flex-col overflow-hidden rounded-2xl border border-line">
          <TranscriptPanel lines={lines} voices={VOICES} room={room} live={false} />
        </div>
      )}
      {asking && (
        <Confirm
          title={words.removeTitle}
          text={words.removeText}
          yes={words.remove}
          no={strings.confirm.cancel}
          onAnswer={(yes) => void remove(yes)}
        />
      )}
    </Card>
  );
}
