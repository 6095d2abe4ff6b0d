/** What a person chose last time, kept in this browser. Never a secret, never a token. */
export interface Preferences {
  name: string;
  assistant: boolean;
  microphoneId: string;
}

const KEY = 'trinity.preferences';
const DEFAULTS: Preferences = { name: '', assistant: true, microphoneId: '' };

export function loadPreferences(): Preferences {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return DEFAULTS;
    const { name, assistant, microphoneId } = stored as Record<string, unknown>;
    return {
      name: typeof name === 'string' ? name : DEFAULTS.name,
      assistant: typeof assistant === 'boolean' ? assistant : DEFAULTS.assistant,
      microphoneId: typeof microphoneId === 'string' ? microphoneId : DEFAULTS.microphoneId,
    };
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
