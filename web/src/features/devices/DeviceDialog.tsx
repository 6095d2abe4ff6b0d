import { useDevices } from '../../livekit';
import { strings } from '../../strings';
import { Button, Dialog, SelectField } from '../../ui';
import { speakersSelectable } from './list';
import { rememberChoice, type Preferences } from './preferences';

interface Props {
  onClose: () => void;
  onMicrophoneFailure: (error: unknown) => void;
  onCameraFailure: (error: unknown) => void;
}

/** A speaker that cannot be taken leaves the one that plays. */
const stay = () => undefined;

/** Other microphone, speaker or camera without leaving the call, and the keys of the call. */
export default function DeviceDialog({ onClose, onMicrophoneFailure, onCameraFailure }: Props) {
  const words = strings.devices;
  return (
    <Dialog title={words.title} onClose={onClose}>
      <Choice
        kind="audioinput"
        remembered="microphoneId"
        words={strings.microphone}
        onFailure={onMicrophoneFailure}
      />
      {speakersSelectable() && (
        <Choice
          kind="audiooutput"
          remembered="speakerId"
          words={strings.speaker}
          onFailure={stay}
        />
      )}
      <Choice
        kind="videoinput"
        remembered="cameraId"
        words={strings.camera}
        onFailure={onCameraFailure}
      />
      <section aria-labelledby="device-keys" className="border-t border-line pt-4">
        <h3 id="device-keys" className="font-medium">
          {words.keys}
        </h3>
        <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1.5 text-sm">
          {Object.entries(words.keyNames).map(([key, does]) => (
            <div key={key} className="contents">
              <dt>
                <kbd className="inline-block min-w-7 rounded-md border border-line bg-raised px-1.5 py-0.5 text-center font-sans">
                  {key.toUpperCase()}
                </kbd>
              </dt>
              <dd className="self-center text-muted">{does}</dd>
            </div>
          ))}
        </dl>
      </section>
      <form method="dialog" className="flex justify-end">
        <Button type="submit" look="primary" data-testid="devices-done">
          {words.done}
        </Button>
      </form>
    </Dialog>
  );
}

interface Words {
  choose: string;
  standard: string;
  unnamed: (index: number) => string;
}

interface ChoiceProps {
  kind: MediaDeviceKind;
  remembered: keyof Preferences;
  words: Words;
  onFailure: (error: unknown) => void;
}

function Choice({ kind, remembered, words, onFailure }: ChoiceProps) {
  const { devices, active, choose } = useDevices(kind, onFailure);
  const named = devices.filter((device) => device.deviceId !== '');
  if (named.length === 0) return null;
  return (
    <SelectField
      label={words.choose}
      value={active}
      onChange={(event) => {
        const id = event.target.value;
        choose(id);
        rememberChoice({ [remembered]: id === 'default' ? '' : id });
      }}
      options={named.map((device, index) => ({
        value: device.deviceId,
        label: device.label || words.unnamed(index + 1),
      }))}
      data-testid={`device-${kind}`}
    />
  );
}
