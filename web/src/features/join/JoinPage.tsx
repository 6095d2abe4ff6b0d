import { useEffect, useState, type SyntheticEvent } from 'react';
import { strings } from '../../strings';
import { Button, Notice, Switch, TextField } from '../../ui';
import { useCall } from '../call/store';
import { CameraPanel } from '../devices/CameraPanel';
import { MicrophonePanel } from '../devices/MicrophonePanel';
import { loadPreferences, savePreferences, type Preferences } from '../devices/preferences';
import { SpeakerPanel } from '../devices/SpeakerPanel';

const LONGEST = 64;

/** Who joins where, with which microphone, with or without the assistant. */
export function JoinPage() {
  const words = strings.join;
  const { join, cancel, phase, joinFailure } = useCall();
  const [preferences, setPreferences] = useState(loadPreferences);
  const [room, setRoom] = useState(roomOfAddress);
  const [errors, setErrors] = useState<{ name?: string; room?: string }>({});
  const change = (some: Partial<Preferences>) => setPreferences((all) => ({ ...all, ...some }));
  const joining = phase === 'connecting';

  // The code of the call comes while the person types.
  useEffect(() => {
    void import('../../livekit').catch(() => undefined);
    void import('../call/CallPage').catch(() => undefined);
  }, []);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const name = preferences.name.trim();
    const found = check(name, room.trim());
    setErrors(found);
    if (found.name || found.room) {
      document.getElementsByName(found.name ? 'name' : 'room')[0]?.focus();
      return;
    }
    savePreferences({ ...preferences, name });
    void join({ ...preferences, name, room: room.trim() });
  };

  return (
    <main id="content" className="mx-auto w-full max-w-md px-4 py-6 sm:py-12">
      <h1 className="text-2xl font-semibold tracking-tight text-balance sm:text-3xl">
        {words.title}
      </h1>
      <p className="mt-2 leading-relaxed text-muted">{words.intro}</p>

      {joinFailure && (
        <div className="mt-5">
          <Notice kind="danger" title={joinFailure.title} testId="join-failure">
            <p>{joinFailure.text}</p>
            {joinFailure.detail && <p className="mt-1 text-muted">{joinFailure.detail}</p>}
          </Notice>
        </div>
      )}

      <form
        noValidate
        onSubmit={submit}
        className="mt-6 space-y-5 rounded-card bg-surface p-5 shadow-card sm:p-6"
      >
        <TextField
          name="name"
          label={words.name}
          hint={words.nameHint}
          error={errors.name}
          autoComplete="nickname"
          required
          maxLength={LONGEST + 1}
          value={preferences.name}
          onChange={(event) => change({ name: event.target.value })}
          data-testid="join-name"
        />
        <TextField
          name="room"
          label={
            <>
              {words.room} <span className="font-normal text-muted">{words.roomOptional}</span>
            </>
          }
          hint={words.roomHint}
          error={errors.room}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={LONGEST + 1}
          value={room}
          onChange={(event) => setRoom(event.target.value)}
          data-testid="join-room"
        />
        <Switch
          label={words.assistant}
          hint={words.assistantHint}
          checked={preferences.assistant}
          onChange={(assistant) => change({ assistant })}
          testId="join-assistant"
        />
        <hr className="border-line" />
        {/* While joining, the call itself takes the devices. */}
        {!joining && (
          <>
            <MicrophonePanel
              deviceId={preferences.microphoneId}
              onChoose={(microphoneId) => change({ microphoneId })}
            />
            <SpeakerPanel
              deviceId={preferences.speakerId}
              onChoose={(speakerId) => change({ speakerId })}
            />
            <CameraPanel
              on={preferences.camera}
              onSwitch={(camera) => change({ camera })}
              deviceId={preferences.cameraId}
              onChoose={(cameraId) => change({ cameraId })}
            />
          </>
        )}
        <div className="flex gap-3">
          <Button
            type="submit"
            look="primary"
            className="min-h-12 flex-1 text-lg"
            disabled={joining}
            data-testid="join-button"
          >
            {joining ? words.submitting : words.submit}
          </Button>
          {joining && <Button onClick={cancel}>{words.cancel}</Button>}
        </div>
      </form>
    </main>
  );
}

function check(name: string, room: string): { name?: string; room?: string } {
  const words = strings.join;
  const errors: { name?: string; room?: string } = {};
  if (!name) errors.name = words.nameMissing;
  else if (name.length > LONGEST) errors.name = words.nameTooLong;
  if (room.length > LONGEST) errors.room = words.roomTooLong;
  return errors;
}

/** An invitation carries its room in the address. */
function roomOfAddress(): string {
  return new URLSearchParams(window.location.search).get('room')?.slice(0, LONGEST) ?? '';
}
