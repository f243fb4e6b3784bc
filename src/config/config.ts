/**
 * A config that was read: what the rest of certwatch works with. Types, and what is made of them without loading a
 * parser.
 */
import { err, type Result } from '../model/result.ts';
import type { InputError, Target, TargetSettings } from '../model/target.ts';
import type { ListLine } from '../targets/list-line.ts';
import { type EndpointDefaults, makeTarget } from '../targets/parse-target.ts';
import type { AcmeConfig } from './acme-schema.ts';
import type { CertificateConfig } from './certificate-schema.ts';
import type { SettingsLayer } from './resolve-run.ts';
import type { YamlSource } from './yaml-source.ts';

export interface Config {
  /** What messages call it: the path as given. */
  readonly name: string;
  /** Relative paths in it are relative to this one; those in `lists` and `layer` are placed already, in `acme` and `certificates` absolute. */
  readonly folder: string;
  readonly layer: SettingsLayer;
  readonly targets: readonly ConfigTarget[];
  /** Entries of `targets:` that are none, as bad lines of a list: the others are watched, and the run is UNKNOWN at best. */
  readonly targetErrors: readonly InputError[];
  readonly lists: readonly string[];
  readonly acme: AcmeConfig | undefined;
  readonly certificates: readonly CertificateConfig[];
  /** Entries of `certificates:` that are none; the others are renewed. */
  readonly brokenCertificates: readonly BrokenCertificate[];
  /** What is wrong in these and in `acme:`, each error once. */
  readonly certificateErrors: readonly InputError[];
  /** Sentences about what works but should be bettered: a secret that others may read. */
  readonly hints: readonly InputError[];
  /** The file's own values and their places. */
  readonly source: YamlSource;
}

export interface BrokenCertificate {
  /** As the entry says, or `certificates[3]`. */
  readonly name: string;
  /** In the file's list, from 0. */
  readonly place: number;
  readonly errors: readonly InputError[];
}

/** Where each of `certificates` stands in the file's list, from 0. */
export function certificatePlaces({
  certificates,
  brokenCertificates,
}: Pick<Config, 'certificates' | 'brokenCertificates'>): readonly number[] {
  const broken = new Set(brokenCertificates.map(({ place }) => place));
  const all = [...Array(certificates.length + broken.size).keys()];
  return all.filter((place) => !broken.has(place));
}

export interface ConfigTarget {
  readonly line: ListLine;
  /** `certwatch.yaml:7:5` */
  readonly origin: string;
}

/** The targets of the config's `targets:`, in order, under the settings that flags and config gave; errors come first, those
 * of certificates too: a check is where somebody sees them. */
export function configTargets(
  { targets, targetErrors, certificateErrors, folder }: Config,
  { defaults, endpoint }: { readonly defaults: TargetSettings; readonly endpoint: EndpointDefaults },
): Result<Target, InputError>[] {
  const made = targets.map(({ line, origin }) => {
    const target = makeTarget(line, { origin, defaults, endpoint, folder });
    if (!target.ok) throw new Error(`${origin} was checked, and is refused now: ${target.error}`);
    return target;
  });
  return [...[...targetErrors, ...certificateErrors].map(err), ...made];
}
