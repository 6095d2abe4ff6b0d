import { create } from 'zustand';
import { ApiProblem, ApiUnreachable, listRooms } from '../../api';
import { strings } from '../../strings';

/** Whether this page may do what operators do. */
export type AccessState =
  'unknown' | 'checking' | 'granted' | 'needed' | 'refused' | 'unreachable' | 'failed';

interface AccessStore {
  /** The API key, in memory only: a reload forgets it. */
  key: string;
  state: AccessState;
  /** Asks the API whether a key (or none) opens it. */
  check: (key: string) => Promise<void>;
  forget: () => void;
}

export const useAccess = create<AccessStore>()((set, get) => ({
  key: '',
  state: 'unknown',
  check: async (key) => {
    set({ state: 'checking' });
    try {
      await listRooms(key);
      set({ key, state: 'granted' });
    } catch (error) {
      set(refusal(error, key, get().key));
    }
  },
  forget: () => set({ key: '', state: 'needed' }),
}));

function refusal(error: unknown, key: string, known: string): Partial<AccessStore> {
  if (error instanceof ApiUnreachable) return { state: 'unreachable' };
  // A key that may do other things than list rooms is one.
  if (error instanceof ApiProblem && error.status === 403) return { key, state: 'granted' };
  if (error instanceof ApiProblem && error.status === 401) {
    return { key: known === key ? '' : known, state: key ? 'refused' : 'needed' };
  }
  return { state: 'failed' };
}

/** An API error in plain words. */
export function explain(error: unknown): string {
  const words = strings.trouble;
  if (error instanceof ApiUnreachable) return words.unreachable;
  if (error instanceof ApiProblem) {
    if (error.status === 401) return words.key;
    if (error.status === 403) return words.scope;
    if (error.status === 404) return words.gone;
    if (error.status === 503) return error.detail ?? words.partAway;
    return error.detail ?? error.title ?? words.unknown;
  }
  return words.unknown;
}

/** What the API says about one field of a form, or of the list that the field is. */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  return error.fields.find(
    ({ pointer }) => pointer === `/${field}` || pointer.startsWith(`/${field}/`),
  )?.detail;
}
