import { useEffect, useState } from 'react';
import { closeRoom, inviteAssistant } from '../../api';
import { strings } from '../../strings';
import { Button, Confirm, Dialog, Icon, Notice } from '../../ui';
import { KeyForm } from '../access/KeyForm';
import { useAccess } from '../access/store';
import { useCall } from '../call/store';
import { DialForm } from '../phone/DialForm';

interface Props {
  room: string;
  onTrouble: (error: unknown) => void;
  /** The person thought better of it. */
  onClose: () => void;
}

/**
 * What those who run the system may do with a call; others are asked for a key first. Loaded when
 * somebody asks for it.
 */
export default function HostTools({ room, onTrouble, onClose }: Props) {
  const { state, check } = useAccess();

  // Where access is open, no key is asked for at all.
  useEffect(() => {
    if (useAccess.getState().state !== 'granted') void check('');
  }, [check]);

  if (state === 'granted') return <Tools room={room} onTrouble={onTrouble} />;
  const away = state === 'unreachable' || state === 'failed';
  return (
    <Dialog title={strings.people.manage} onClose={onClose}>
      {away && <Notice kind="danger">{strings.trouble.unreachable}</Notice>}
      {state === 'needed' || state === 'refused' ? (
        <KeyForm />
      ) : (
        !away && <p className="text-muted">{strings.loading}</p>
      )}
      <form method="dialog" className="flex justify-end">
        <Button type="submit">{strings.confirm.cancel}</Button>
      </form>
    </Dialog>
  );
}

function Tools({ room, onTrouble }: Omit<Props, 'onClose'>) {
  const words = strings.people;
  const key = useAccess((access) => access.key);
  const agent = useCall((call) => call.agent);
  const chosen = useCall((call) => call.choices?.assistant);
  const [open, setOpen] = useState<'dial' | 'close'>();
  const [coming, setComing] = useState(false);
  const alone = agent === 'absent' || agent === 'missing' || agent === 'left';

  const act = async (action: Promise<void>, done?: () => void) => {
    try {
      await action;
      onTrouble(undefined);
      done?.();
    } catch (error) {
      onTrouble(error);
    }
  };
  const assistant = typeof chosen === 'object' ? chosen : undefined;
  return (
    <section aria-label={words.manage} className="mt-auto space-y-2 border-t border-line pt-4">
      <Button className="w-full" onClick={() => setOpen('dial')} data-testid="call-number">
        <Icon name="phone" />
        {words.call}
      </Button>
      {alone && (
        <Button
          className="w-full"
          onClick={() => void act(inviteAssistant(room, assistant, key), () => setComing(true))}
          data-testid="invite-assistant"
        >
          <Icon name="sound" />
          {words.assist}
        </Button>
      )}
      <p role="status" className="text-sm text-muted empty:hidden">
        {coming && alone && words.assisting}
      </p>
      <Button
        className="w-full text-danger"
        onClick={() => setOpen('close')}
        data-testid="close-call"
      >
        <Icon name="leave" />
        {words.close}
      </Button>
      {open === 'dial' && (
        <Dialog title={words.callTitle} onClose={() => setOpen(undefined)}>
          <DialForm room={room} />
          <form method="dialog" className="flex justify-end border-t border-line pt-4">
            <Button type="submit">{strings.devices.done}</Button>
          </form>
        </Dialog>
      )}
      {open === 'close' && (
        <Confirm
          title={words.closeTitle}
          text={words.closeText}
          yes={words.close}
          no={strings.confirm.cancel}
          onAnswer={(yes) => {
            setOpen(undefined);
            if (yes) void act(closeRoom(room, key));
          }}
        />
      )}
    </section>
  );
}
