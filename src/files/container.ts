/**
 * Containers of certificates: what is common to PKCS#7, PKCS#12 and Java keystores.
 */
import type { ContainerEntry } from '../model/observation.ts';
import { err, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import type { Password } from './password.ts';

/** A certificate as it lies in a container, byte for byte, and what its entry says of it. */
export interface Stored {
  readonly der: Uint8Array;
  readonly entry: ContainerEntry;
}

/** Why nothing could be read. */
export interface Trouble {
  /** A stable word in kebab case. */
  readonly reason: string;
  /** Goes on behind the path of the file, without a full stop. Holds nothing of the content. */
  readonly what: string;
}

export interface OpenOptions {
  readonly deadline: Deadline;
  /** As it was given; absent: whatever opens without one is read. */
  readonly password?: Password;
}

/** The root programs of all vendors together have some hundreds. */
export const MOST_CERTIFICATES = 10_000;

const LONGEST_ALIAS = 256;

/** The alias as it is kept; an empty one is none. */
export function capAlias(alias: string): { alias: string } | Record<string, never> {
  if (alias === '') return {};
  return { alias: alias.length > LONGEST_ALIAS ? `${alias.slice(0, LONGEST_ALIAS)}…` : alias };
}

export function trouble(reason: string, what: string): Result<never, Trouble> {
  return err({ reason, what });
}

export const damaged = (what: string): Result<never, Trouble> =>
  trouble('malformed', `begins like ${what}, but is cut short or damaged`);

export const tooMany = (): Result<never, Trouble> =>
  trouble('too-large', `holds more than ${MOST_CERTIFICATES} entries: that is no certificate file`);
