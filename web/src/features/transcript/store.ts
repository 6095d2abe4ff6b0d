import { create } from 'zustand';
import { takeChat, takeTranscript, type ChatMessage, type Line } from './log';
import { decodeTranscript, readTranscript } from './message';

interface TranscriptStore {
  lines: readonly Line[];
  /** Messages that could not be read; shown nowhere, useful when looking for a fault. */
  unreadable: number;
  receive: (payload: Uint8Array) => void;
  receiveChat: (message: ChatMessage) => void;
  /** Takes messages that were said before this page listened. */
  receiveHistory: (messages: readonly unknown[]) => void;
  clear: () => void;
}

export const useTranscript = create<TranscriptStore>()((set) => ({
  lines: [],
  unreadable: 0,
  receive: (payload) => {
    const message = decodeTranscript(payload);
    if (message) set((state) => ({ lines: takeTranscript(state.lines, message) }));
    else set((state) => ({ unreadable: state.unreadable + 1 }));
  },
  receiveChat: (message) => set((state) => ({ lines: takeChat(state.lines, message) })),
  receiveHistory: (messages) =>
    set((state) => ({
      lines: messages
        .map(readTranscript)
        .filter((message) => message !== undefined)
        .reduce(takeTranscript, state.lines),
    })),
  clear: () => set({ lines: [], unreadable: 0 }),
}));
