import {
  type AudioCaptureOptions,
  ConnectionState,
  createLocalAudioTrack,
  type LocalAudioTrack,
  type LocalTrackPublication,
  type Participant,
  RemoteAudioTrack,
  Room,
  RoomEvent,
  setLogLevel,
  type SimulationScenario,
  Track,
  VideoPresets,
} from 'livekit-client';
import type { Admission } from '../api';
import type { DisconnectCode } from '../strings';
import { agentActivity, queuePosition, type AgentActivity } from './agent';
import { disconnectCode } from './outcome';
import { watchSilence } from './silence';
import { TranscriptGate } from './transcriptGate';
import { TurnClock } from './turnClock';

setLogLevel('warn');

const CHAT_TOPIC = 'lk.chat';
const TRANSCRIPT_TOPIC = 'transcripts';

export interface IncomingChat {
  id: string;
  participant: string;
  fromAgent: boolean;
  text: string;
  at: number;
}

/** What a call tells the page. */
export interface SessionListener {
  /** `position`: in the queue, while the caller waits for the assistant. */
  agent: (activity: AgentActivity | undefined, position: number | undefined) => void;
  transcript: (payload: Uint8Array) => void;
  chat: (message: IncomingChat) => void;
  /** Display names by identity, of everybody who is or was in the call. */
  names: (names: Readonly<Record<string, string>>) => void;
  microphone: (on: boolean) => void;
  /** It was unplugged, and there is no other. */
  microphoneLost: () => void;
  camera: (on: boolean) => void;
  screen: (on: boolean) => void;
  recording: (on: boolean) => void;
  /** What the invitation lets this page send. */
  allowed: (allowed: Allowed) => void;
  /** Whether nothing but digital silence comes from the microphone. */
  silence: (silent: boolean) => void;
  /** Milliseconds from the caller's last sound to the assistant's first, heard on this page. */
  answered: (milliseconds: number) => void;
  /** The network changed under the call: `signal` keeps the sound, `media` does not. */
  reconnecting: () => void;
  reconnected: () => void;
  disconnected: (code: DisconnectCode) => void;
}

export interface Allowed {
  camera: boolean;
  screen: boolean;
}

export interface SessionOptions {
  microphoneId: string | undefined;
  speakerId: string | undefined;
  cameraId: string | undefined;
  /** Keeps what is said before the assistant listens and sends it afterwards. */
  preConnectBuffer: boolean;
}

/**
 * One call from its first click to its end; never used again afterwards.
 *
 * Order: `openMicrophone` and `connect` at the same time, both once, then the rest, `close` last.
 */
export class CallSession {
  readonly room: Room;
  readonly #listener: SessionListener;
  readonly #options: SessionOptions;
  readonly #names: Record<string, string> = {};
  readonly #clock: TurnClock;
  readonly #gate: TranscriptGate;
  #microphone: LocalAudioTrack | undefined;
  #stopWatching: (() => void) | undefined;
  #closed = false;
  #everConnected = false;

  constructor(listener: SessionListener, options: SessionOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#gate = new TranscriptGate((payload) => listener.transcript(payload));
    this.#clock = new TurnClock((milliseconds) => listener.answered(milliseconds));
    this.room = new Room({
      adaptiveStream: true,
      dynacast: true,
      audioCaptureDefaults: capture(options.microphoneId),
      videoCaptureDefaults: {
        resolution: VideoPresets.h540.resolution,
        ...(options.cameraId ? { deviceId: { ideal: options.cameraId } } : {}),
      },
      ...(options.speakerId ? { audioOutput: { deviceId: options.speakerId } } : {}),
    });
    this.#listen();
  }

  /** Takes the microphone and publishes it as soon as there is a connection. Rejects when the browser refuses it. */
  async openMicrophone(): Promise<void> {
    const track = await takeMicrophone(this.room.options.audioCaptureDefaults);
    if (this.#closed) {
      track.stop();
      return;
    }
    this.#microphone = track;
    // The publish option of the same name is not read by livekit-client 2.23; this call is what counts.
    if (this.#options.preConnectBuffer && !this.#everConnected) track.startPreConnectBuffer();
    try {
      await this.room.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
    } catch (error) {
      this.#dropMicrophone();
      throw error;
    }
    this.#clock.hearMicrophone(track);
    this.#stopWatching = watchSilence(track, (silent) => this.#listener.silence(silent));
  }

  /** Joins the room. Rejects with LiveKit's error, which `connectFailure` puts into our words. */
  async connect(admission: Admission): Promise<void> {
    await this.room.connect(admission.serverUrl, admission.token);
    this.#everConnected = true;
    this.#meet(this.room.localParticipant);
    this.room.remoteParticipants.forEach((participant) => this.#meet(participant));
    this.#listener.agent(agentActivity(this.room), queuePosition(this.room));
    this.#listener.allowed(this.#allowed());
    this.#listener.recording(this.room.isRecording);
  }

  get identity(): string {
    return this.room.localParticipant.identity;
  }

  get hasMicrophone(): boolean {
    return this.#microphone !== undefined;
  }

  /** Mutes or unmutes; asks for the microphone first when there is none yet. */
  async setMicrophone(on: boolean): Promise<void> {
    if (on && !this.#microphone) await this.openMicrophone();
    else if (on) await this.#microphone?.unmute();
    else await this.#microphone?.mute();
  }

  async setCamera(on: boolean): Promise<void> {
    await this.room.localParticipant.setCameraEnabled(on);
  }

  /** Shares the screen, a window or a tab with its sound; the browser asks which. */
  async setScreen(on: boolean): Promise<void> {
    await this.room.localParticipant.setScreenShareEnabled(on, { audio: true });
  }

  async sendChat(text: string): Promise<IncomingChat> {
    const info = await this.room.localParticipant.sendText(text, { topic: CHAT_TOPIC });
    return { id: info.id, participant: this.identity, fromAgent: false, text, at: info.timestamp };
  }

  /** Has LiveKit break this page's own connection in a chosen way, to see what happens then. */
  async simulate(scenario: SimulationScenario): Promise<void> {
    await this.room.simulateScenario(scenario);
  }

  /** Leaves and lets go of the microphone; safe at any time. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#dropMicrophone();
    this.#clock.close();
    await this.room.disconnect();
  }

  #listen(): void {
    const { room } = this;
    const listener = this.#listener;
    const agentChanged = () => {
      if (room.state === ConnectionState.Connected) {
        listener.agent(agentActivity(room), queuePosition(room));
      }
    };
    const mediaChanged = () => {
      const { isMicrophoneEnabled, isCameraEnabled, isScreenShareEnabled } = room.localParticipant;
      if (this.#microphone) listener.microphone(isMicrophoneEnabled);
      listener.camera(isCameraEnabled);
      listener.screen(isScreenShareEnabled);
    };
    const unpublished = ({ source }: LocalTrackPublication) => {
      if (source === Track.Source.Microphone && this.#microphone) this.#loseMicrophone();
      mediaChanged();
    };
    const muted = () => {
      // LiveKit looks for another microphone when one is unplugged, and mutes when there is none.
      if (this.#microphone?.mediaStreamTrack.readyState === 'ended') this.#loseMicrophone();
      mediaChanged();
    };
    room
      .on(RoomEvent.ParticipantConnected, (participant) => {
        this.#meet(participant);
        agentChanged();
      })
      .on(RoomEvent.ParticipantDisconnected, agentChanged)
      .on(RoomEvent.ParticipantAttributesChanged, agentChanged)
      .on(RoomEvent.ParticipantNameChanged, (_, participant) => this.#meet(participant))
      .on(RoomEvent.TrackSubscribed, (track, _, participant) => {
        if (participant.isAgent && track instanceof RemoteAudioTrack) this.#clock.hearAgent(track);
      })
      .on(RoomEvent.TrackUnsubscribed, (track, _, participant) => {
        if (participant.isAgent && track instanceof RemoteAudioTrack) {
          this.#clock.hearAgent(undefined);
        }
      })
      .on(RoomEvent.LocalTrackPublished, mediaChanged)
      .on(RoomEvent.LocalTrackUnpublished, unpublished)
      .on(RoomEvent.TrackMuted, muted)
      .on(RoomEvent.TrackUnmuted, mediaChanged)
      .on(RoomEvent.RecordingStatusChanged, (on) => listener.recording(on))
      .on(RoomEvent.ParticipantPermissionsChanged, () => listener.allowed(this.#allowed()))
      .on(RoomEvent.Reconnecting, () => listener.reconnecting())
      .on(RoomEvent.Reconnected, () => {
        listener.reconnected();
        agentChanged();
      })
      .on(RoomEvent.Disconnected, (reason) => {
        this.#dropMicrophone();
        this.#clock.close();
        // A join that fails says so by rejecting `connect`.
        if (this.#everConnected) listener.disconnected(disconnectCode(reason));
      })
      .on(RoomEvent.DataReceived, (payload, participant, _kind, topic, _encryption, identity) => {
        if (topic === TRANSCRIPT_TOPIC) this.#gate.take(payload, participant, identity ?? '');
      });
    room.registerTextStreamHandler(CHAT_TOPIC, (reader, { identity }) => {
      void reader
        .readAll()
        .then((text) =>
          listener.chat({
            id: reader.info.id,
            participant: identity,
            fromAgent: room.remoteParticipants.get(identity)?.isAgent ?? false,
            text,
            at: reader.info.timestamp,
          }),
        )
        .catch((error: unknown) => console.warn('a chat message broke off', error));
    });
  }

  #allowed(): Allowed {
    const permissions = this.room.localParticipant.permissions;
    const sources = permissions?.canPublishSources ?? [];
    const may = (source: Track.Source) =>
      (permissions?.canPublish ?? false) &&
      // An empty list allows every source.
      (sources.length === 0 || sources.map(sourceOf).includes(source));
    return { camera: may(Track.Source.Camera), screen: may(Track.Source.ScreenShare) };
  }

  #loseMicrophone(): void {
    const track = this.#microphone;
    this.#dropMicrophone();
    this.#listener.microphoneLost();
    if (track) void this.room.localParticipant.unpublishTrack(track).catch(() => undefined);
  }

  #dropMicrophone(): void {
    this.#clock.hearMicrophone(undefined);
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#microphone?.stop();
    this.#microphone = undefined;
  }

  #meet(participant: Participant): void {
    this.#gate.meet(participant);
    if (participant.name) this.#names[participant.identity] = participant.name;
    this.#listener.names({ ...this.#names });
  }
}

/** The microphone that was chosen, or another one where that is gone. */
async function takeMicrophone(options: AudioCaptureOptions | undefined): Promise<LocalAudioTrack> {
  try {
    return await createLocalAudioTrack(options);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'OverconstrainedError') throw error;
    return createLocalAudioTrack(capture(undefined));
  }
}

function capture(deviceId: string | undefined) {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(deviceId ? { deviceId: { ideal: deviceId } } : {}),
  };
}

/** The protocol's number of a track source as the client's name of it. */
function sourceOf(number: number): Track.Source {
  const names = [
    Track.Source.Unknown,
    Track.Source.Camera,
    Track.Source.Microphone,
    Track.Source.ScreenShare,
    Track.Source.ScreenShareAudio,
  ];
  return names[number] ?? Track.Source.Unknown;
}
