import { create } from 'zustand';
import { loadPreferences, rememberChoice } from '../devices/preferences';

interface CaptionsStore {
  on: boolean;
  toggle: () => void;
}

export const useCaptions = create<CaptionsStore>()((set, get) => ({
  on: loadPreferences().captions,
  toggle: () => {
    const on = !get().on;
    rememberChoice({ captions: on });
    set({ on });
  },
}));
