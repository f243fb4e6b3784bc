/**
 * How a process knows that it works for a supervisor, as what, and over which descriptor they talk: by its environment.
 */
import { err, ok, type Result } from '../../model/result.ts';

/** How much of its lists a scanner has told: so many targets, and so many errors in them. */
export interface Told {
  readonly targets: number;
  readonly errors: number;
}

export type Role =
  /** Looks and judges. */
  | { readonly kind: 'scanner' }
  /** Looks at nothing: names the targets that a scanner which was lost had not told (`second-reading.ts`). */
  | { readonly kind: 'reader'; readonly told: Told }
  /** Writes the reports that go into files (`file-writer.ts`). */
  | { readonly kind: 'writer' };

export interface Employment {
  readonly role: Role;
  /** When the supervisor started, in nanoseconds of the monotonic clock. */
  readonly startedAt: bigint;
  /** Of the socket to the supervisor. */
  readonly fd: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `NANOSECONDS:FD` for who reads targets. */
const SCANNER = 'CERTWATCH_SCANNER';
/** `TARGETS,ERRORS`, beside it: only names them. */
const READ_AGAIN = 'CERTWATCH_READ_AGAIN';
/** `NANOSECONDS:FD` for who writes files. */
const WRITER = 'CERTWATCH_WRITER';

export function environmentOf({ role, startedAt, fd }: Employment): Record<string, string> {
  const place = `${startedAt}:${fd}`;
  if (role.kind === 'writer') return { [WRITER]: place };
  if (role.kind === 'scanner') return { [SCANNER]: place };
  return { [SCANNER]: place, [READ_AGAIN]: `${role.told.targets},${role.told.errors}` };
}

/** @returns undefined for who works for nobody; the error is a sentence, where somebody has set these by hand. */
export function employmentOf(env: Environment): Result<Employment | undefined, string> {
  const name = env[SCANNER] === undefined ? WRITER : SCANNER;
  const text = env[name];
  if (text === undefined) return ok(undefined);
  const place = /^(\d{1,19}):(\d{1,4})$/.exec(text);
  if (!place) return err(STRAY);
  return ok({ role: roleOf(name, env), startedAt: BigInt(place[1]!), fd: Number(place[2]) });
}

/** What to say where there is no supervisor at the other end. */
export const STRAY = `the environment has ${SCANNER} or ${WRITER}, which certwatch sets for its own processes, and no certwatch has started this one: unset it`;

function roleOf(name: string, env: Environment): Role {
  if (name === WRITER) return { kind: 'writer' };
  const told = env[READ_AGAIN];
  if (told === undefined) return { kind: 'scanner' };
  const [targets = 0, errors = 0] = told.split(',').map(Number);
  return { kind: 'reader', told: { targets, errors } };
}
