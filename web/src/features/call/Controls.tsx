import { useCallback, useEffect } from 'react';
import { useMicrophones } from '../../livekit';
import { strings } from '../../strings';
import { Button, Icon, SelectField } from '../../ui';
import { useCall } from './store';

/** Mute, microphone and leave, always in reach. */
export function Controls() {
  const { microphone, toggleMicrophone, microphoneFailed, leave } = useCall();
  const words = strings.microphone;
  const muted = microphone !== 'on';
  useMuteKey(toggleMicrophone);

  return (
    <div
      role="toolbar"
      aria-label={strings.call.controls}
      className="flex items-center justify-center gap-2 sm:gap-3"
    >
      <Button
        aria-pressed={muted}
        aria-keyshortcuts="m"
        title={words.muteKey}
        disabled={microphone === 'opening'}
        onClick={() => void toggleMicrophone()}
        className={`min-h-12 ${muted ? 'border-danger text-danger' : ''}`}
        data-testid="mute-button"
        data-state={microphone}
      >
        <Icon name={muted ? 'muted' : 'microphone'} />
        <span>{muted ? words.unmute : words.mute}</span>
      </Button>
      <div className="hidden w-56 sm:block">
        {microphone === 'unavailable' || microphone === 'opening' ? (
          <p className="text-center text-sm text-muted">{words.unavailable}</p>
        ) : (
          <MicrophoneChoice onFailure={microphoneFailed} />
        )}
      </div>
      <Button
        look="danger"
        className="min-h-12"
        onClick={() => void leave()}
        data-testid="leave-button"
      >
        <Icon name="leave" />
        {strings.call.leave}
      </Button>
    </div>
  );
}

function MicrophoneChoice({ onFailure }: { onFailure: (error: unknown) => void }) {
  const { devices, active, choose } = useMicrophones(onFailure);
  const words = strings.microphone;
  return (
    <SelectField
      label={words.choose}
      hideLabel
      value={active}
      onChange={(event) => choose(event.target.value)}
      options={devices.map((device, index) => ({
        value: device.deviceId,
        label: device.label || words.unnamed(index + 1),
      }))}
    />
  );
}

/** M mutes and unmutes, except where somebody types or chooses. */
function useMuteKey(toggle: () => Promise<void>): void {
  const onKey = useCallback(
    (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'm' || event.repeat) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest('input, textarea, select'))
        return;
      event.preventDefault();
      void toggle();
    },
    [toggle],
  );
  useEffect(() => {
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [onKey]);
}
