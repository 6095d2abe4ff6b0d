import { call } from './call';
import { disconnected, failure } from './failures';

/**
 * Every word of the page, in one folder; `operator.ts` has those that callers need not load.
 * Functions where a word depends on a value.
 */
export const strings = { ...call, failure, disconnected } as const;

export type FailureCode = keyof typeof failure;
export type DisconnectCode = keyof typeof disconnected;
