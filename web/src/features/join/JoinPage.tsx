import { useEffect, useState, type SyntheticEvent } from 'react';
import { strings } from '../../strings';
import { Button, Link, Notice, SelectField, Switch, TextField } from '../../ui';
import { useAssistants } from '../assistants/store';
import { useCall } from '../call/store';
import { CameraPanel } from '../devices/CameraPanel';
import { MicrophonePanel } from '../devices/MicrophonePanel';
import { loadPreferences, savePreferences, type Preferences } from '../devices/preferences';
import { SpeakerPanel } from '../devices/SpeakerPanel';

const LONGEST = 64;

/** Who joins where, with which microphone, with or without which assistant. */
export function JoinPage() {
  const words = strings.join;
  const { join, cancel, phase, joinFailure } = useCall();
  const assistants = useAssistants();
  const [preferences, setPreferences] = useState(loadPreferences);
  const [room, setRoom] = useState(roomOfAddress);
  const [errors, setErrors] = useState<{ name?: string; room?: string }>({});
  const change = (some: Partial<Preferences>) => {
    const all = { ...preferences, ...some };
    setPreferences(all);
    savePreferences({ ...all, name: all.name.trim() });
  };
  const joining = phase === 'connecting';
  const assistant =
    assistants.find(({ name }) => name === preferences.assistantName) ?? assistants[0];

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
    const { microphoneId, speakerId, camera, cameraId } = preferences;
    void join({
      name,
      room: room.trim(),
      assistant: preferences.assistant ? (assistant ?? 'default') : undefined,
      microphoneId,
      speakerId,
      camera,
      cameraId,
    });
  };

  return (
    <main id="content" className="mx-auto w-full max-w-md px-4 py-6 sm:py-10 lg:max-w-4xl lg:py-14">
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
        className="mt-6 grid items-start gap-5 lg:grid-cols-2 lg:gap-6"
      >
        <div className="space-y-5 rounded-card bg-surface p-5 shadow-card sm:p-6">
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
            onChange={(on) => change({ assistant: on })}
            testId="join-assistant"
          />
          {preferences.assistant && assistant && assistants.length > 1 && (
            <SelectField
              label={words.assistantWhich}
              hint={[assistant.description, assistant.looks && words.looks]
                .filter(Boolean)
                .join(' ')}
              value={assistant.name}
              onChange={(event) => change({ assistantName: event.target.value })}
              options={assistants.map(({ name, title }) => ({ value: name, label: title }))}
              data-testid="join-assistant-which"
            />
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
            {joining && (
              <Button className="min-h-12" onClick={cancel}>
                {words.cancel}
              </Button>
            )}
          </div>
        </div>

        <section
          aria-labelledby="join-devices"
          className="space-y-5 rounded-card bg-surface p-5 shadow-card sm:p-6"
        >
          <div>
            <h2 id="join-devices" className="text-lg font-semibold tracking-tight">
              {words.devices}
            </h2>
            <p className="mt-0.5 text-sm text-muted">{words.devicesHint}</p>
          </div>
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
        </section>
      </form>
      <p className="mt-8 text-center text-sm">
        <Link href="/operator" className="text-muted underline underline-offset-4">
          {words.operators}
        </Link>
      </p>
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
