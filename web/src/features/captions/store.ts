import { create } from 'zustand';

interface CaptionsStore {
  on: boolean;
  toggle: () => void;
}

export const useCaptions = create<CaptionsStore>()((set) => ({
  on: false,
  toggle: () => set((state) => ({ on: !state.on })),
}));
