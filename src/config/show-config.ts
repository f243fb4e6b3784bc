/**
 * `config show`: every effective value and where it came from, as YAML that is a config itself (secrets aside). Loads
 * `yaml`.
 */
import { Document, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import { settingOf } from '../targets/resolve-settings.ts';
import { isSettingKey } from '../targets/settings.ts';
import { type Config, certificatePlaces } from './config.ts';
import { ACME_DEFAULTS, CERTIFICATE_DEFAULTS, OWN_CERTIFICATE_DEFAULTS } from './renewal-defaults.ts';
import { type EffectiveSetting, resolveRun, type SettingsLayer } from './resolve-run.ts';
import { isRunKey, runSettingOf } from './run-settings.ts';
import { HIDDEN, SECRET_KEYS } from './secret.ts';
import { FileReference, type Path, type Plain } from './yaml-source.ts';

type Origins = Map<string, string>;
type Tree = { [key: string]: unknown };

/**
 * @param flags what the command line says, where it says anything.
 * @returns text with a newline at its end.
 */
export function showConfig({ config, flags }: { config?: Config | undefined; flags?: SettingsLayer }): string {
  const origins: Origins = new Map();
  const tree: Tree = { defaults: {} };
  const { effective } = resolveRun({ config: config?.layer, ...(flags && { flags }) });
  for (const setting of effective) addSetting(tree, origins, setting);
  if (config) addSections(tree, origins, config);
  const document = new Document(tree, { aliasDuplicateObjects: false });
  document.commentBefore = config
    ? ` effective settings, from ${config.name}`
    : ' effective settings; there is no config file';
  comment(document.contents as Node, [], origins);
  const errors = config ? [...config.targetErrors, ...config.certificateErrors] : [];
  if (errors.length > 0) {
    const lines = errors.map(({ origin, message }) => ` ${origin}: ${message}`);
    document.comment = ` not understood:\n${lines.join('\n')}`;
  }
  return document.toString({ lineWidth: 0 });
}

function addSetting(tree: Tree, origins: Origins, { scope, key, texts, origin }: EffectiveSetting): void {
  const row = isSettingKey(key) ? settingOf(key) : isRunKey(key) ? runSettingOf(key) : undefined;
  const name = (row && 'configKey' in row ? row.configKey : undefined) ?? key;
  const values = texts.map((text) => {
    if (row?.shape.kind === 'switch') return text === 'yes';
    return row?.shape.kind === 'integer' ? Number(text) : text;
  });
  const home = scope === 'defaults' ? (tree.defaults as Tree) : tree;
  const path = scope === 'defaults' ? ['defaults', name] : [name];
  if (key === 'label') home[name] = Object.fromEntries(texts.map((text) => text.split(/=(.*)/s).slice(0, 2)));
  else home[name] = row?.combine ? values : values[0];
  origins.set(JSON.stringify(path), origin);
}

function addSections(tree: Tree, origins: Origins, config: Config): void {
  const { targets, source, acme, certificates } = config;
  if (targets.length > 0) {
    tree.targets = targets.map(({ line }) => line.text);
    for (const [i, { origin }] of targets.entries()) origins.set(JSON.stringify(['targets', i]), origin);
  }
  const given = source.value as { readonly [key: string]: Plain } | null;
  const copy = (value: Plain, path: Path, originOf = (at: Path) => source.originOf(at)): unknown =>
    copyOf(value, path, { origins, originOf });
  if (given?.lists !== undefined) tree.lists = copy(given.lists, ['lists']);
  if (acme ?? certificates.length > 0) {
    tree.acme = withDefaults(copy((acme && given?.acme) ?? {}, ['acme']), ACME_DEFAULTS, ['acme'], origins);
  }
  if (certificates.length > 0) {
    const entries = given?.certificates as readonly Plain[];
    const places = certificatePlaces(config);
    tree.certificates = certificates.map((certificate, i) => {
      const place = places[i]!;
      const path: Path = ['certificates', i];
      const defaults = { ...(certificate.command ? {} : OWN_CERTIFICATE_DEFAULTS), ...CERTIFICATE_DEFAULTS };
      const originOf = ([, , ...inside]: Path) => source.originOf(['certificates', place, ...inside]);
      return withDefaults(copy(entries[place]!, path, originOf), defaults, path, origins);
    });
  }
}

function withDefaults(value: unknown, defaults: Tree, path: Path, origins: Origins): unknown {
  const given = value as Tree;
  for (const key of Object.keys(defaults)) {
    if (given[key] === undefined) origins.set(JSON.stringify([...path, key]), 'default');
  }
  return { ...given, ...Object.fromEntries(Object.entries(defaults).filter(([key]) => given[key] === undefined)) };
}

interface CopyContext {
  readonly origins: Origins;
  readonly originOf: (path: Path) => string;
}

/** The file's own value, secrets hidden. The environment of commands is where people keep more of them. */
function copyOf(value: Plain, path: Path, context: CopyContext): unknown {
  const secret = SECRET_KEYS.has(String(path.at(-1))) || path.at(-2) === 'environment';
  if (typeof value !== 'object' || value === null || value instanceof FileReference) {
    context.origins.set(JSON.stringify(path), context.originOf(path));
    return secret ? HIDDEN : value;
  }
  if (Array.isArray(value)) return value.map((item, i) => copyOf(item, [...path, i], context));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner, [...path, key], context)]));
}

/** Puts each origin behind its value; a list or a map of one origin says it behind its first value. */
function comment(node: Node, path: Path, origins: Origins): void {
  const origin = origins.get(JSON.stringify(path));
  if (origin !== undefined) {
    const scalar = firstScalar(node);
    if (scalar) scalar.comment = ` ${origin}`;
  }
  if (isMap(node)) {
    for (const pair of node.items as Pair<Scalar, Node>[])
      if (pair.value) comment(pair.value, [...path, String(pair.key.value)], origins);
  } else if (isSeq(node)) {
    for (const [i, item] of (node.items as Node[]).entries()) comment(item, [...path, i], origins);
  }
}

function firstScalar(node: Node): Scalar | undefined {
  if (isScalar(node)) return node;
  const first = isMap(node)
    ? (node.items[0]?.value as Node | undefined)
    : isSeq(node)
      ? (node.items[0] as Node | undefined)
      : undefined;
  return first && firstScalar(first);
}
