/** The one door to the control API. */
export { ApiError, ApiMalformed, ApiProblem, ApiUnreachable } from './errors';
export { ASSISTANT, requestToken, type Admission, type TokenRequest } from './token';
export {
  closeRoom,
  listMembers,
  listRooms,
  muteMember,
  readHealth,
  removeMember,
  type OpenRoom,
  type PartHealth,
  type RoomMember,
} from './operator';
export { readWholeTranscript } from './transcripts';
