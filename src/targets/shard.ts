/**
 * `--shard I/N`: the list split over N runs, each target always in the same one, whatever else the list holds and
 * whatever its thresholds and labels are.
 */
import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../model/result.ts';
import type { Target } from '../model/target.ts';
import { endpointIdentity } from './identity.ts';
import { quote } from './nearest.ts';

export interface Shard {
  /** From 1 to `count`. */
  readonly index: number;
  readonly count: number;
}

const MOST = 10_000;

/** `2/3`: the second of three. */
export function parseShard(text: string): Result<Shard, string> {
  const parts = /^(\d{1,5})\/(\d{1,5})$/.exec(text.trim());
  const [index, count] = [Number(parts?.[1]), Number(parts?.[2])];
  if (index >= 1 && index <= count && count <= MOST) return ok({ index, count });
  return err(`expected a shard I/N such as 1/3, with I from 1 to N and N up to ${MOST}, got ${quote(text)}`);
}

export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

export function isInShard(target: Target, { index, count }: Shard): boolean {
  if (count === 1) return true;
  const digest = createHash('sha256').update(endpointIdentity(target)).digest();
  return digest.readUIntBE(0, 6) % count === index - 1;
}
