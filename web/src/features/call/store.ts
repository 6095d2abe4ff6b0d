import { create } from 'zustand';
import { readWholeTranscript, requestToken, type Admission, type Assistant } from '../../api';
import type { AgentActivity, Allowed, CallSession, SessionListener } from '../../livekit';
import { strings, type DisconnectCode } from '../../strings';
import {
  cameraFailure,
  failure,
  microphoneFailure,
  tokenFailure,
  type Failure,
} from '../connection/failures';
import type { Voices } from '../transcript/export';
import { useTranscript } from '../transcript/store';

/** How long the assistant may take to come before the page says that it is not there. */
export const AGENT_PATIENCE_MS = 20_000;

export interface CallChoices {
  name: string;
  /** Empty: a fresh room. */
  room: string;
  /** Who answers; `default`: whoever the API sends. */
  assistant: Assistant | 'default' | undefined;
  microphoneId: string;
  speakerId: string;
  camera: boolean;
  cameraId: string;
}

export type Phase = 'join' | 'connecting' | 'live' | 'ended';
export type AgentState = 'absent' | 'connecting' | AgentActivityShown | 'missing' | 'left';
type AgentActivityShown = Exclude<AgentActivity, 'joining'>;
export type MicrophoneState = 'opening' | 'on' | 'muted' | 'unavailable';

interface CallState {
  phase: Phase;
  choices: CallChoices | undefined;
  session: CallSession | undefined;
  room: string;
  identity: string;
  names: Readonly<Record<string, string>>;
  agent: AgentState;
  /** Place in the queue, while the caller waits for the assistant. */
  queuePosition: number | undefined;
  microphone: MicrophoneState;
  camera: boolean;
  screen: boolean;
  allowed: Allowed;
  recording: boolean;
  /** What is wrong with microphone, camera or screen. */
  deviceTrouble: Failure | undefined;
  /** The page's own measure of the last answer, in milliseconds. */
  answeredMs: number | undefined;
  connection: 'steady' | 'reconnecting' | 'restored';
  /** Why the last attempt to join did not succeed. */
  joinFailure: Failure | undefined;
  endedBy: DisconnectCode | undefined;
}

interface CallActions {
  /** To be called from a click: browsers grant sound and microphone to gestures. */
  join: (choices: CallChoices) => Promise<void>;
  cancel: () => void;
  leave: () => Promise<void>;
  rejoin: () => Promise<void>;
  backToJoin: () => void;
  toggleMicrophone: () => Promise<void>;
  microphoneFailed: (error: unknown) => void;
  toggleCamera: () => Promise<void>;
  cameraFailed: (error: unknown) => void;
  toggleScreen: () => Promise<void>;
  sendChat: (text: string) => Promise<boolean>;
  dismissRestored: () => void;
}

const fresh: CallState = {
  phase: 'join',
  choices: undefined,
  session: undefined,
  room: '',
  identity: '',
  names: {},
  agent: 'absent',
  queuePosition: undefined,
  microphone: 'opening',
  camera: false,
  screen: false,
  allowed: { camera: false, screen: false },
  recording: false,
  deviceTrouble: undefined,
  answeredMs: undefined,
  connection: 'steady',
  joinFailure: undefined,
  endedBy: undefined,
};

export const useCall = create<CallState & CallActions>()((set, get) => {
  let patience: ReturnType<typeof setTimeout> | undefined;
  /** Grows with each attempt, so that what an abandoned one still reports is not taken. */
  let attempt = 0;

  function listener(mine: number): SessionListener {
    const current = () => mine === attempt;
    const when = (change: Partial<CallState>) => {
      if (current()) set(change);
    };
    return {
      agent: (activity, queuePosition) => {
        if (current()) set({ agent: nextAgent(get(), activity), queuePosition });
      },
      transcript: (payload) => {
        if (current()) useTranscript.getState().receive(payload);
      },
      chat: (message) => {
        if (!current()) return;
        const speaker = message.fromAgent ? 'agent' : 'user';
        useTranscript.getState().receiveChat({ ...message, speaker });
      },
      names: (names) => when({ names }),
      microphone: (on) => {
        const microphone = on ? 'on' : 'muted';
        if (get().microphone === microphone) return;
        when(on ? { microphone, deviceTrouble: undefined } : { microphone });
      },
      silence: (silent) => {
        if (silent) when({ deviceTrouble: failure('microphone-silent') });
        // Another trouble that came meanwhile is not over.
        else if (get().deviceTrouble?.code === 'microphone-silent') {
          when({ deviceTrouble: undefined });
        }
      },
      microphoneLost: () =>
        when({ microphone: 'unavailable', deviceTrouble: failure('microphone-missing') }),
      camera: (camera) => when({ camera }),
      screen: (screen) => when({ screen }),
      recording: (recording) => when({ recording }),
      allowed: (allowed) => when({ allowed }),
      answered: (answeredMs) => {
        if (!current()) return;
        set({ answeredMs });
        useTranscript.getState().receiveHeard(answeredMs);
      },
      reconnecting: () => when({ connection: 'reconnecting' }),
      reconnected: () => when({ connection: 'restored' }),
      disconnected: (endedBy) => {
        if (!current()) return;
        clearTimeout(patience);
        set({ phase: 'ended', endedBy, session: undefined, connection: 'steady' });
      },
    };
  }

  function giveUp(why: Failure): void {
    attempt += 1;
    void get().session?.close();
    set({ ...fresh, choices: get().choices, joinFailure: why });
  }

  /** Shows what was said before; a call is none the worse without. */
  async function recall({ roomName, token }: Admission, mine: number): Promise<void> {
    try {
      const messages = await readWholeTranscript(roomName, token);
      if (mine === attempt) useTranscript.getState().receiveHistory(messages);
    } catch {
      // Nothing was said, or the store is away.
    }
  }

  function openMicrophone(session: CallSession, mine: number): void {
    session.openMicrophone().catch((error: unknown) => {
      if (mine === attempt) get().microphoneFailed(error);
    });
  }

  return {
    ...fresh,

    join: async (choices) => {
      const mine = (attempt += 1);
      set({ ...fresh, phase: 'connecting', choices });
      // Both at once: the code of the call is not on the first page.
      const token = requestToken({
        participantName: choices.name,
        roomName: choices.room,
        assistant: choices.assistant,
      });
      token.catch(() => undefined);
      let livekit: typeof import('../../livekit');
      try {
        livekit = await import('../../livekit');
      } catch {
        if (mine === attempt) giveUp(failure('api-unreachable'));
        return;
      }
      if (mine !== attempt) return;
      const session = new livekit.CallSession(listener(mine), {
        microphoneId: choices.microphoneId || undefined,
        speakerId: choices.speakerId || undefined,
        cameraId: choices.cameraId || undefined,
        preConnectBuffer: choices.assistant !== undefined,
      });
      set({ session });
      useTranscript.getState().clear();
      openMicrophone(session, mine);

      let admission: Admission;
      try {
        admission = await token;
      } catch (error) {
        if (mine === attempt) giveUp(tokenFailure(error));
        return;
      }
      if (mine !== attempt) return;
      try {
        await session.connect(admission);
      } catch (error) {
        if (mine === attempt) giveUp(failure(livekit.connectFailure(error)));
        return;
      }
      if (mine !== attempt) return;
      const { agent } = get();
      set({
        phase: 'live',
        room: session.room.name || admission.roomName,
        identity: session.identity,
        agent: agent === 'absent' && choices.assistant !== undefined ? 'connecting' : agent,
      });
      // Only a room that was named can have been spoken in before.
      if (choices.room) void recall(admission, mine);
      if (choices.camera && get().allowed.camera) void get().toggleCamera();
      clearTimeout(patience);
      patience = setTimeout(() => {
        if (mine === attempt && get().agent === 'connecting') set({ agent: 'missing' });
      }, AGENT_PATIENCE_MS);
    },

    cancel: () => {
      attempt += 1;
      void get().session?.close();
      set({ ...fresh, choices: get().choices });
    },

    leave: async () => {
      await get().session?.close();
    },

    rejoin: async () => {
      const { choices } = get();
      // A fresh room: an assistant does not come twice to a room that exists already.
      if (choices) await get().join({ ...choices, room: '' });
    },

    backToJoin: () => set({ ...fresh, choices: get().choices }),

    toggleMicrophone: async () => {
      const { session, microphone } = get();
      if (!session || microphone === 'opening') return;
      try {
        if (microphone === 'unavailable') set({ microphone: 'opening' });
        await session.setMicrophone(microphone !== 'on');
      } catch (error) {
        get().microphoneFailed(error);
      }
    },

    microphoneFailed: (error) => {
      set((state) => ({
        deviceTrouble: microphoneFailure(error),
        microphone: state.session?.hasMicrophone ? state.microphone : 'unavailable',
      }));
    },

    toggleCamera: async () => {
      const { session, camera, allowed } = get();
      if (!session || !allowed.camera) return;
      try {
        await session.setCamera(!camera);
        set({ deviceTrouble: undefined });
      } catch (error) {
        get().cameraFailed(error);
      }
    },

    cameraFailed: (error) => set({ deviceTrouble: cameraFailure(error) }),

    toggleScreen: async () => {
      const { session, screen, allowed } = get();
      if (!session || !allowed.screen) return;
      try {
        await session.setScreen(!screen);
      } catch (error) {
        // Closing the browser's own question is no failure.
        const closed = error instanceof Error && error.name === 'NotAllowedError';
        if (!closed) set({ deviceTrouble: failure('screen-failed') });
      }
    },

    sendChat: async (text) => {
      const { session } = get();
      if (!session) return false;
      try {
        const message = await session.sendChat(text);
        useTranscript.getState().receiveChat({ ...message, speaker: 'user' });
        return true;
      } catch {
        return false;
      }
    },

    dismissRestored: () => set({ connection: 'steady' }),
  };
});

/** Who is who in this call. */
export function useVoices(): Voices {
  const self = useCall((call) => call.identity);
  const names = useCall((call) => call.names);
  const assistant = useAssistantName();
  return { self, names, assistant };
}

/** What the assistant of this call is called. */
export function useAssistantName(): string {
  const chosen = useCall((call) => call.choices?.assistant);
  return typeof chosen === 'object' ? chosen.title : strings.transcript.agent;
}

/** What the page shows of the assistant when the room says `activity`. */
function nextAgent(state: CallState, activity: AgentActivity | undefined): AgentState {
  if (activity === 'joining') return 'connecting';
  if (activity) return activity;
  if (state.agent === 'absent' || state.agent === 'connecting' || state.agent === 'missing') {
    return state.choices?.assistant
      ? state.agent === 'missing'
        ? 'missing'
        : 'connecting'
      : 'absent';
  }
  return 'left';
}
