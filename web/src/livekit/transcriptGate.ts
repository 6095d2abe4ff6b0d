import type { Participant } from 'livekit-client';

/** What an assistant can say before this page is told that it is there. */
const MOST_WAITING = 100;

/**
 * Lets through what the assistant, or the server itself, says was said, and nobody else.
 *
 * A message can be here before the page is told who its sender is: it waits until that is known.
 */
export class TranscriptGate {
  readonly #deliver: (payload: Uint8Array) => void;
  readonly #waiting = new Map<string, Uint8Array[]>();

  constructor(deliver: (payload: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  /** Takes a message; `identity` is empty when the server sent it. */
  take(
    payload: Uint8Array,
    participant: Pick<Participant, 'isAgent'> | undefined,
    identity: string,
  ): void {
    if (participant ? participant.isAgent : identity === '') {
      this.#deliver(payload);
    } else if (!participant) {
      const held = this.#waiting.get(identity) ?? [];
      if (held.length < MOST_WAITING) this.#waiting.set(identity, [...held, payload]);
    }
  }

  /** Somebody is known now. */
  meet({ identity, isAgent }: Pick<Participant, 'identity' | 'isAgent'>): void {
    const held = this.#waiting.get(identity) ?? [];
    this.#waiting.delete(identity);
    if (isAgent) held.forEach(this.#deliver);
  }
}
