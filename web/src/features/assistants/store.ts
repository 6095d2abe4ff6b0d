import { useEffect } from 'react';
import { create } from 'zustand';
import { listAssistants, type Assistant } from '../../api';

interface AssistantsStore {
  /** The default one first; `undefined` until the API has answered. */
  all: readonly Assistant[] | undefined;
  asked: boolean;
  load: () => void;
}

const useStore = create<AssistantsStore>()((set, get) => ({
  all: undefined,
  asked: false,
  load: () => {
    if (get().asked) return;
    set({ asked: true });
    listAssistants().then(
      (all) => set({ all }),
      // Asked again by whoever shows the list next; until then there is one without a name.
      () => set({ asked: false }),
    );
  },
}));

/** Who can answer, asked of the API once. */
export function useAssistants(): readonly Assistant[] {
  const all = useStore((store) => store.all);
  const load = useStore((store) => store.load);
  useEffect(() => load(), [load]);
  return all ?? NONE;
}

/** Forgets the list. */
export function forgetAssistants(): void {
  useStore.setState({ all: undefined, asked: false });
}

const NONE: readonly Assistant[] = [];
