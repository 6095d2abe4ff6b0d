/** The one door to LiveKit. Loaded with the call, not with the first page. */
export type { AgentActivity } from './agent';
export { CallMedia, useAgentLevels, useAudioUnlock, useDevices, type DeviceChoice } from './media';
export {
  TileVideo,
  usePeople,
  useTiles,
  type Person,
  type Quality,
  type Tile,
  type Video,
} from './people';
export { connectFailure } from './outcome';
export { CallSession, type Allowed, type IncomingChat, type SessionListener } from './session';
