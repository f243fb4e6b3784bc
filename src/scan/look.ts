/**
 * One look at one target: observe it, fetch what it is judged by (anchors, the file that it should serve), judge.
 */
import { readChainFile } from '../files/read-chain-file.ts';
import type { Certificate, ChainElement } from '../model/certificate.ts';
import type { Container, Failure, Observation, Timings } from '../model/observation.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { FileTarget, Target } from '../model/target.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Deadline } from '../time/deadline.ts';
import { type AnchorStore, loadAnchors } from '../trust/anchors.ts';
import { isAuthority } from '../verdict/authority.ts';
import { type JudgeOptions, judge } from '../verdict/judge.ts';
import { trustedListAddresses } from '../verdict/trusted-lists.ts';
import { matchesHostname } from '../x509/hostname.ts';
import type { ListFetcher } from './list-fetcher.ts';
import { type EndpointTools, observeEndpoint } from './observe-endpoint.ts';

export interface LookOptions extends EndpointTools {
  /** The time that certificates are judged at, milliseconds since the epoch. */
  readonly judgedAt: number;
  /** What targets share is loaded under the run's deadline, so that a hasty target cannot spoil it for the others. */
  readonly runDeadline: Deadline;
  /** Was it somebody's wish that the run's deadline came? */
  readonly interrupted?: () => boolean;
  /** Has it come, and is it another than each target's own? */
  readonly cutByRun?: () => boolean;
  /** Mozilla's roots as the build packed them. */
  readonly rootsFile?: string;
  /** The running Node, which the packed roots must have come from. */
  readonly rootsTag?: string;
  /** The system's bundle where the environment names one (SSL_CERT_FILE). */
  readonly systemBundle?: string;
  /**
   * Whether the disk under these files answers; asked before any of them is touched, where nobody could end this process
   * from outside (`files/answering.ts`).
   */
  readonly answers?: (paths: readonly string[], deadline: Deadline) => Promise<boolean>;
}

type Observations = readonly [Observation, ...Observation[]];

const NO_TIME: Timings = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };

/** Looks at targets of one run; what they share (anchors, parsed intermediates) is loaded once. */
export class Looker {
  readonly #options: LookOptions;
  readonly #anchors = new Map<string, Promise<Result<AnchorStore, string>>>();
  #lists: Promise<ListFetcher> | undefined;

  constructor(options: LookOptions) {
    this.#options = options;
  }

  async look(target: Target, deadline: Deadline): Promise<Verdict> {
    // Of a few targets, the first look need not wait for what it is judged by; a list is not gone through in vain.
    const early = this.#options.answers ? this.#see(target, deadline) : undefined;
    early?.catch(() => {});
    const anchors = await this.#anchorsFor(target, deadline);
    if (!anchors.ok) return this.#judge({ target, observations: [failed(anchors.error)] });
    const [observations, expected] = await (early ?? this.#see(target, deadline));
    // The file to compare with cannot be read: said beside what the endpoint presents, not in its place.
    const seen: Observations = expected.ok ? observations : [...observations, failed(expected.error)];
    const expectedFile = expected.ok ? expected.value : undefined;
    const judged = { target, observations: seen, anchors: anchors.value, ...(expectedFile ? { expectedFile } : {}) };
    return this.#withLists(judged, deadline);
  }

  #see(target: Target, deadline: Deadline) {
    return Promise.all([
      target.kind === 'endpoint' ? observeEndpoint(target, this.#options, deadline) : this.#readFile(target, deadline),
      this.#expectedFile(target, deadline),
    ]);
  }

  #judge(options: Omit<JudgeOptions, 'now'>): Verdict {
    const [first, ...others] = options.observations;
    return judge({
      ...options,
      observations: [this.#truly(first), ...others.map((seen) => this.#truly(seen))],
      now: this.#options.judgedAt,
    });
  }

  /** Which lists to ask for is known once the path is trusted; with them it is judged again. */
  async #withLists(options: Omit<JudgeOptions, 'now'>, deadline: Deadline): Promise<Verdict> {
    const verdict = this.#judge(options);
    if (options.target.settings.revocation !== 'crl') return verdict;
    const addresses = trustedListAddresses(verdict);
    if (!addresses) return verdict;
    this.#lists ??= import('./list-fetcher.ts').then(({ ListFetcher: Fetcher }) => new Fetcher(this.#options));
    const revocationLists = await (await this.#lists).fetch(addresses, deadline);
    return this.#judge({ ...options, revocationLists });
  }

  /** Who waits for a deadline does not know what brought it. */
  #truly(seen: Observation): Observation {
    if (seen.kind !== 'failed' || seen.code !== 'timeout') return seen;
    if (this.#options.interrupted?.()) return { ...seen, reason: 'interrupted' };
    return this.#options.cutByRun?.() ? { ...seen, limit: 'run' } : seen;
  }

  async #readFile(target: FileTarget, deadline: Deadline): Promise<Observations> {
    const read = await this.#readChain(target.path, target, deadline);
    if (!read) return [failed({ code: 'timeout', phase: 'read', reason: 'deadline' })];
    if (!read.ok) return [failed(read.error)];
    const { ders, container } = read.value;
    const chain = this.#options.chainReader.read(ders);
    return [{ kind: 'presented', chain, timings: NO_TIME, ...(container ? { container } : {}) }];
  }

  async #expectedFile(target: Target, deadline: Deadline): Promise<Result<Certificate | undefined, Failure>> {
    const path = target.settings.expect.file;
    if (!path) return ok(undefined);
    const read = await this.#readChain(path, target, deadline);
    if (!read) return err({ code: 'timeout', phase: 'read', reason: 'deadline', detail: path });
    if (!read.ok) return read;
    const expected = meantFor(target, this.#options.chainReader.read(read.value.ders), read.value.container);
    return expected ? ok(expected) : err({ code: 'read-failed', phase: 'read', reason: 'malformed', detail: path });
  }

  /** @returns undefined where the deadline came first. */
  async #readChain(path: string, { settings: { passwordFile } }: Target, deadline: Deadline) {
    const files = passwordFile === undefined ? [path] : [path, passwordFile];
    if (!(await this.#answers(files, deadline))) return undefined;
    return deadline.race(readChainFile(path, { deadline, ...(passwordFile === undefined ? {} : { passwordFile }) }));
  }

  async #answers(paths: readonly string[], deadline: Deadline): Promise<boolean> {
    return paths.length === 0 || ((await this.#options.answers?.(paths, deadline)) ?? true);
  }

  async #anchorsFor(target: Target, deadline: Deadline): Promise<Result<AnchorStore, Failure>> {
    const { trust, caFiles } = target.settings;
    const key = JSON.stringify([trust, ...caFiles]);
    let loading = this.#anchors.get(key);
    if (!loading) {
      loading = this.#loadAnchors(target);
      this.#anchors.set(key, loading);
    }
    const loaded = await deadline.race(loading);
    if (!loaded) return err({ code: 'timeout', phase: 'read', reason: 'deadline', detail: 'the trust anchors' });
    return loaded.ok
      ? loaded
      : err({ code: 'read-failed', phase: 'read', reason: 'trust-anchors', detail: loaded.error });
  }

  async #loadAnchors({ settings: { trust, caFiles } }: Target): Promise<Result<AnchorStore, string>> {
    const { rootsFile, rootsTag, systemBundle, runDeadline } = this.#options;
    if (!(await this.#answers(caFiles, runDeadline))) return err(`${caFiles.join(', ')}: could not be read in time`);
    return loadAnchors({
      source: trust,
      caFiles,
      deadline: runDeadline,
      ...(rootsFile ? { rootsFile } : {}),
      ...(rootsTag ? { rootsTag } : {}),
      ...(systemBundle ? { systemBundle } : {}),
    });
  }
}

/** A file for a server has its certificate first; a container in any place, and perhaps those of other names beside it. */
function meantFor(target: Target, chain: readonly ChainElement[], container?: Container): Certificate | undefined {
  const all = chain.flatMap((element) => (element.kind === 'certificate' ? [element.certificate] : []));
  if (!container) return chain[0]?.kind === 'certificate' ? chain[0].certificate : undefined;
  const own = all.filter((certificate) => !isAuthority(certificate));
  const { servername } = target;
  const named = servername === undefined ? undefined : own.find((each) => matchesHostname(each, servername));
  return named ?? own[0] ?? all[0];
}

function failed(failure: Failure): Observation {
  return { kind: 'failed', ...failure, timings: NO_TIME };
}
