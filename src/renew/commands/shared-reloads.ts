/**
 * A hundred certificates behind one server want one reload, not a hundred: who asks for the very same command while it runs,
 * or while others that will want it are about to, shares the next run of it. Each still sees for itself what is served; a
 * reload that fails has failed for all that shared it.
 *
 * The command is told of all of them: CERTWATCH_NAME and CERTWATCH_DOMAINS with spaces between, CERTWATCH_LIVE with colons.
 * One that names such a variable in the config is never shared: it is about one certificate. (What is, belongs into the
 * deploy hook.)
 */
import type { Command } from '../../config/schema-values.ts';
import type { RenewalProblem } from '../../model/renewal.ts';
import { err, type Result } from '../../model/result.ts';
import { Deadline } from '../../time/deadline.ts';
import { formatDuration } from '../../time/duration.ts';
import type { Renewal } from '../renewal.ts';
import { type CommandContext, commandText, runCommand } from './command.ts';

export interface ReloadWish {
  readonly renewal: Renewal;
  readonly command: Command;
  readonly puttingBack: boolean;
  readonly deadline: Deadline;
  /** Inside the deadline. */
  readonly timeoutMs: number;
}

type Reloaded = Result<string, RenewalProblem>;
type Around = Pick<CommandContext, 'env' | 'kill'>;

/** How long the first one waits for others that are under way. */
const GATHER_MS = 1_000;
const GATHER_SHARE = 0.1;

export class SharedReloads {
  readonly #around: Around;
  readonly #lines = new Map<string, Line>();

  constructor({ env, kill }: Around) {
    this.#around = { env, kill };
  }

  /** This one is under way, and may come to want its reload. @returns to be called when it is over. */
  expect(renewal: Renewal): () => void {
    const key = keyOf(renewal, renewal.reload);
    if (key === undefined) return () => {};
    const line = this.#line(key);
    line.expect(renewal);
    return () => line.over(renewal);
  }

  /** Resolves when it has been done for this one, or could not be. */
  async run(wish: ReloadWish): Promise<Reloaded> {
    const key = keyOf(wish.renewal, wish.command, wish.puttingBack);
    return (key === undefined ? new Line(this.#around) : this.#line(key)).join(wish);
  }

  #line(key: string): Line {
    const line = this.#lines.get(key) ?? new Line(this.#around);
    this.#lines.set(key, line);
    return line;
  }
}

/** @returns undefined for what is not to be shared. */
function keyOf(
  { environment, folder }: Renewal,
  command: Command | undefined,
  puttingBack = false,
): string | undefined {
  if (!command || command.words.some((word) => word.includes('CERTWATCH_'))) return undefined;
  return JSON.stringify([command.words, command.shell, folder, environment, puttingBack]);
}

interface Waiter {
  readonly wish: ReloadWish;
  readonly limit: Deadline;
  readonly settle: (reloaded: Reloaded) => void;
}

/** All that want one command. */
class Line {
  readonly #around: Around;
  readonly #expected = new Set<Renewal>();
  #waiting: Waiter[] = [];
  #gathering: Deadline | undefined;
  #running = false;

  constructor(around: Around) {
    this.#around = around;
  }

  expect(renewal: Renewal): void {
    this.#expected.add(renewal);
  }

  over(renewal: Renewal): void {
    this.#expected.delete(renewal);
    this.#startWhenDue();
  }

  async join(wish: ReloadWish): Promise<Reloaded> {
    this.#expected.delete(wish.renewal);
    const limit = Deadline.after(wish.timeoutMs, wish.deadline);
    try {
      return await new Promise<Reloaded>((settle) => {
        this.#waiting.push({ wish, limit, settle });
        this.#gathering ??= this.#gather(limit);
        this.#startWhenDue();
      });
    } finally {
      limit.release();
    }
  }

  #gather(limit: Deadline): Deadline {
    const gathering = Deadline.after(Math.min(GATHER_MS, limit.remainingMs * GATHER_SHARE), limit);
    gathering.onExpire(() => this.#startWhenDue());
    return gathering;
  }

  /** Nobody else is to be waited for, or long enough. */
  #startWhenDue(): void {
    const due = this.#expected.size === 0 || this.#gathering?.expired;
    const [first, ...others] = this.#waiting;
    if (this.#running || !first || !due) return;
    this.#gathering?.release();
    this.#gathering = undefined;
    this.#waiting = [];
    this.#running = true;
    void this.#reload([first, ...others]).then((reloaded) => {
      this.#running = false;
      for (const { settle } of [first, ...others]) settle(reloaded);
      this.#startWhenDue();
    });
  }

  /** Goes on as long as anybody waits for it. Who has no time any more is told so, unless it ends with that. */
  async #reload([first, ...others]: readonly [Waiter, ...Waiter[]]): Promise<Reloaded> {
    const { command, puttingBack, renewal } = first.wish;
    const deadline = Deadline.none();
    let left = 1 + others.length;
    for (const { limit, settle, wish } of [first, ...others]) {
      limit.onExpire(() => {
        left -= 1;
        if (left === 0) deadline.expire();
        else settle(err(notInTime(command, wish.timeoutMs)));
      });
    }
    return runCommand(command, {
      ...this.#around,
      renewal: together([renewal, ...others.map(({ wish }) => wish.renewal)]),
      step: 'reload',
      deadline,
      timeoutMs: Math.max(...[first, ...others].map(({ limit }) => limit.remainingMs)),
      puttingBack,
    });
  }
}

const notInTime = (command: Command, afterMs: number): RenewalProblem => ({
  reason: 'reload-timeout',
  detail: `\`${commandText(command)}\` had not ended after ${formatDuration(afterMs)}; others still wait for it`,
});

/** Of what makes up the key they have all the same. */
function together(renewals: readonly [Renewal, ...Renewal[]]): CommandContext['renewal'] {
  const [{ environment, folder }] = renewals;
  const lives = renewals.flatMap(({ live }) => (live === undefined ? [] : [live]));
  return {
    name: renewals.map(({ name }) => name).join(' '),
    domains: renewals.flatMap(({ domains }) => domains),
    environment,
    ...(folder === undefined ? {} : { folder }),
    ...(lives.length > 0 ? { live: lives.join(':') } : {}),
  };
}
