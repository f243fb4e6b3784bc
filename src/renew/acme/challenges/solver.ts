/**
 * A solver puts the answers to challenges where the CA looks for them, and takes them back.
 */
import type { Result } from '../../../model/result.ts';
import type { Identifier } from '../ca/objects.ts';
import type { Trouble } from '../failure.ts';

export interface ChallengeAnswer {
  readonly identifier: Identifier;
  readonly wildcard: boolean;
  readonly token: string;
  /** RFC 8555 8.1 */
  readonly keyAuthorization: string;
}

export interface Solver {
  /**
   * Puts all answers in place. Each trace that would outlive the process MUST be in the undo record before it is made.
   * After an error `close` and the record still take back what was done.
   */
  present(answers: readonly ChallengeAnswer[]): Promise<Result<void, Trouble>>;
  /** Waits until the CA would see them; absent where they stand at once. */
  wait?(): Promise<Result<void, Trouble>>;
  /** Ends what lives in this process (listeners). Never fails. */
  close(): Promise<void>;
}
