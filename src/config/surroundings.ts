/**
 * What a config that is right by itself is wrong about: files, folders and programs that are not there, and what a renewal
 * would refuse. For `config check` only: a run meets these things one by one, and each under its own deadline.
 */
import { isAbsolute } from 'node:path';
import { type LookUp, lookUp, type Seen } from '../files/look-up.ts';
import type { InputError } from '../model/target.ts';
import { quote } from '../targets/nearest.ts';
import { placeFiles, placeIn } from '../targets/parse-target.ts';
import type { SettingPatch } from '../targets/setting.ts';
import type { AcmeConfig } from './acme-schema.ts';
import type { CertificateConfig } from './certificate-schema.ts';
import { type Config, certificatePlaces } from './config.ts';
import type { Command } from './schema-values.ts';
import { type Path, pathText } from './yaml-source.ts';

const LOOK_UP_MS = 5_000;

interface Named extends LookUp {
  readonly origin: string;
  /** What it is to be: `the list`, `the folder`. */
  readonly noun: string;
  /** Of the setting, for people. */
  readonly at: string;
}

/** What the config names and is not there, or is something else. */
export async function missingFiles(config: Config): Promise<InputError[]> {
  const named = filesOf(config);
  const seen = await lookUp(named, LOOK_UP_MS);
  return named.flatMap((each, i) => errorOf(each, seen[i]!));
}

function errorOf({ origin, at, noun, path }: Named, seen: Seen): InputError[] {
  const said = SAID[seen];
  return said === undefined ? [] : [{ origin, message: `${at}: ${noun} ${quote(path)} ${said}` }];
}

const SAID: Readonly<Record<Seen, string | undefined>> = {
  right: undefined,
  absent: 'is not there',
  'of-another-kind': 'is something else',
  'not-executable': 'may not be run (chmod +x)',
  'no-answer': `did not answer within ${LOOK_UP_MS / 1_000} s: a dead network disk?`,
};

/** What no run of `renew` would take. */
export function refusedByRenew(config: Config): InputError[] {
  const { certificates, source, layer } = config;
  const errors: InputError[] = [];
  if (certificates.length > 0 && layer.run.state === undefined) {
    const message = 'certificates need state, a folder: a renewal keeps its lock, journal and accounts there';
    errors.push({ origin: source.originOfKey(['certificates']), message });
  }
  const places = certificatePlaces(config);
  certificates.forEach(({ domains = [], verify }, i) => {
    if (verify || domains.some((domain) => !domain.startsWith('*.'))) return;
    const path: Path = ['certificates', places[i]!];
    const message = `${pathText(path)}: expected verify: a wildcard is no place to see that the certificate is served`;
    errors.push({ origin: source.originOf(path), message });
  });
  return errors;
}

function filesOf(config: Config): Named[] {
  const { source, lists, layer, targets, folder, acme, certificates } = config;
  const places = certificatePlaces(config);
  const at = (path: Path) => ({ origin: source.originOf(path), at: pathText(path) });
  const place = placeIn(folder);
  const inPatch = (patch: SettingPatch, origin: string, where: string): Named[] =>
    filesOfPatch(patch).map((each) => ({ ...each, origin, at: `${where}${each.at}` }));
  return [
    ...filesOfPatch(layer.defaults).map((each) => ({ ...each, ...at(['defaults', each.at]) })),
    ...targets.flatMap(({ line, origin }) => inPatch(placeFiles(line.patch, place), origin, `${line.word}: `)),
    ...lists.map((path, i): Named => ({ kind: 'file', path, noun: 'the list', ...at(['lists', i]) })),
    ...filesOfAcme(acme, ['acme'], at),
    ...certificates.flatMap((entry, i) => {
      const path: Path = ['certificates', places[i]!];
      const served = (entry.verify ?? []).flatMap(({ word, patch }) =>
        inPatch(placeFiles(patch, place), source.originOf([...path, 'verify']), `${word}: `),
      );
      return [...filesOfCertificate(entry, path, at), ...served];
    }),
  ];
}

type Unplaced = Omit<Named, 'origin'>;

/** `expect-file` is not among them: it may be for a certificate that is still to come. */
function filesOfPatch({ 'ca-file': caFiles = [], 'password-file': password }: SettingPatch): Unplaced[] {
  return [
    ...caFiles.map((path): Unplaced => ({ kind: 'file', path, noun: 'the file', at: 'ca-file' })),
    ...(password === undefined
      ? []
      : [{ kind: 'file', path: password, noun: 'the file', at: 'password-file' } as const]),
  ];
}

type At = (path: Path) => Pick<Named, 'origin' | 'at'>;
type Authority = Pick<AcmeConfig, 'ca-file' | 'account'>;

function filesOfAcme(acme: AcmeConfig | undefined, path: Path, at: At): Named[] {
  const own = (authority: Authority | undefined, here: Path): Named[] =>
    [
      { file: authority?.['ca-file'], where: [...here, 'ca-file'] },
      { file: authority?.account?.key, where: [...here, 'account', 'key'] },
    ].flatMap(({ file, where }) =>
      file === undefined ? [] : [{ kind: 'file', path: file, noun: 'the file', ...at(where) }],
    );
  return [
    ...own(acme, path),
    ...own(acme?.staging, [...path, 'staging']),
    ...own(acme?.fallback, [...path, 'fallback']),
  ];
}

const COMMANDS = ['command', 'rehearse-command', 'pre-hook', 'deploy-hook', 'reload'] as const;

function filesOfCertificate(entry: CertificateConfig, path: Path, at: At): Named[] {
  const { challenge, acme } = entry;
  const http = [...path, 'challenge', 'http-01'];
  const dns = [...path, 'challenge', 'dns-01'];
  const webroot = challenge?.['http-01']?.webroot;
  const { present, cleanup, rfc2136 } = challenge?.['dns-01'] ?? {};
  const tsig = rfc2136?.['key-file'];
  const commands: (readonly [Command | undefined, Path])[] = [
    ...COMMANDS.map((key) => [entry[key], [...path, key]] as const),
    [present, [...dns, 'present']],
    [cleanup, [...dns, 'cleanup']],
  ];
  return [
    ...filesOfAcme(acme, [...path, 'acme'], at),
    ...(webroot === undefined
      ? []
      : [{ kind: 'folder', path: webroot, noun: 'the folder', ...at([...http, 'webroot']) } as const]),
    ...(tsig === undefined
      ? []
      : [{ kind: 'file', path: tsig, noun: 'the file', ...at([...dns, 'rfc2136', 'key-file']) } as const]),
    ...commands.flatMap(([command, where]) => programOf(command).map((each): Named => ({ ...each, ...at(where) }))),
  ];
}

/** What a shell is told, and what is looked for in PATH, is not looked into. */
function programOf(command: Command | undefined): Omit<Named, 'origin' | 'at'>[] {
  const [path = ''] = command?.words ?? [];
  if (!command || command.shell || !isAbsolute(path)) return [];
  return [{ kind: 'program', path, noun: 'the program' }];
}
