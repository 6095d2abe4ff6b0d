/** The one door to LiveKit. Loaded with the call, not with the first page. */
export type { AgentActivity } from './agent';
export {
  CallMedia,
  useAgentLevels,
  useAudioUnlock,
  useMicrophones,
  type DeviceChoice,
} from './media';
export { connectFailure } from './outcome';
export { CallSession, type IncomingChat, type SessionListener } from './session';
