/** The one door to the control API. */
export { ApiError, ApiMalformed, ApiProblem, ApiUnreachable } from './errors';
export { ASSISTANT, requestToken, type Admission, type TokenRequest } from './token';
