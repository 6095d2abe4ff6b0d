import { ApiMalformed, ApiProblem, ApiUnreachable } from '../../api';
import { strings, type FailureCode } from '../../strings';

export interface Failure {
  code: FailureCode;
  title: string;
  text: string;
  /** What the service itself said, where it said something. */
  detail: string | undefined;
}

export function failure(code: FailureCode, detail?: string): Failure {
  return { code, ...strings.failure[code], detail };
}

/** Why no token came, in plain words. */
export function tokenFailure(error: unknown): Failure {
  if (error instanceof ApiUnreachable) return failure('api-unreachable');
  if (error instanceof ApiMalformed) return failure('api-broken');
  if (error instanceof ApiProblem) {
    if (error.status === 429 || error.status === 503) return failure('too-many', error.detail);
    if (error.status >= 500) return failure('api-broken', error.detail);
    return failure('token-refused', error.detail);
  }
  return failure('join-failed');
}

/** Why the browser gives no microphone, in plain words. */
export function microphoneFailure(error: unknown): Failure {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return failure('microphone-refused');
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    return failure('microphone-missing');
  }
  return failure('microphone-busy');
}

/** Why the browser gives no camera, in plain words. */
export function cameraFailure(error: unknown): Failure {
  const { code } = microphoneFailure(error);
  if (code === 'microphone-refused') return failure('camera-refused');
  return failure(code === 'microphone-missing' ? 'camera-missing' : 'camera-busy');
}
