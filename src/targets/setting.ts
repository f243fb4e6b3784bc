/**
 * What a row of the settings table is: types only, the rows are in `settings.ts`.
 */
import type { Result } from '../model/result.ts';
import type { DialOverride, RevocationCheck, Threshold, TrustSource, UnreachableAs } from '../model/target.ts';
import type { Scheme } from './schemes.ts';

/** What each setting's text means once parsed. */
export interface SettingValues {
  warning: Threshold;
  critical: Threshold;
  /** Milliseconds. */
  grace: number;
  /** Milliseconds. */
  timeout: number;
  retries: number;
  confirm: number;
  'all-addresses': boolean;
  family: 0 | 4 | 6;
  trust: TrustSource;
  'ca-file': readonly string[];
  revocation: RevocationCheck;
  unreachable: UnreachableAs;
  'connect-to': DialOverride;
  servername: string;
  starttls: Scheme;
  'expect-issuer': string;
  /** Lower-case hex. */
  'expect-fingerprint': readonly string[];
  /** Lower-case hex. */
  'expect-key': readonly string[];
  'expect-file': string;
  'password-file': string;
  label: Readonly<Record<string, string>>;
  name: string;
  port: number;
}

export type SettingKey = keyof SettingValues;

/** What one layer (a line, a config entry, the command line, the config's defaults) says; absent: nothing. */
export type SettingPatch = { [K in SettingKey]?: SettingValues[K] };

/** Where a setting may be given: the command line, a list line, a target of the config, `defaults:` of the config. */
export type Place = 'flag' | 'line' | 'entry' | 'defaults';

/** The shape of a value, for the JSON Schema and for YAML's own numbers and booleans. */
export type Shape =
  | { readonly kind: 'text'; readonly examples: readonly string[] }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'switch' };

export interface Setting<K extends SettingKey = SettingKey> {
  readonly key: K;
  /** For commander: `-w, --warning <spec>`; `-4`/`-6` of `family` have their own doc lines. Absent: no flag. */
  readonly flags?: readonly { readonly spec: string; readonly doc?: string; readonly implies?: string }[];
  /** Key in the config where it is not `key`. */
  readonly configKey?: string;
  /** One sentence, with the default where there is one. */
  readonly doc: string;
  readonly places: readonly Place[];
  readonly shape: Shape;
  /** Given more than once in one layer: how values add up. Absent: given twice is an error. */
  readonly combine?: (a: SettingValues[K], b: SettingValues[K]) => SettingValues[K];
  /** Makes no sense for `file:` targets, and is refused in their lines. */
  readonly endpointOnly?: true;
  /** The error says what was found and what is expected, without the key. */
  readonly parse: (text: string) => Result<SettingValues[K], string>;
  /** Texts that `parse` reads back as the same value; several where it is repeatable. */
  readonly format: (value: SettingValues[K]) => readonly string[];
}
