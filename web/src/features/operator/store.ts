import { create } from 'zustand';
import { ApiProblem, ApiUnreachable } from '../../api';
import { strings } from '../../strings';

interface OperatorStore {
  /** The API key, in memory only: a reload forgets it. */
  key: string;
  trouble: string | undefined;
  setKey: (key: string) => void;
  failed: (error: unknown) => void;
  succeeded: () => void;
}

export const useOperator = create<OperatorStore>()((set) => ({
  key: '',
  trouble: undefined,
  setKey: (key) => set({ key, trouble: undefined }),
  failed: (error) => set({ trouble: explain(error) }),
  succeeded: () => set({ trouble: undefined }),
}));

/** An API error in plain words. */
export function explain(error: unknown): string {
  const words = strings.operator.trouble;
  if (error instanceof ApiUnreachable) return words.unreachable;
  if (error instanceof ApiProblem) {
    if (error.status === 401) return words.key;
    if (error.status === 403) return words.scope;
    if (error.status === 404) return words.gone;
    return error.detail ?? error.title ?? words.unknown;
  }
  return words.unknown;
}
