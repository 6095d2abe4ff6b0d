/** The one door to the control API. */
export { ApiError, ApiMalformed, ApiProblem, ApiUnreachable, type FieldProblem } from './errors';
export { listAssistants, type Assistant } from './assistants';
export { hangUp, listCalls, placeCall, transferCall, type CallWish, type PhoneCall } from './calls';
export { readHealth, type PartHealth } from './health';
export {
  createRule,
  createTrunk,
  deleteRule,
  deleteTrunk,
  listRules,
  listTrunks,
  type Rule,
  type RuleWish,
  type Trunk,
  type TrunkWish,
} from './lines';
export {
  closeRoom,
  inviteAssistant,
  listMembers,
  listRooms,
  muteMember,
  removeMember,
  type OpenRoom,
  type RoomMember,
} from './rooms';
export { requestToken, type Admission, type TokenRequest } from './token';
export {
  deleteConversation,
  listConversations,
  readWholeTranscript,
  type Conversation,
  type ConversationPage,
} from './transcripts';
