/**
 * One certificate to renew as the rooms below work with it: a config entry with every default applied.
 */
import type { KeyType } from '../config/acme-schema.ts';
import type { RehearsedHook } from '../config/certificate-schema.ts';
import type { Command } from '../config/schema-values.ts';
import type { Secret } from '../config/secret.ts';
import type { Target, Threshold } from '../model/target.ts';
import type { AcmeAccountSettings, ChallengeConfig } from './acme/job.ts';

export interface Renewal {
  readonly name: string;
  /** DNS names in A-label form, wildcards, IP addresses; may be empty where a command renews. */
  readonly domains: readonly string[];
  readonly by: ByAcme | ByCommand;
  /** The folder of the four files; always there where the built-in client renews. */
  readonly live?: string;
  readonly pkcs12?: { readonly file: string; readonly password: Secret };
  /** Where commands run: the folder of the config file. */
  readonly folder?: string;
  /** On top of our own environment, for every command. */
  readonly environment: Readonly<Record<string, string>>;
  readonly preHook?: Command;
  readonly deployHook?: Command;
  readonly reload?: Command;
  /** Those of the two that run in a rehearsal, too. */
  readonly rehearse: readonly RehearsedHook[];
  readonly reloadTimeoutMs: number;
  /** Where it has to be served. */
  readonly targets: readonly Target[];
  readonly renewAt: Threshold;
  /** Of the whole renewal. */
  readonly timeoutMs: number;
}

export interface ByAcme {
  readonly kind: 'acme';
  readonly keyType: KeyType;
  /** The config asks for this very type: another one on disk is a reason to renew. */
  readonly keyTypeGiven: boolean;
  readonly reuseKey: boolean;
  readonly challenge: ChallengeConfig;
  /** Ask the CA when to renew (RFC 9773). */
  readonly ari: boolean;
  readonly authority: Authority;
  /** Where a rehearsal goes; absent where nobody knows of one. */
  readonly staging?: Authority;
  readonly fallback?: Fallback;
}

export interface ByCommand {
  readonly kind: 'command';
  readonly command: Command;
  /** What a rehearsal runs in its place. */
  readonly rehearsal?: Command;
}

export interface Authority {
  /** As the config calls it: a name, or the URL. */
  readonly name: string;
  readonly url: string;
  readonly caFile?: string;
  readonly account: AcmeAccountSettings;
  readonly profile?: string;
  readonly preferredChain?: string;
  readonly requestTimeoutMs: number;
}

export interface Fallback extends Authority {
  /** Failures in a row with the first one. */
  readonly after: number;
  /** Or when less life than this is left, and the first one has failed. */
  readonly remaining: Threshold;
}
