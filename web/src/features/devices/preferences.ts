/** What a person chose last time, kept in this browser. Never a secret, never a token. */
export interface Preferences {
  name: string;
  assistant: boolean;
  /** Which one; empty: the usual one. */
  assistantName: string;
  microphoneId: string;
  speakerId: string;
  camera: boolean;
  cameraId: string;
  captions: boolean;
}

const KEY = 'trinity.preferences';
const DEFAULTS: Preferences = {
  name: '',
  assistant: true,
  assistantName: '',
  microphoneId: '',
  speakerId: '',
  camera: false,
  cameraId: '',
  captions: false,
};

/** The stored choices; the default for each that is missing or of another type. */
export function loadPreferences(): Preferences {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return DEFAULTS;
    const sound = Object.entries(stored).filter(
      ([name, value]) =>
        name in DEFAULTS && typeof value === typeof DEFAULTS[name as keyof Preferences],
    );
    return { ...DEFAULTS, ...Object.fromEntries(sound) };
  } catch {
    // Storage is off or holds something else.
    return DEFAULTS;
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Private windows may refuse; the page works without.
  }
}

/** Keeps one choice that was made in the call, beside the others. */
export function rememberChoice(some: Partial<Preferences>): void {
  savePreferences({ ...loadPreferences(), ...some });
}
