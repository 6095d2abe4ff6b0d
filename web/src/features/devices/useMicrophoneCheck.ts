import { useCallback, useEffect, useRef, useState } from 'react';
import { failure, microphoneFailure, type Failure } from '../connection/failures';
import { listDevices, mediaSupported, permissionGiven, stopStream } from './list';

/** A voice at a usual distance is above this, a quiet room below (root mean square, full scale 1). */
const HEARD = 0.02;
/** The loudest RMS that the meter distinguishes. */
const FULL = 0.25;

export interface MicrophoneCheck {
  phase: 'idle' | 'asking' | 'on' | 'failed';
  trouble: Failure | undefined;
  devices: MediaDeviceInfo[];
  /** 0 to 1, on a scale that follows the ear. */
  level: number;
  /** A voice was heard since the microphone was opened. */
  heard: boolean;
  start: () => void;
}

/**
 * Listens to a microphone on the join page and shows its level; nothing is sent anywhere.
 *
 * Begins by itself where the browser gave permission earlier, else when `start` is called from a
 * click. Changing `deviceId` moves to that microphone; leaving the page lets it go.
 */
export function useMicrophoneCheck(deviceId: string): MicrophoneCheck {
  const [wanted, setWanted] = useState(false);
  const [phase, setPhase] = useState<MicrophoneCheck['phase']>('idle');
  const [trouble, setTrouble] = useState<Failure>();
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const [level, setLevel] = useState(0);
  const [heard, setHeard] = useState(false);
  const tries = useRef(0);
  const [round, setRound] = useState(0);

  useEffect(() => {
    let gone = false;
    void permissionGiven('microphone').then((given) => {
      if (given && !gone) setWanted(true);
    });
    return () => {
      gone = true;
    };
  }, []);

  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    let release: (() => void) | undefined;
    const run = async () => {
      try {
        const stream = await openMicrophone(deviceId);
        if (gone) {
          stopStream(stream);
          return;
        }
        release = listen(stream, (rms) => {
          setLevel(Math.min(1, Math.sqrt(rms / FULL)));
          if (rms > HEARD) setHeard(true);
        });
        setDevices(await listDevices('audioinput'));
        setTrouble(undefined);
        setPhase('on');
      } catch (error) {
        if (gone) return;
        setTrouble(mediaSupported() ? microphoneFailure(error) : failure('browser-unsupported'));
        setPhase('failed');
      }
    };
    void run();
    return () => {
      gone = true;
      release?.();
    };
  }, [wanted, deviceId, round]);

  useEffect(() => {
    if (phase !== 'on') return;
    const refresh = () => void listDevices('audioinput').then(setDevices);
    navigator.mediaDevices.addEventListener('devicechange', refresh);
    return () => navigator.mediaDevices.removeEventListener('devicechange', refresh);
  }, [phase]);

  const start = useCallback(() => {
    tries.current += 1;
    setPhase('asking');
    setHeard(false);
    setWanted(true);
    setRound(tries.current);
  }, []);

  return { phase, trouble, devices, level, heard, start };
}

function openMicrophone(deviceId: string): Promise<MediaStream> {
  // "ideal": a microphone that was unplugged gives way to the standard one.
  return navigator.mediaDevices.getUserMedia({
    audio: deviceId ? { deviceId: { ideal: deviceId } } : true,
  });
}

/** Reports the loudness ten times a second until the returned function is called. */
function listen(stream: MediaStream, report: (rms: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let power = 0;
    for (const sample of samples) power += sample * sample;
    report(Math.sqrt(power / samples.length));
  }, 100);
  return () => {
    clearInterval(timer);
    stopStream(stream);
    void context.close();
  };
}
