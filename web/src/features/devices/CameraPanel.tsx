import { useEffect, useRef, useState } from 'react';
import { strings } from '../../strings';
import { Notice, SelectField, Switch } from '../../ui';
import { cameraFailure, failure, type Failure } from '../connection/failures';
import { deviceOptions, listDevices, mediaSupported, stopStream } from './list';

interface Props {
  on: boolean;
  onSwitch: (on: boolean) => void;
  deviceId: string;
  onChoose: (deviceId: string) => void;
}

/** Whether to be seen, by which camera, and what the others would see. */
export function CameraPanel({ on, onSwitch, deviceId, onChoose }: Props) {
  const words = strings.camera;
  const preview = useRef<HTMLVideoElement>(null);
  const { stream, devices, trouble } = useCameraPreview(on, deviceId);
  const known = devices.some((device) => device.deviceId === deviceId);

  useEffect(() => {
    if (preview.current) preview.current.srcObject = stream ?? null;
  }, [stream]);

  return (
    <section aria-label={words.title} className="space-y-3">
      <Switch label={words.title} hint={words.hint} checked={on} onChange={onSwitch} />
      {on && trouble && (
        <Notice kind="warning" title={trouble.title}>
          {trouble.text}
        </Notice>
      )}
      {on && stream && (
        <>
          <video
            ref={preview}
            autoPlay
            playsInline
            muted
            aria-label={words.preview}
            className="aspect-video w-full -scale-x-100 rounded-xl bg-raised object-cover"
          />
          <SelectField
            label={words.choose}
            value={known ? deviceId : ''}
            onChange={(event) => onChoose(event.target.value)}
            options={deviceOptions(devices, words.standard, words.unnamed)}
          />
        </>
      )}
    </section>
  );
}

function useCameraPreview(on: boolean, deviceId: string) {
  const [stream, setStream] = useState<MediaStream>();
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const [trouble, setTrouble] = useState<Failure>();

  useEffect(() => {
    if (!on) return;
    let gone = false;
    let opened: MediaStream | undefined;
    const run = async () => {
      try {
        opened = await navigator.mediaDevices.getUserMedia({
          video: deviceId ? { deviceId: { ideal: deviceId } } : true,
        });
        const cameras = await listDevices('videoinput');
        if (gone) {
          stopStream(opened);
          return;
        }
        setStream(opened);
        setDevices(cameras);
        setTrouble(undefined);
      } catch (error) {
        if (!gone) {
          setTrouble(mediaSupported() ? cameraFailure(error) : failure('browser-unsupported'));
        }
      }
    };
    void run();
    return () => {
      gone = true;
      if (opened) stopStream(opened);
      setStream(undefined);
    };
  }, [on, deviceId]);

  return { stream, devices, trouble };
}
