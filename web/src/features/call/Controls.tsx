import { lazy, Suspense, useMemo, useState, type ButtonHTMLAttributes } from 'react';
import { strings } from '../../strings';
import { Button, Icon, type IconName } from '../../ui';
import { useCaptions } from '../captions/store';
import { useCall } from './store';
import { useKeys } from './useKeys';

const DeviceDialog = lazy(() => import('../devices/DeviceDialog'));

/** Everything that one switches during a call, always in reach. */
export function Controls() {
  const call = useCall();
  const captions = useCaptions();
  const [choosing, setChoosing] = useState(false);
  const { toggleMicrophone, toggleCamera } = call;
  const toggleCaptions = captions.toggle;
  const muted = call.microphone !== 'on';
  useKeys(
    useMemo(
      () => ({
        m: () => void toggleMicrophone(),
        v: () => void toggleCamera(),
        c: toggleCaptions,
        '?': () => setChoosing(true),
      }),
      [toggleMicrophone, toggleCamera, toggleCaptions],
    ),
  );

  return (
    <>
      <div
        role="toolbar"
        aria-label={strings.call.controls}
        className="flex items-center justify-center gap-1.5 sm:gap-3"
      >
        <Control
          icon={muted ? 'muted' : 'microphone'}
          label={muted ? strings.microphone.unmute : strings.microphone.mute}
          hotkey="m"
          aria-pressed={muted}
          disabled={call.microphone === 'opening'}
          onClick={() => void toggleMicrophone()}
          className={muted ? 'border-danger text-danger' : ''}
          data-testid="mute-button"
          data-state={call.microphone}
        />
        {call.allowed.camera && (
          <Control
            icon={call.camera ? 'camera' : 'cameraOff'}
            label={call.camera ? strings.camera.stop : strings.camera.start}
            hotkey="v"
            aria-pressed={call.camera}
            onClick={() => void toggleCamera()}
            data-testid="camera-button"
          />
        )}
        {call.allowed.screen && screenSupported() && (
          <Control
            icon="screen"
            label={call.screen ? strings.screen.stop : strings.screen.start}
            aria-pressed={call.screen}
            onClick={() => void call.toggleScreen()}
            data-testid="screen-button"
          />
        )}
        <Control
          icon="captions"
          label={strings.captions}
          hotkey="c"
          aria-pressed={captions.on}
          onClick={toggleCaptions}
          data-testid="captions-button"
        />
        <Control
          icon="settings"
          label={strings.devices.title}
          onClick={() => setChoosing(true)}
          data-testid="devices-button"
        />
        <Button
          look="danger"
          className="min-h-12 max-w-14 min-w-0 flex-1 px-0 sm:max-w-none sm:flex-none sm:px-4"
          onClick={() => void call.leave()}
          data-testid="leave-button"
        >
          <Icon name="leave" />
          <span className="max-sm:sr-only">{strings.call.leave}</span>
        </Button>
      </div>
      {choosing && (
        <Suspense>
          <DeviceDialog
            onClose={() => setChoosing(false)}
            onMicrophoneFailure={call.microphoneFailed}
            onCameraFailure={call.cameraFailed}
          />
        </Suspense>
      )}
    </>
  );
}

interface ControlProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: IconName;
  label: string;
  hotkey?: string;
}

/** A switch of the toolbar: drawing and word; on phones and in windows too narrow, the drawing. */
function Control({ icon, label, hotkey, className = '', ...rest }: ControlProps) {
  return (
    <Button
      title={hotkey ? `${label} (${hotkey.toUpperCase()})` : label}
      aria-keyshortcuts={hotkey}
      className={`min-h-12 max-w-14 min-w-0 flex-1 px-0 aria-pressed:bg-accent-soft sm:max-w-none sm:flex-none sm:px-3.5 ${className}`}
      {...rest}
    >
      <Icon name={icon} />
      <span className="max-lg:sr-only">{label}</span>
    </Button>
  );
}

function screenSupported(): boolean {
  return 'getDisplayMedia' in navigator.mediaDevices;
}
