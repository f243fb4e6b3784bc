/**
 * What one attempt starts from: what was found, what is remembered, and the time that there is.
 */
import type { Deadline } from '../time/deadline.ts';
import type { History } from './journal/history.ts';
import type { Around } from './look-around.ts';
import type { Limit } from './shares.ts';
import type { Turn } from './turns.ts';

export interface Situation extends Around {
  readonly history: History;
  readonly deadline: Deadline;
  readonly limit: Limit;
  readonly turn?: Turn;
}
