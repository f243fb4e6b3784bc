/**
 * YAML text → plain values, with the place of each. Loads `yaml`: import it only where a config is read.
 *
 * Numbers keep the text that they were written as where the two differ (`1.10` is a label's value, not 1.1). `!file PATH`
 * becomes a FileReference, for secrets that live in files of their own.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { InputError } from '../model/target.ts';
import { quote } from '../targets/nearest.ts';
import { SECRET_KEYS } from './secret.ts';

/** `!file PATH`: the secret stands in this file. */
export class FileReference {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

export type Plain =
  | string
  | number
  | boolean
  | null
  | FileReference
  | readonly Plain[]
  | { readonly [key: string]: Plain };
export type Path = readonly (string | number)[];

export interface YamlSource {
  readonly value: Plain;
  readonly errors: readonly InputError[];
  /** Where a value begins, or the nearest thing around it that is there: `certwatch.yaml:3:5`. */
  originOf(path: Path): string;
  /** Where the key of a map's entry begins. */
  originOfKey(path: Path): string;
}

const DEEPEST = 40;
const TOO_DEEP = 'the file is nested too deeply';
/** The first is the slip, the next few may be others, all further ones are its echo. */
const MOST_SYNTAX_ERRORS = 5;
/** Values that come out of aliases: `&a [*b, *b]` nine times over is a thousand million of them. */
const MOST_ALIASED = 10_000;

/** @param name what origins call the file. */
export function readYaml(text: string, name: string): YamlSource {
  return new Reading(text, name);
}

class Reading implements YamlSource {
  readonly errors: InputError[] = [];
  readonly value: Plain;
  readonly #name: string;
  readonly #lines = new LineCounter();
  readonly #values = new Map<string, number>();
  readonly #keys = new Map<string, number>();
  #aliased = 0;
  #inAlias = 0;
  #resolve: (alias: Node) => Node | undefined = () => undefined;

  constructor(text: string, name: string) {
    this.#name = name;
    this.value = this.#read(text);
  }

  originOf(path: Path): string {
    for (let end = path.length; end >= 0; end--) {
      const offset = this.#values.get(keyOf(path.slice(0, end)));
      if (offset !== undefined) return this.#place(offset);
    }
    return this.#name;
  }

  originOfKey(path: Path): string {
    const offset = this.#keys.get(keyOf(path));
    return offset === undefined ? this.originOf(path) : this.#place(offset);
  }

  #read(text: string): Plain {
    try {
      const document = parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: 'error',
        strict: true,
      });
      if (document.errors.some(({ message }) => sentence(message) === TOO_DEEP))
        return this.#refuse(undefined, TOO_DEEP);
      for (const { message, pos } of document.errors.slice(0, MOST_SYNTAX_ERRORS)) {
        this.#refuse(pos[0], sentence(message));
      }
      for (const { message, pos } of document.warnings) {
        const tag = /^Unresolved tag: (.*)/.exec(message)?.[1];
        if (tag === '!file') continue;
        this.#refuse(pos[0], tag ? `there is no tag ${quote(tag)}, only !file` : sentence(message));
      }
      this.#resolve = (node) => (isAlias(node) ? node.resolve(document) : undefined);
      // After a syntax error the rest of the tree is guesswork: errors about it would mislead.
      return this.errors.length === 0 && document.contents ? this.#plain(document.contents as Node, []) : null;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#refuse(undefined, TOO_DEEP);
      return null;
    }
  }

  #plain(node: Node | null, path: Path): Plain {
    if (node === null) return null;
    const offset = node.range?.[0];
    if (offset !== undefined && this.#inAlias === 0) this.#values.set(keyOf(path), offset);
    if (path.length > DEEPEST) return this.#refuse(offset, `a config is at most ${DEEPEST} levels deep`);
    if (this.#inAlias > 0 && ++this.#aliased > MOST_ALIASED) {
      return this.#aliased === MOST_ALIASED + 1
        ? this.#refuse(offset, `aliases unfold to more than ${MOST_ALIASED} values`)
        : null;
    }
    if (isAlias(node)) {
      const target = this.#resolve(node);
      if (!target) return this.#refuse(offset, `there is no anchor &${node.source} before this alias`);
      this.#inAlias++;
      const value = this.#plain(target, path);
      this.#inAlias--;
      return value;
    }
    if (node.tag === '!file') return this.#reference(node, path);
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node)) return node.items.map((item, i) => this.#plain(item as Node | null, [...path, i]));
    return isScalar(node) ? scalar(node) : null;
  }

  #map(node: YAMLMap, path: Path): Plain {
    const entries: [string, Plain][] = [];
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      if (!isScalar(key) || key.value === null) {
        this.#refuse(key.range?.[0] ?? node.range?.[0], 'expected a word as the key');
        continue;
      }
      const word = key.source ?? String(key.value);
      if (key.range && this.#inAlias === 0) this.#keys.set(keyOf([...path, word]), key.range[0]);
      entries.push([word, this.#plain(value, [...path, word])]);
    }
    return Object.fromEntries(entries);
  }

  #reference(node: Node, path: Path): Plain {
    const offset = node.range?.[0];
    if (!SECRET_KEYS.has(String(path.at(-1)))) {
      return this.#refuse(
        offset,
        `!file is for secrets (${[...SECRET_KEYS].join(', ')}), not for ${quote(pathText(path))}`,
      );
    }
    if (!isScalar(node) || typeof node.value !== 'string' || node.value === '') {
      return this.#refuse(offset, 'expected a path after !file');
    }
    return new FileReference(node.value);
  }

  #refuse(offset: number | undefined, message: string): null {
    this.errors.push({ origin: offset === undefined ? this.#name : this.#place(offset), message });
    return null;
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#name}:${line}:${col}`;
  }
}

function scalar(node: Scalar): Plain {
  const { value, source } = node;
  if (typeof value === 'number' || typeof value === 'bigint')
    return String(value) === source ? Number(value) : (source ?? String(value));
  return typeof value === 'string' || typeof value === 'boolean' || value === null ? value : String(value);
}

/** The library's words, as a sentence of ours. */
function sentence(message: string): string {
  if (message === 'Map keys must be unique') return 'this key was given before in the same map';
  if (/call stack/i.test(message)) return TOO_DEEP;
  if (/multiple documents/.test(message)) return 'a config is one YAML document: expected nothing after this "---"';
  // It may quote the file, at any length.
  const line = message
    .split('\n')[0]!
    .slice(0, 120)
    .replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, ' ')
    .trim();
  return `this is no YAML: ${line.charAt(0).toLowerCase()}${line.slice(1)}`;
}

const keyOf = (path: Path): string => JSON.stringify(path);

/** `targets[1].warning`; keys that are no plain words are quoted. */
export function pathText(path: Path): string {
  const parts = path.map((part, i) => {
    if (typeof part === 'number') return `[${part}]`;
    if (!/^[\w.-]+$/.test(part)) return `[${quote(part)}]`;
    return i === 0 ? part : `.${part}`;
  });
  return parts.join('');
}
