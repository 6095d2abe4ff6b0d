import { useEffect, useId, useRef } from 'react';
import { useDevices } from '../../livekit';
import { strings } from '../../strings';
import { Button, SelectField } from '../../ui';
import { speakersSelectable } from './list';

interface Props {
  onClose: () => void;
  onMicrophoneFailure: (error: unknown) => void;
  onCameraFailure: (error: unknown) => void;
}

/** Other microphone, speaker or camera without leaving the call. */
export function DeviceDialog({ onClose, onMicrophoneFailure, onCameraFailure }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => dialog.current?.showModal(), []);

  return (
    <dialog
      ref={dialog}
      aria-labelledby={title}
      onClose={onClose}
      className="backdrop:bg-black/40 m-auto w-[min(26rem,calc(100vw-2rem))] rounded-card bg-surface p-5 text-ink shadow-card"
    >
      <h2 id={title} className="text-lg font-semibold">
        {strings.devices.title}
      </h2>
      <div className="mt-4 space-y-4">
        <Choice kind="audioinput" words={strings.microphone} onFailure={onMicrophoneFailure} />
        {speakersSelectable() && (
          <Choice kind="audiooutput" words={strings.speaker} onFailure={() => undefined} />
        )}
        <Choice kind="videoinput" words={strings.camera} onFailure={onCameraFailure} />
      </div>
      <form method="dialog" className="mt-5 flex justify-end">
        <Button type="submit" look="primary">
          {strings.devices.done}
        </Button>
      </form>
    </dialog>
  );
}

interface Words {
  choose: string;
  standard: string;
  unnamed: (index: number) => string;
}

function Choice({
  kind,
  words,
  onFailure,
}: {
  kind: MediaDeviceKind;
  words: Words;
  onFailure: (error: unknown) => void;
}) {
  const { devices, active, choose } = useDevices(kind, onFailure);
  const named = devices.filter((device) => device.deviceId !== '');
  if (named.length === 0) return null;
  return (
    <SelectField
      label={words.choose}
      value={active}
      onChange={(event) => choose(event.target.value)}
      options={named.map((device, index) => ({
        value: device.deviceId,
        label: device.label || words.unnamed(index + 1),
      }))}
      data-testid={`device-${kind}`}
    />
  );
}
