import { strings } from '../../strings';
import { Button, Icon, Meter, Notice, SelectField } from '../../ui';
import { deviceOptions } from './list';
import { useMicrophoneCheck } from './useMicrophoneCheck';

interface Props {
  deviceId: string;
  onChoose: (deviceId: string) => void;
}

/** Microphone choice with a live level; says first what the permission is for. */
export function MicrophonePanel({ deviceId, onChoose }: Props) {
  const words = strings.microphone;
  const check = useMicrophoneCheck(deviceId);
  const known = check.devices.some((device) => device.deviceId === deviceId);

  if (check.phase !== 'on') {
    return (
      <section aria-label={words.title} className="space-y-3">
        {check.trouble ? (
          <Notice kind="warning" title={check.trouble.title}>
            {check.trouble.text}
          </Notice>
        ) : (
          <p className="text-sm leading-relaxed text-muted">{words.why}</p>
        )}
        <Button className="w-full" disabled={check.phase === 'asking'} onClick={check.start}>
          <Icon name="microphone" />
          {check.phase === 'asking' ? words.checking : words.check}
        </Button>
      </section>
    );
  }

  return (
    <section aria-label={words.title} className="space-y-3">
      <SelectField
        label={words.choose}
        value={known ? deviceId : ''}
        onChange={(event) => onChoose(event.target.value)}
        options={deviceOptions(check.devices, words.standard, words.unnamed)}
      />
      <Meter label={words.level} value={check.level} />
      <p role="status" className="flex items-center gap-1.5 text-sm text-muted">
        {check.heard && <Icon name="check" className="size-4 text-accent" />}
        {check.heard ? words.heard : words.silent}
      </p>
    </section>
  );
}
