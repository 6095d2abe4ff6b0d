import { useEffect, useState } from 'react';
import { strings } from '../../strings';
import { Button, Icon, SelectField } from '../../ui';
import { deviceOptions, listDevices, mediaSupported, speakersSelectable } from './list';
import { playTestTone } from './tone';

interface Props {
  deviceId: string;
  onChoose: (deviceId: string) => void;
}

/** Speaker choice, where the browser has one, and a tone to hear whether it works. */
export function SpeakerPanel({ deviceId, onChoose }: Props) {
  const words = strings.speaker;
  const devices = useSpeakers();
  const [phase, setPhase] = useState<'idle' | 'playing' | 'played' | 'failed'>('idle');
  const known = devices.some((device) => device.deviceId === deviceId);

  const test = async () => {
    setPhase('playing');
    try {
      await playTestTone(known ? deviceId : '');
      setPhase('played');
    } catch {
      setPhase('failed');
    }
  };

  return (
    <section aria-label={words.title} className="space-y-3">
      {devices.length > 0 && (
        <SelectField
          label={words.choose}
          value={known ? deviceId : ''}
          onChange={(event) => onChoose(event.target.value)}
          options={deviceOptions(devices, words.standard, words.unnamed)}
        />
      )}
      <Button
        className="w-full"
        disabled={phase === 'playing'}
        onClick={() => void test()}
        data-testid="test-tone"
      >
        <Icon name="sound" />
        {phase === 'playing' ? words.playing : words.test}
      </Button>
      <p role="status" className="text-sm text-muted empty:hidden">
        {phase === 'played' && words.played}
        {phase === 'failed' && words.failed}
      </p>
    </section>
  );
}

function useSpeakers(): MediaDeviceInfo[] {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    if (!mediaSupported() || !speakersSelectable()) return;
    const refresh = () => void listDevices('audiooutput').then(setDevices, () => undefined);
    refresh();
    // Also fires when a permission makes names and devices known.
    navigator.mediaDevices.addEventListener('devicechange', refresh);
    const again = setInterval(refresh, 3_000);
    return () => {
      clearInterval(again);
      navigator.mediaDevices.removeEventListener('devicechange', refresh);
    };
  }, []);
  return devices;
}
