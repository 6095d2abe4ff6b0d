import {
  RoomAudioRenderer,
  RoomContext,
  useAudioPlayback,
  useMediaDeviceSelect,
  useMultibandTrackVolume,
  useTracks,
} from '@livekit/components-react';
import { Track } from 'livekit-client';
import type { ReactNode } from 'react';
import type { CallSession } from './session';

/** Gives the hooks below their call and plays everybody's sound. */
export function CallMedia({ session, children }: { session: CallSession; children: ReactNode }) {
  return (
    <RoomContext.Provider value={session.room}>
      <RoomAudioRenderer />
      {children}
    </RoomContext.Provider>
  );
}

/** Whether the browser lets us play sound, and the way to ask it again from a click. */
export function useAudioUnlock(): { blocked: boolean; unlock: () => void } {
  const { canPlayAudio, startAudio } = useAudioPlayback();
  return { blocked: !canPlayAudio, unlock: () => void startAudio().catch(() => undefined) };
}

export interface DeviceChoice {
  devices: MediaDeviceInfo[];
  active: string;
  choose: (deviceId: string) => void;
}

/**
 * The devices of one kind that the browser names, and the one in use; changing it keeps the call.
 * Looking at the list asks nobody for a permission. `onFailure` must keep its identity.
 */
export function useDevices(kind: MediaDeviceKind, onFailure: (error: Error) => void): DeviceChoice {
  const { devices, activeDeviceId, setActiveMediaDevice } = useMediaDeviceSelect({
    kind,
    onError: onFailure,
    requestPermissions: false,
  });
  return {
    devices,
    active: activeDeviceId,
    choose: (deviceId) => {
      setActiveMediaDevice(deviceId).catch(onFailure);
    },
  };
}

/** Loudness of the assistant's voice, 0 to 1, in so many bands. */
export function useAgentLevels(bands: number): number[] {
  const audioTrack = useTracks([Track.Source.Microphone]).find(
    ({ participant }) => participant.isAgent,
  );
  return useMultibandTrackVolume(audioTrack, {
    bands,
    loPass: 100,
    hiPass: 200,
    updateInterval: 60,
  });
}
