import { create } from 'zustand';
import { takeChat, takeTranscript, type ChatMessage, type Line } from './log';
import { decodeTranscript, readTranscript, type TranscriptMessage } from './message';

/** An answer's first sound and its first words reach the page within this time of each other. */
const SAME_ANSWER_MS = 5_000;

interface TranscriptStore {
  lines: readonly Line[];
  /** Messages that could not be read; shown nowhere, useful when looking for a fault. */
  unreadable: number;
  receive: (payload: Uint8Array) => void;
  receiveChat: (message: ChatMessage) => void;
  /** Takes messages that were said before this page listened. */
  receiveHistory: (messages: readonly unknown[]) => void;
  /** Takes the page's own measure of the answer that begins to sound now. */
  receiveHeard: (milliseconds: number) => void;
  clear: () => void;
}

export const useTranscript = create<TranscriptStore>()((set, get) => {
  /** Whichever of an answer's sound and words came first waits for the other. */
  let sound: { ms: number; at: number } | undefined;
  let words: { id: string; at: number } | undefined;

  function measured(id: string, ms: number): void {
    sound = words = undefined;
    set((state) => ({
      lines: state.lines.map((line) => (line.id === id ? { ...line, heardMs: ms } : line)),
    }));
  }

  function isNewAnswer({ speaker, turnId }: TranscriptMessage): boolean {
    return speaker === 'agent' && !get().lines.some((line) => line.id === `agent:${turnId}`);
  }

  return {
    lines: [],
    unreadable: 0,
    receive: (payload) => {
      const message = decodeTranscript(payload);
      if (!message) {
        set((state) => ({ unreadable: state.unreadable + 1 }));
        return;
      }
      const begins = isNewAnswer(message);
      set((state) => ({ lines: takeTranscript(state.lines, message) }));
      if (!begins) return;
      const now = performance.now();
      const id = `agent:${message.turnId}`;
      if (sound && now - sound.at < SAME_ANSWER_MS) measured(id, sound.ms);
      else words = { id, at: now };
    },
    receiveChat: (message) => set((state) => ({ lines: takeChat(state.lines, message) })),
    receiveHistory: (messages) =>
      set((state) => ({
        lines: messages
          .map(readTranscript)
          .filter((message) => message !== undefined)
          .reduce(takeTranscript, state.lines),
      })),
    receiveHeard: (ms) => {
      const now = performance.now();
      if (words && now - words.at < SAME_ANSWER_MS) measured(words.id, ms);
      else sound = { ms, at: now };
    },
    clear: () => {
      sound = words = undefined;
      set({ lines: [], unreadable: 0 });
    },
  };
});
