/**
 * From a line, an argument or a config entry to a Target, and back to a line.
 */
import { isAbsolute, join } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import type { EndpointTarget, FileTarget, Target, TargetSettings } from '../model/target.ts';
import { withoutZone } from './host.ts';
import { type ListLine, parseLine, quoteWord } from './list-line.ts';
import { formatDifferences, resolveSettings, settingOf } from './resolve-settings.ts';
import { DEFAULT_SCHEME, type Scheme, schemeWithAlpn } from './schemes.ts';
import type { SettingKey, SettingPatch } from './setting.ts';
import { formatDial } from './setting-values.ts';
import { parseTargetWord, type TargetWord, type WordOptions } from './target-grammar.ts';

export interface TargetOptions extends WordOptions {
  /** Where the text came from: `command line`, `hosts.txt:12`, `certwatch.yaml:7:5`. */
  readonly origin: string;
  readonly defaults: TargetSettings;
  /** Defaults that make the target itself (`--servername`, `--starttls`); a scheme in the word beats `starttls`. */
  readonly endpoint?: EndpointDefaults;
  /** Relative paths are relative to this folder (the list's or the config's own); absent: left as they are. */
  readonly folder?: string;
}

export type EndpointDefaults = Pick<SettingPatch, 'servername' | 'starttls' | 'port'>;

/**
 * Reads a target with or without options: `example.org`, `mail.example.org:25 starttls=smtp warning=21d`.
 * @returns the target; the error is a sentence without the origin.
 */
export function parseTarget(text: string, options: TargetOptions): Result<Target, string> {
  const line = parseLine(text);
  if (!line.ok) return isPathWithBlanks(text) ? makeTarget({ word: text, text, patch: {} }, options) : line;
  if (line.value === undefined) return err('expected a target such as example.org, got nothing');
  return makeTarget(line.value, options);
}

/** `file:my site.pem` as one argument of a shell, which has taken the quotes: nothing in it looks like an option. */
const isPathWithBlanks = (text: string): boolean => /^file:/i.test(text) && !/\s[\w-]+=/.test(text);

/** A line that is taken apart already, or a config entry, as a target. */
export function makeTarget({ word, text, patch }: ListLine, options: TargetOptions): Result<Target, string> {
  const parsed = parseTargetWord(word, options);
  if (!parsed.ok) return parsed;
  const place = placeIn(options.folder);
  const settings = resolveSettings(placeFiles(patch, place), options.defaults);
  const base = { input: text, origin: options.origin, settings };
  const named =
    patch.name === undefined
      ? { name: defaultName(parsed.value, patch.port) }
      : { name: patch.name, named: true as const };
  if (parsed.value.kind === 'file') {
    const useless = (Object.keys(patch) as SettingKey[]).find((key) => settingOf(key).endpointOnly);
    if (useless !== undefined) return err(`${useless} makes no sense for a file`);
    const path = place(parsed.value.path);
    const servername = patch.servername ?? options.endpoint?.servername;
    return ok({
      kind: 'file',
      ...base,
      ...named,
      path,
      ...(servername !== undefined && { servername }),
    });
  }
  const route = chooseRoute(parsed.value, patch, options.endpoint);
  if (!route.ok) return route;
  const servername = patch.servername ?? options.endpoint?.servername ?? withoutZone(parsed.value.host);
  return ok({ kind: 'endpoint', ...base, ...named, host: parsed.value.host, ...route.value, servername });
}

type Route = Pick<EndpointTarget, 'port' | 'protocol' | 'alpn'>;

function chooseRoute(
  word: TargetWord & { kind: 'endpoint' },
  patch: SettingPatch,
  defaults: EndpointDefaults | undefined,
): Result<Route, string> {
  const { starttls } = patch;
  if (starttls && word.scheme && word.scheme.protocol !== starttls.protocol) {
    return err(`starttls=${starttls.name} contradicts ${word.scheme.name}://`);
  }
  if (word.port !== undefined && patch.port !== undefined && word.port !== patch.port) {
    return err(`two ports are given: ${word.port} behind the host and port=${patch.port}`);
  }
  const scheme: Scheme = word.scheme ?? starttls ?? defaults?.starttls ?? DEFAULT_SCHEME;
  const port = word.port ?? patch.port ?? defaults?.port ?? scheme.port;
  return ok({ port, protocol: scheme.protocol, ...(scheme.alpn && { alpn: scheme.alpn }) });
}

const LONGEST_NAME = 300;

/** As written. A port that an option gives goes with it: entries of one host are told apart by it. */
function defaultName(word: TargetWord, port: number | undefined): string {
  let { shown } = word;
  if (word.kind === 'endpoint' && word.port === undefined && port !== undefined) {
    const bareIpv6 = word.scheme === undefined && shown.includes(':') && !shown.startsWith('[');
    shown = bareIpv6 ? `[${shown}]:${port}` : `${shown}:${port}`;
  }
  return shown.length > LONGEST_NAME ? `${shown.slice(0, LONGEST_NAME)}…` : shown;
}

/** The patch with its relative paths put in their place. */
export function placeFiles(patch: SettingPatch, place: (path: string) => string): SettingPatch {
  const { 'ca-file': caFiles, 'expect-file': expectFile, 'password-file': passwordFile } = patch;
  if (caFiles === undefined && expectFile === undefined && passwordFile === undefined) return patch;
  return {
    ...patch,
    ...(caFiles && { 'ca-file': caFiles.map(place) }),
    ...(expectFile !== undefined && { 'expect-file': place(expectFile) }),
    ...(passwordFile !== undefined && { 'password-file': place(passwordFile) }),
  };
}

/** A relative path in a file is relative to the folder of that file. */
export function placeIn(folder: string | undefined): (path: string) => string {
  return (path) => (folder === undefined || isAbsolute(path) ? path : join(folder, path));
}

/**
 * A line that `parseTarget` reads back as the same target, given the same defaults: for an endpoint, all but the
 * spelling of its input and a name made from it.
 */
export function formatTarget(target: Target, defaults: TargetSettings): string {
  const options: string[] = [];
  if (target.named) options.push(`name=${target.name}`);
  if (
    target.servername !== undefined &&
    !(target.kind === 'endpoint' && target.servername === withoutZone(target.host))
  ) {
    options.push(`servername=${target.servername}`);
  }
  options.push(...formatDifferences(target.settings, defaults));
  return [formatWord(target), ...options].map(quoteWord).join(' ');
}

/** The word of a target, without its options. */
export function formatWord(target: Target): string {
  return target.kind === 'file' ? formatFile(target) : formatEndpoint(target);
}

function formatFile({ path }: FileTarget): string {
  // `file://…` reads as a URL, so a path that begins with two slashes has to be written as one.
  return path.startsWith('//') ? `file://${path.replaceAll('%', '%25')}` : `file:${path}`;
}

function formatEndpoint({ host, port, protocol, alpn }: EndpointTarget): string {
  const authority = formatDial({ host, port });
  if (protocol !== 'tls') return `${protocol}://${authority}`;
  const scheme = alpn && schemeWithAlpn(alpn);
  // A host may be called `file`, but `file:443` is a path.
  if (!scheme && host === 'file') return `tls://${authority}`;
  return scheme ? `${scheme}://${authority}` : authority;
}
