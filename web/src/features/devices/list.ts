/** Devices of one kind that the browser names; empty before it gave permission. */
export async function listDevices(kind: MediaDeviceKind): Promise<MediaDeviceInfo[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === kind && device.deviceId !== '');
}

/** Missing on pages that are neither https nor on this machine. */
export function mediaSupported(): boolean {
  return 'mediaDevices' in navigator;
}

/** Whether the browser lets a page choose where sound comes out. */
export function speakersSelectable(): boolean {
  return 'setSinkId' in HTMLMediaElement.prototype;
}

export async function permissionGiven(name: 'microphone' | 'camera'): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name })).state === 'granted';
  } catch {
    // Some browsers do not know these names.
    return false;
  }
}

export function stopStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

interface Option {
  value: string;
  label: string;
}

/** The options of a device list, the system's standard one first. */
export function deviceOptions(
  devices: readonly MediaDeviceInfo[],
  standard: string,
  unnamed: (index: number) => string,
): Option[] {
  const named = devices
    .filter((device) => device.deviceId !== 'default')
    .map((device, index) => ({
      value: device.deviceId,
      label: device.label || unnamed(index + 1),
    }));
  return [{ value: '', label: standard }, ...named];
}
